"""Signed tags: what proves that somebody stands in a room, and what does not."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from overdoor import sun
from overdoor.core.events import Fact
from overdoor.core.inputs import Tapped
from overdoor.core.model import Evidence, State
from overdoor.room import app as room_app
from overdoor.tags import FILE, SetUp, Tags, TagsError

from .api import Client, serving
from .house import House
from .shop import SECOND, Floor

ZERO = bytes(16)
UID = "04DE5F1EACC040"
ORIGIN = "https://shop.lan"

# -- NXP's own examples, AN12196 -----------------------------------------------------------------


def test_the_examples_of_an12196_tables_2_and_4() -> None:
    picc = sun.decrypt(ZERO, bytes.fromhex("EF963FF7828658A599F3041510671E88"))
    assert picc == sun.Picc(bytes.fromhex("04DE5F1EACC040"), 0x3D)
    assert sun.sign(ZERO, picc).hex() == "94eed9ee65337086"
    assert sun.is_signed(ZERO, picc, bytes.fromhex("94EED9EE65337086"))


def test_the_session_key_of_an12196_table_4() -> None:
    vector = bytes.fromhex("3CC30001008004DE5F1EACC0403D0000")
    assert sun._cmac(ZERO, vector).hex() == "3fb5f6e3a807a03d5e3570ace393776f"


def test_the_settings_of_an12196_table_18(tmp_path: Path) -> None:
    made = Tags(tmp_path, "https://choose.url.com").add(UID, "w1")
    # The example's path is longer by six letters, /ntag424 for /t, and so are its offsets.
    offsets = [bytes.fromhex(made.settings)[at] + 6 for at in (6, 9, 12)]
    assert offsets == [bytes.fromhex("4000E0C1F121200000430000430000")[at] for at in (6, 9, 12)]
    assert made.settings[:12] == "4000E0C1F121"


def test_the_offsets_point_at_what_the_tag_writes_over(tmp_path: Path) -> None:
    for origin in ("https://shop.lan", "http://10.0.0.7:8080"):
        made = Tags(tmp_path, origin).add(UID, "w1")
        file, settings = bytes.fromhex(made.ndef), bytes.fromhex(made.settings)
        encrypted, signed = (int.from_bytes(settings[at : at + 3], "little") for at in (6, 12))
        assert file[encrypted - 2 : encrypted + 32] == b"e=" + b"0" * 32
        assert file[signed - 2 :] == b"c=" + b"0" * 16
        assert int.from_bytes(file[:2], "big") == len(file) - 2


# -- a tag in software ---------------------------------------------------------------------------


@dataclass
class SoftTag:
    """Does what the chip does, with the keys that were put into it."""

    made: SetUp
    counter: int = 0

    def read(self) -> dict[str, str]:
        """Held to a phone: the two values in the address."""
        self.counter += 1
        uid = bytes.fromhex(self.made.tag.uid)
        picc = sun.Picc(uid, self.counter)
        plain = bytes([0xC7]) + uid + self.counter.to_bytes(3, "little") + b"noise"
        encryptor = Cipher(AES(bytes.fromhex(self.made.meta_key)), CBC(ZERO)).encryptor()
        encrypted = encryptor.update(plain) + encryptor.finalize()
        signed = sun.sign(bytes.fromhex(self.made.file_key), picc)
        return {"e": encrypted.hex().upper(), "c": signed.hex().upper()}


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=8, max_size=8))
def test_what_is_made_up_is_no_tap(
    tmp_path_factory: pytest.TempPathFactory, encrypted: bytes, signed: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp() / "made-up"
    tags = Tags(folder, ORIGIN)
    if not tags.all():
        tags.add(UID, "w1")
    assert tags.read(encrypted.hex(), signed.hex()) is None


@given(st.integers(0, 191))
def test_one_wrong_bit_is_no_tap(tmp_path_factory: pytest.TempPathFactory, bit: int) -> None:
    folder = tmp_path_factory.getbasetemp() / "one-bit"
    tags = Tags(folder, ORIGIN)
    said = SoftTag(tags.set_up(UID.lower()) if tags.all() else tags.add(UID, "w1")).read()
    assert tags.read(said["e"], said["c"]) is not None
    both = bytearray.fromhex(said["e"] + said["c"])
    both[bit // 8] ^= 1 << bit % 8
    assert tags.read(both[:16].hex(), both[16:].hex()) is None


@pytest.mark.parametrize(
    ("e", "c"), [("", ""), ("zz", "00"), ("00" * 15, "00" * 8), ("\ud800", "")]
)
def test_nonsense_is_no_tap(tmp_path: Path, e: str, c: str) -> None:
    tags = Tags(tmp_path, ORIGIN)
    assert tags.read(e, c) is None
    tags.add(UID, "w1")
    assert tags.read(e, c) is None


def test_a_tag_that_is_set_up_anew_or_removed_signs_no_more(tmp_path: Path) -> None:
    tags = Tags(tmp_path, ORIGIN)
    old = SoftTag(tags.add(UID, "w1"))
    new = SoftTag(Tags(tmp_path, ORIGIN).add(UID, "w2"))  # another process than the one that serves
    assert tags.read(**_args(old.read())) is None
    found = tags.read(**_args(new.read()))
    assert found is not None
    assert (found[0].room, found[1]) == ("w2", 1)
    assert old.made.tag.id != new.made.tag.id  # its counter began anew
    tags.remove(UID)
    assert tags.read(**_args(new.read())) is None
    assert tags.all() == []
    assert tags.add(UID, "w1").file_key != old.made.file_key


def test_every_tag_has_its_own_keys_but_the_one_that_hides_numbers(tmp_path: Path) -> None:
    tags = Tags(tmp_path, ORIGIN)
    one, other = tags.add(UID, "w1"), tags.add("04 A1:B2-C3D4E5F6", "w2")
    assert one.meta_key == other.meta_key
    own = {one.file_key, one.master_key, other.file_key, other.master_key, one.meta_key}
    assert len(own) == 5
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def _args(said: dict[str, str]) -> dict[str, str]:
    return {"encrypted": said["e"], "signature": said["c"]}


@pytest.mark.parametrize("text", ["", "[]", '{"secret": "ab", "tags": {}}'])
def test_a_damaged_file_is_said_and_never_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(TagsError, match="damaged"):
        Tags(tmp_path, ORIGIN).add(UID, "w1")
    assert (tmp_path / FILE).read_text() == text


@pytest.mark.parametrize("uid", ["", "04", "04DE5F1EACC04G"])
def test_a_wrong_number_is_said(tmp_path: Path, uid: str) -> None:
    with pytest.raises(TagsError, match="14 hex digits"):
        Tags(tmp_path, ORIGIN).add(uid, "w1")


# -- in the core ---------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from(["one", "other"]), st.integers(0, 5)), max_size=20))
def test_only_a_counter_above_all_before_is_an_arrival(taps: list[tuple[str, int]]) -> None:
    highest: dict[str, int] = {}
    for tag, counter in taps:
        floor = Floor()
        floor.sign_on("ana")
        for before, count in highest.items():
            floor.do(Tapped(before, count, "w1"))
        floor.press()
        floor.do(Tapped(tag, counter, "w1", "ana"))
        call, rises = floor.call(), counter > highest.get(tag, -1)
        assert call is not None
        assert (call.state is State.ARRIVED) is rises
        assert (call.evidence is Evidence.B) is rises
        said = floor.events[0]
        assert said.fact is (Fact.TAPPED if rises else Fact.TAP_REFUSED)
        assert said.data["counter"] == counter
        highest[tag] = max(counter, highest.get(tag, -1))
        assert floor.replayed().tags == {**highest}


# -- at the door ---------------------------------------------------------------------------------


@pytest.fixture
def tag(house: House) -> SoftTag:
    return SoftTag(Tags(house.folder, ORIGIN).add(UID, "w1"))


async def say(shop: Client, said: dict[str, str], token: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return await shop.http.post("/t", data=said, headers=headers)


async def story(shop: Client, call: str) -> list[str]:
    events = (await shop.get(call)).json()["events"]
    return [event["type"] for event in events]


async def test_a_tap_is_an_arrival_with_evidence_b(shop: Client, tag: SoftTag) -> None:
    ana, call = await shop.sign_on("Ana"), await shop.raised()
    answer = await say(shop, tag.read(), ana)
    assert (answer.status_code, answer.headers["location"]) == (303, "/handheld")
    said = (await shop.get(call)).json()
    assert (said["state"], said["evidence"], said["who"]) == ("arrived", "B", "Ana")
    assert (await story(shop, call))[-2:] == ["tapped", "arrived"]


async def test_opening_the_address_of_a_tap_changes_nothing(shop: Client, tag: SoftTag) -> None:
    ana, call, said = await shop.sign_on("Ana"), await shop.raised(), tag.read()
    for _ in range(2):
        page = await shop.http.get("/t", params=said, headers={"Authorization": f"Bearer {ana}"})
        assert page.status_code == 200
        assert "You are in Women 1" in page.text
    assert (await shop.get(call)).json()["state"] == "raised"
    assert (await say(shop, said, ana)).status_code == 303


async def test_a_tap_that_comes_again_is_refused_and_on_record(shop: Client, tag: SoftTag) -> None:
    ana, said = await shop.sign_on("Ana"), tag.read()
    first = await shop.raised()
    await say(shop, said, ana)
    await shop.post(f"{first}/close", ana)
    second = await shop.raised()
    for _ in range(3):
        answer = await say(shop, said, ana)
        assert answer.status_code == 409
        assert "This tap was used before" in answer.text
    assert (await shop.get(second)).json()["state"] == "raised"
    assert (await story(shop, second)).count("tap_refused") == 1  # one a minute says it all
    page = await shop.http.get(second)
    assert "A tap that was used before came again" in page.text


async def test_an_older_tap_that_was_kept_is_refused(shop: Client, tag: SoftTag) -> None:
    ana, kept = await shop.sign_on("Ana"), tag.read()
    await shop.raised()
    await say(shop, tag.read(), ana)
    assert (await say(shop, kept, ana)).status_code == 409


async def test_counters_outlive_a_restart(house: House, tag: SoftTag) -> None:
    said = tag.read()
    async with serving(house) as shop:
        ana = await shop.sign_on("Ana")
        await say(shop, said, ana)
    async with serving(house) as shop:
        ana = await shop.sign_on("Ana")
        await shop.raised()
        assert (await say(shop, said, ana)).status_code == 409


@pytest.fixture
async def phone(shop: Client) -> AsyncIterator[httpx.AsyncClient]:
    """A browser with a jar of its own."""
    transport = httpx.ASGITransport(app=shop.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        yield http


async def test_who_is_not_signed_on_has_a_minute(
    shop: Client, tag: SoftTag, phone: httpx.AsyncClient, house: House
) -> None:
    call = await shop.raised()
    house.clock.now += 20 * SECOND
    answer = await phone.post("/t", data=tag.read())
    assert "Sign on within a minute" in answer.text
    house.clock.now += 50 * SECOND
    await phone.post("/handheld/sign-on", data={"name": "Ana", "zone": "women"})
    await phone.get("/handheld")
    said = (await shop.get(call)).json()
    assert (said["state"], said["evidence"], said["who"]) == ("arrived", "B", "Ana")
    took = shop.engine.committed.calls["w1"]
    assert took.arrived_at == took.raised_at + 20 * SECOND  # when they tapped


async def test_after_a_minute_the_tap_is_gone(
    shop: Client, tag: SoftTag, phone: httpx.AsyncClient, house: House
) -> None:
    call = await shop.raised()
    await phone.post("/t", data=tag.read())
    house.clock.now += 61 * SECOND
    await phone.post("/handheld/sign-on", data={"name": "Ana", "zone": "women"})
    await phone.get("/handheld")
    assert (await shop.get(call)).json()["state"] == "raised"


async def test_a_tap_that_waits_is_only_the_browsers_that_made_it(
    shop: Client, tag: SoftTag, phone: httpx.AsyncClient
) -> None:
    call = await shop.raised()
    said = tag.read()
    await phone.post("/t", data=said)
    bob = await shop.sign_on("Bob")
    await shop.http.get("/handheld", headers={"Authorization": f"Bearer {bob}"})
    assert (await say(shop, said, bob)).status_code == 409
    assert (await shop.get(call)).json()["state"] == "raised"


async def test_a_tap_without_a_call_says_so(shop: Client, tag: SoftTag) -> None:
    ana = await shop.sign_on("Ana")
    answer = await say(shop, tag.read(), ana)
    assert answer.status_code == 409
    assert "Nobody calls from <b>Women 1</b> just now." in answer.text


async def test_a_forged_tap_is_no_tap(shop: Client, tag: SoftTag) -> None:
    ana, call = await shop.sign_on("Ana"), await shop.raised()
    assert (await say(shop, tag.read() | {"c": "0" * 16}, ana)).status_code == 404
    assert await story(shop, call) == ["raised", "paged"]


# -- the card of the room ------------------------------------------------------------------------


async def test_staff_who_scan_the_card_arrive_with_evidence_c(shop: Client) -> None:
    ana, call = await shop.sign_on("Ana"), await shop.raised()
    path = f"/s/{shop.app.state.cards.token('w1')}/here"
    assert "You are in Women 1" in (await shop.http.get(path)).text
    answer = await shop.http.post(path, headers={"Authorization": f"Bearer {ana}"})
    assert answer.status_code == 303
    said = (await shop.get(call)).json()
    assert (said["state"], said["evidence"]) == ("arrived", "C")


async def test_a_shopper_who_scans_the_card_cannot_say_that_staff_came(shop: Client) -> None:
    call = await shop.raised()
    answer = await shop.http.post(f"/s/{shop.app.state.cards.token('w1')}/here")
    assert answer.status_code == 401
    assert (await shop.get(call)).json()["state"] == "raised"


async def test_an_old_card_is_none(shop: Client) -> None:
    ana, cards = await shop.sign_on("Ana"), shop.app.state.cards
    path = f"/s/{cards.token('w1')}/here"
    cards.rotate("w1")
    answer = await shop.http.post(path, headers={"Authorization": f"Bearer {ana}"})
    assert answer.status_code == 404


# -- the command ---------------------------------------------------------------------------------

SHOP = """
[shop]
id = "demo"
name = "Demo"
[[zone]]
id = "women"
name = "Women"
[[room]]
id = "w1"
name = "Women 1"
zone = "women"
"""


def test_the_command_prints_what_a_tag_needs(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(SHOP)
    said = CliRunner().invoke(room_app, ["tag", "w1", UID, "--config", str(file)])
    assert said.exit_code == 0, said.output
    made = Tags(tmp_path / "data", "http://127.0.0.1:8080").set_up(UID.lower())
    for part in (made.url, made.ndef, made.settings, made.file_key, made.meta_key, made.master_key):
        assert part in said.output
    assert set(parse_qs(urlsplit(made.url).query)) == {"e", "c"}
    listed = CliRunner().invoke(room_app, ["tags", "--config", str(file)])
    assert listed.output.split() == [UID, "w1"]
    assert CliRunner().invoke(room_app, ["untag", UID, "--config", str(file)]).exit_code == 0
    assert CliRunner().invoke(room_app, ["tags", "--config", str(file)]).output == ""

"""Pages, problems and messages in the reader's language; catalogues that are whole."""

import ast
import json
import re
from pathlib import Path
from string import ascii_letters
from typing import Any

import httpx
import pytest
from babel.messages.catalog import Catalog
from hypothesis import given
from hypothesis import strategies as st

from overdoor import languages
from overdoor.config import ConfigError, read
from overdoor.core.inputs import Answer, DutyStarted, Verb
from overdoor.core.sentence import Sentence
from overdoor.languages import forms, gettext, ngettext, offered, speaking
from overdoor.languages.catalogue import ENOUGH, done, locales
from overdoor.languages.pseudo import PSEUDO
from overdoor.notify.message import page_of, taken
from overdoor.resources import folder
from overdoor.web.language import asked_for, first_offered
from overdoor.web.words import coarse, span
from tests import messages

from .api import Client, assert_problem
from .house import House
from .shop import an_event
from .test_accounts import as_, with_associate, with_manager
from .wording import Wording, plain

TEMPLATES = sorted((folder("dashboard") / "templates").glob("*.html"))
GATEWAY = Path(languages.__file__).parents[1]
GERMAN = {"Accept-Language": "de-AT,en;q=0.5"}
NAMES = ("Demo Shop", "Women", "Men", "women", "Ana", "Mira", "Overdoor")
NAMES += ("cp-w1", "Android")


# -- catalogues ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def template() -> Catalog:
    return messages.found()


def test_the_template_has_every_sentence_and_no_other(template: Catalog) -> None:
    there = (locales() / messages.TEMPLATE).read_text()
    assert there == messages.written(template), "run make messages"


@pytest.mark.parametrize("language", messages.tags())
def test_a_catalogue_is_whole_and_says_who_read_it(language: str, template: Catalog) -> None:
    assert list(messages.wrong(language, template)) == []


def test_a_language_that_is_half_there_is_not_offered() -> None:
    enough = {tag for tag in messages.tags() if done(messages.read(tag)) >= ENOUGH}
    assert {one.tag for one in offered()} == {"en", *enough}


def test_what_is_said_of_each_language_is_what_its_catalogue_says() -> None:
    text = (Path(__file__).parents[2] / "docs" / "translating.md").read_text()
    for language in messages.tags():
        head = messages.file_of(language).read_text()
        review = messages.REVIEWED.search(head)
        assert review is not None
        assert re.search(rf"\| {language} \|.*\| {re.escape(review[1])} \|", text), language


@pytest.mark.parametrize(
    ("string", "flags", "share"),
    [("Größe", (), 1.0), ("", (), 0.5), ("Größe", ("fuzzy",), 0.5)],
)
def test_what_is_empty_or_fuzzy_is_not_done(
    string: str, flags: tuple[str, ...], share: float
) -> None:
    catalog = Catalog(locale="de")
    catalog.add("Size", string, flags=flags)
    catalog.add(("One", "Many"), ("Eins", "Viele"))
    assert done(catalog) == share


@pytest.mark.parametrize(
    ("english", "other", "trouble"),
    [
        ("%(who)s is here", "%(wer)s ist hier", "blanks"),
        ("<b>Yes</b>", "Ja", "tags"),
        ("Yes", "Yes", "same as in English"),
        ("Yes", "", "empty"),
        ("{room} calls", "{raum} ruft", "blanks"),
    ],
)
def test_what_is_wrong_with_a_translation_is_found(
    english: str, other: str, trouble: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    template, catalog = Catalog(), Catalog(locale="de")
    template.add(english)
    catalog.add(english, other)
    file = tmp_path / "overdoor.po"
    file.write_text("# Read by a native speaker: no\n" + messages.written(catalog))
    monkeypatch.setattr(messages, "file_of", lambda _: file)
    assert any(trouble in line for line in messages.wrong("de", template))


# -- nothing is hard-coded -----------------------------------------------------------------------


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_says_nothing_but_what_is_translated(template: Path) -> None:
    html = re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.DOTALL)
    html = re.sub(r"\{% macro face\(.*?endmacro", "", html, flags=re.DOTALL)  # keys, not words
    html = re.sub(r"\{%-? *trans\b.*?endtrans *-?%\}", "", html, flags=re.DOTALL)
    html = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", html, flags=re.DOTALL)
    assert plain(html, *NAMES) == []


_SAID = re.compile(r"""(?<![\w.])(?:_|pgettext|forms)\((?:'[^']*'(?:, )?)+""")
_LITERAL = re.compile(r"'([^'\n]*)'")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_no_expression_of_a_template_has_a_sentence_of_its_own(template: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.DOTALL)
    code = "\n".join(re.findall(r"\{\{.*?\}\}|\{%.*?%\}", text, flags=re.DOTALL))
    literals = {re.sub(r"<[^>]*>", "", one) for one in _LITERAL.findall(_SAID.sub("", code))}
    literals -= {"the shop is closed"}  # shopper.html asks which reason it is
    assert [one for one in literals if re.search(r"^[A-Z][a-z]|[a-z] [a-z]", one)] == []


def _sentences(path: Path) -> list[str]:
    """Texts that are given to a problem as they stand."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        name = getattr(getattr(node, "func", None), "id", "")
        if isinstance(node, ast.Call) and name in ("Problem", "not_found", "NotSent"):
            given = node.args[1:] if name == "Problem" else node.args
            found += [
                ast.unparse(one) for one in given if isinstance(one, ast.Constant | ast.JoinedStr)
            ]
    return found


def test_no_problem_is_said_in_english_only() -> None:
    for path in sorted(GATEWAY.rglob("*.py")):
        assert _sentences(path) == [], path


@pytest.mark.parametrize("path", sorted(GATEWAY.rglob("*.py")), ids=lambda path: path.name)
def test_no_sentence_stands_where_the_catalogues_do_not_find_it(path: Path) -> None:
    texts = [one for one in ast.walk(ast.parse(path.read_text())) if isinstance(one, ast.JoinedStr)]
    parts = [part for text in texts for part in ast.walk(text)]
    calls = [ast.unparse(part.func) for part in parts if isinstance(part, ast.Call)]
    assert {"_", "gettext", "ngettext"}.isdisjoint(calls)


def test_no_script_has_a_sentence_of_its_own() -> None:
    for script in sorted((folder("dashboard") / "static").glob("*.js")):
        code = re.sub(r"^\s*//.*$|(?<=[;{,)]) //.*$", "", script.read_text(), flags=re.MULTILINE)
        shown = re.findall(r"""textContent = [`"']([^`"']*)""", code)
        assert [one for one in shown if set(one) & set(ascii_letters)] == [], script.name


async def pages(shop: Client, house: House) -> dict[str, str]:
    """Every page that needs no account, with calls in all states, in the pseudo-language."""
    engine, http = shop.engine, shop.http
    ana = await shop.sign_on("Ana")
    cards = {room: f"/s/{shop.app.state.cards.token(room)}" for room in ("w1", "w2", "m1")}
    http.cookies.set("overdoor_language", "en-XA")
    read_as = {"Accept": "text/html"}
    signed = read_as | as_(ana)
    found: dict[str, str] = {}

    async def look(*paths: str, headers: dict[str, str] = read_as) -> None:
        for path in paths:
            answer = await http.get(path, headers=headers, follow_redirects=True)
            found[f"{len(found)} {path}"] = answer.text

    everything = ("/", "/dashboard/live", "/wall", "/plan", cards["w1"], cards["w2"], cards["m1"])
    await look(*everything)
    await look("/handheld", "/handheld/calls", headers=signed)
    await engine.do(an_event())
    await engine.do(an_event("cp-w2"))
    await engine.do(an_event("button-m1"))
    calls = {room: call.id for room, call in engine.committed.calls.items()}
    await look("/handheld/calls", headers=signed)
    await engine.do(Answer(calls["w1"], Verb.ACKNOWLEDGE, (await duty(shop, ana))))
    await engine.do(Answer(calls["w2"], Verb.ARRIVE, (await duty(shop, ana))))
    told = {"phrase": "size", "missing": "M", "offer": "L"}
    assert (await shop.post(f"/calls/{calls['w1']}/reply", ana, **told)).is_success
    house.clock.now += 70_000
    await look(*everything, *(f"/calls/{call}" for call in calls.values()))
    await look("/handheld", "/handheld/calls", headers=signed)
    for room, verb in (("w1", Verb.NOBODY_THERE), ("w2", Verb.CLOSE), ("m1", Verb.CANCEL)):
        await engine.do(Answer(calls[room], verb, await duty(shop, ana)))
    await look(*everything, *(f"/calls/{call}" for call in calls.values()))
    await look("/handheld/calls", headers=signed)
    await look(*(f"{cards[room]}?call={call}" for room, call in calls.items()))
    await look("/handheld", "/handheld/shell", "/people", "/sign-in", "/me", "/trust", "/s/x")
    await look("/join/x", "/t?e=00&c=00", "/calls/x", "/nothing", f"{cards['w1']}/here")
    await look("/me", headers=signed)
    return found


async def duty(shop: Client, token: str) -> str:
    answer = await shop.http.get("/api/v1/duty", headers=as_(token))
    return str(answer.json()["duty"])


async def test_no_page_has_a_plain_letter_where_every_sentence_has_accents(
    shop: Client, house: House
) -> None:
    found = await pages(shop, house)
    assert len(found) > 40
    assert {name: left for name, html in found.items() if (left := plain(html, *NAMES))} == {}


# -- whose language ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-AT,en;q=0.5", "de"),
        ("en;q=0.5, de", "de"),
        ("fr, de;q=0.3, en;q=0.2", "de"),
        ("de;q=0, en", "en"),
        ("DE-de", "de"),
        ("tlh, x-klingon", None),
        ("", None),
        ("*", None),
        ("en-XA, ar-XB", "en"),
    ],
)
def test_what_a_browser_asks_for(header: str, language: str | None) -> None:
    assert first_offered(asked_for(header)) == language


@given(st.text(max_size=80) | st.from_regex(r"([a-zA-Z-]{1,9}(;q=[0-9.]{1,5})?,? ?){0,9}"))
def test_a_header_of_anybody_is_read_without_harm(header: str) -> None:
    found = first_offered(asked_for(header))
    assert found is None or found in {one.tag for one in offered()}


async def language_of(shop: Client, path: str = "/handheld", **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await shop.http.get(path, headers=named)
    said = Wording(answer.text).language
    assert answer.headers["content-language"] == said
    assert {"Accept-Language", "Cookie"} <= set(re.split(", *", answer.headers["vary"]))
    return said


async def test_a_choice_counts_more_than_the_browser_and_both_more_than_the_shop(
    shop: Client,
) -> None:
    assert await language_of(shop) == "en"
    assert await language_of(shop, Accept_Language="de") == "de"
    chosen = await shop.http.post("/language", data={"language": "en", "next": "/wall"})
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/wall")
    assert await language_of(shop, Accept_Language="de") == "en"


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example/", "/\\evil", "x"])
async def test_the_choice_leads_nowhere_else(shop: Client, elsewhere: str) -> None:
    chosen = await shop.http.post("/language", data={"language": "de", "next": elsewhere})
    assert chosen.headers["location"] == "/"


async def test_a_language_that_nobody_made_is_not_taken(shop: Client) -> None:
    answer = await shop.http.post("/language", data={"language": "tlh"})
    assert_problem(answer, 422)
    assert "set-cookie" not in answer.headers


async def test_an_account_reads_what_its_person_speaks_then_what_they_chose(shop: Client) -> None:
    ana = await with_associate(shop, await with_manager(shop), languages=["tlh", "de"])
    assert await language_of(shop, **as_(ana)) == "de"
    assert await language_of(shop, **as_(ana), Cookie="overdoor_language=en") == "de"
    chosen = await shop.http.post("/language", data={"language": "en"}, headers=as_(ana))
    assert "set-cookie" not in chosen.headers
    assert await language_of(shop, **as_(ana), Accept_Language="de") == "en"
    assert (await shop.http.get("/api/v1/me", headers=as_(ana))).json()["account"][
        "language"
    ] == "en"


async def test_a_problem_has_the_same_meaning_in_every_language(shop: Client) -> None:
    path = await shop.raised()
    answers = [
        await shop.http.post(f"/api/v1{path}/acknowledge", headers=headers)
        for headers in ({}, GERMAN)
    ]
    english, german = (assert_problem(answer, 401) for answer in answers)
    assert english["detail"] != german["detail"]
    assert german["title"] == "Nicht im Dienst"
    assert english["type"] == german["type"]


async def test_a_refusal_is_a_sentence_in_the_language(shop: Client) -> None:
    ana, path = await shop.sign_on("Ana"), await shop.raised()
    await shop.post(f"{path}/cancel", ana)
    await shop.post("/rooms/w1/cancel", ana)
    answer = await shop.http.post(f"/api/v1{path}/close", headers=GERMAN | as_(ana))
    assert assert_problem(answer, 409)["detail"] == "Dieser Ruf ist beendet."


async def test_an_unexpected_error_is_said_in_the_language(shop: Client, monkeypatch: Any) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr("overdoor.web.views.room_view", broken)
    answer = await shop.http.get("/api/v1/rooms", headers=GERMAN)
    assert assert_problem(answer, 500)["title"] == "Etwas ist schiefgegangen"


async def test_the_worker_and_the_manifest_follow_the_language(shop: Client) -> None:
    english = (await shop.http.get("/sw.js")).text
    german = (await shop.http.get("/sw.js", headers=GERMAN)).text
    assert english != german
    assert "/manifest/de.json" in german
    manifest = (await shop.http.get("/manifest/de.json")).json()
    assert (manifest["lang"], manifest["dir"]) == ("de", "ltr")
    assert manifest["icons"]
    assert_problem(await shop.http.get("/manifest/tlh.json"), 404)


async def test_the_shoppers_page_is_another_one_in_another_language(shop: Client) -> None:
    path = f"/s/{shop.app.state.cards.token('w1')}"
    english = await shop.http.get(path)
    tag = english.headers["etag"]
    again = await shop.http.get(path, headers={"If-None-Match": tag})
    other = await shop.http.get(path, headers=GERMAN | {"If-None-Match": tag})
    assert (again.status_code, other.status_code) == (304, 200)
    assert "Brauchen Sie jemanden?" in other.text


async def test_a_shop_speaks_its_own_language_to_who_does_not_say(
    house: House, tmp_path: Path
) -> None:
    from overdoor.config import ShopPart
    from overdoor.web import create_app

    async with house.open() as engine:
        part = ShopPart(id="demo", name="Demo Shop", language="de")
        app = create_app(engine, part, folder("dashboard"))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            said = [
                Wording((await http.get("/handheld", headers=headers)).text).language
                for headers in ({}, {"Accept-Language": "fr"}, {"Accept-Language": "en"})
            ]
        app.state.hub.close()
    assert said == ["de", "de", "en"]


@pytest.mark.parametrize("language", ["tlh", "en-XA", "../de"])
def test_a_shops_language_is_one_that_there_is(tmp_path: Path, language: str) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(
        f'[shop]\nid = "t"\nname = "T"\nlanguage = "{language}"\n'
        '[[zone]]\nid = "z"\nname = "Z"\n[[room]]\nid = "r"\nname = "R"\nzone = "z"\n'
    )
    with pytest.raises(ConfigError, match="there is en"):
        read(file)


# -- messages ------------------------------------------------------------------------------------


async def test_a_message_is_in_the_language_of_its_reader(house: House) -> None:
    async with house.open() as engine:
        await engine.do(DutyStarted("ana", "women"))
        await engine.do(an_event())
        call = engine.committed.calls["w1"]
        german = page_of(call, engine.committed.plan, "de", silent=False)
        english = page_of(call, engine.committed.plan, "en", silent=False)
        over = taken(call, engine.committed.plan, "de", "Ana")
    assert (german.title, german.body, german.language) == ("Women 1", "Jemand ruft · Women", "de")
    assert english.body == "Somebody calls · Women"
    assert german.actions[0][0] == english.actions[0][0] == "acknowledge"
    assert over.body == "Ana kümmert sich"


async def test_a_phone_is_pushed_to_in_the_language_in_which_it_subscribed(shop: Client) -> None:
    reach = shop.app.state.reach
    reach.push_key, reach.push_hosts = "key", ("push.example",)
    ana = await shop.sign_on("Ana")
    body = {
        "endpoint": "https://push.example/1",
        "keys": {"p256dh": "a" * 87, "auth": "a" * 22},
    }
    answer = await shop.http.post("/api/v1/duty/push", json=body, headers=GERMAN | as_(ana))
    assert answer.status_code == 204, answer.text
    [way] = reach.ways(await duty(shop, ana), "push")
    assert way.language == "de"


# -- sentences -----------------------------------------------------------------------------------


def test_a_sentence_is_plain_text_until_it_is_said() -> None:
    sentence = Sentence("there is no zone '%(zone)s'", zone="attic")
    assert sentence == "there is no zone 'attic'"
    with speaking("de"):
        assert gettext(sentence) == "den Bereich 'attic' gibt es nicht"
    assert gettext(sentence) == sentence


def test_a_sentence_within_a_sentence_is_said_too() -> None:
    with speaking("de"):
        inner = Sentence("the broker is not connected")
        said = gettext("Nothing was changed: %(why)s", why=inner)
    assert said == "Nichts wurde geändert: der Broker ist nicht verbunden"


@given(st.sampled_from([one.tag for one in offered()] + list(PSEUDO)), st.integers(0, 10**6))
def test_every_number_has_its_form(language: str, number: int) -> None:
    with speaking(language):
        said = ngettext("%(num)s page in 15 min", "%(num)s pages in 15 min", number)
        known = forms("%(num)s day", "%(num)s days")
        assert known[languages.current().locale.plural_form(number)]
        assert "other" in known
    assert "%" not in said


@given(st.text(st.characters(exclude_characters="%{}<>&")), st.sampled_from(PSEUDO))
def test_a_pseudo_language_keeps_blanks_and_tags(text: str, language: str) -> None:
    message = f"{text}%(who)s <b>{{n}}</b>&nbsp;"
    with speaking(language):
        said = languages.current().texts.gettext(message)
    for kept in ("%(who)s", "<b>", "{n}", "</b>", "&nbsp;"):
        assert said.count(kept) == message.count(kept)


@pytest.mark.parametrize(
    ("ms", "whole", "short"),
    [
        (0, "0 s", "0 s"),
        (59_999, "59 s", "59 s"),
        (60_000, "1 min", "1 min"),
        (185_000, "3 min 05 s", "3 min"),
        (4_320_000, "1 h 12 min", "1 h"),
        (3 * 86_400_000, "72 h 00 min", "3 Tage"),
    ],
)
def test_lengths_of_time(ms: int, whole: str, short: str) -> None:
    with speaking("de"):
        assert (span(ms).replace("\xa0", " "), coarse(ms).replace("\xa0", " ")) == (whole, short)


def test_the_declarative_push_says_its_language() -> None:
    from overdoor.notify.message import Message
    from overdoor.notify.push import payload

    message = Message("tag", "Women 1", "Jemand ruft", language="de")
    assert json.loads(payload(message, "https://x"))["notification"]["lang"] == "de"

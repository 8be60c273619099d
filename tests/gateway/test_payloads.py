"""Bytes to inputs and effects to bytes: nothing raises, and what has a key can be let go of."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from overdoor.bus import payloads
from overdoor.bus.payloads import Nonsense
from overdoor.core.effects import Happened, PagerList, Receipt, RoomCall, Signal
from overdoor.core.inputs import DeviceDescribed, Input
from overdoor.core.model import DeviceStatus, Pager, Plan, Room, Shop, Zone
from overdoor.store.projections import append, project
from overdoor.store.schema import migrations

from .shop import BOOT, Floor, Verb, only

PRESS = {"v": 1, "boot": BOOT, "n": 1, "low": 1, "type": "button", "button": "call"} | {
    "gesture": "press",
    "age_ms": 0,
}
PAGER = {"v": 1, "boot": BOOT, "n": 1, "low": 1, "type": "answer", "answer": "arrive"} | {
    "call": "01m3250v005n664egmfg80f78s",
    "rev": 0,
    "age_ms": 0,
}
NOT_UNDERSTOOD = [
    ("age_ms", -1),
    ("age_ms", 10**18),
    ("age_ms", 1.5),
    ("age_ms", "0"),
    ("age_ms", True),
    ("low", 2),
    ("low", 0),
    ("low", None),
    ("low", "1"),
    ("low", 1.0),
    ("type", "Button"),
    ("type", None),
    ("type", ["button"]),
    ("button", "bell"),
    ("button", {}),
    ("gesture", "kick"),
    ("gesture", None),
    ("held_ms", -1),
    ("held_ms", "long"),
]
NO_KEY = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"press"',
    b"\xff\xfe\xfd",
    b"{}",
    *(json.dumps(PRESS | {"n": n}).encode() for n in (0, 2**60, "1", True)),
    *(json.dumps(PRESS | {"boot": boot}).encode() for boot in ("short", "00000000000G", 12)),
    b'{"v":1,"boot":"00000000000a","n":1,"x":NaN}',
    b'{"v":1,"boot":"00000000000a","n":1,"x":' + b"[" * 100_000,
    b" " * (3 << 20),
]


def understood(**said: Any) -> Any:
    """A press with something else in it, as the core gets it."""
    given = payloads.parse_event("cp-w1", json.dumps(PRESS | said).encode())
    assert not isinstance(given, Nonsense)
    return given


@contextmanager
def a_database() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrations.apply(Database(db))
        yield db
    finally:
        db.close()


def store(floor: Floor) -> None:
    """Writes the shop's log to a real database, as the writer does."""
    with a_database() as db:
        shop = Shop()
        append(db, floor.log)
        for event in floor.log:
            shop = project(db, shop, event)


def take(floor: Floor, given: Input) -> None:
    floor.do(given)
    store(floor)


# -- events --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "value"), NOT_UNDERSTOOD)
def test_an_event_with_a_key_that_is_not_understood_is_stored_and_receipted(
    key: str, value: Any
) -> None:
    floor = Floor()
    event = understood(**{key: value})
    take(floor, event)
    assert event.fault
    assert floor.call() is None
    assert only(Receipt, floor.effects)
    if key != "low":
        assert floor.covers("cp-w1", BOOT, 1)


@pytest.mark.parametrize("payload", NO_KEY)
def test_a_payload_without_a_key_is_nonsense_with_a_reason(payload: bytes) -> None:
    nonsense = payloads.parse_event("cp-w1", payload)
    assert isinstance(nonsense, Nonsense)
    assert 0 < len(nonsense.why) < 200


def test_unknown_members_do_no_harm() -> None:
    floor = Floor()
    take(floor, understood(v=1, mood="good", deep={"a": [1, {"b": None}]}))
    assert floor.call() is not None


def test_what_is_not_understood_is_kept_up_to_a_kilobyte() -> None:
    floor = Floor()
    take(floor, understood(age_ms=-1, note="x" * 100_000))
    assert len(floor.log[-1].data["raw"]) == 1024


@pytest.mark.parametrize(
    "more",
    [
        {f"k{number}": number for number in range(20_000)},
        {"note": "x" * 1_000_000},
        {"call": "x" * 1_000_000},
        {"rev": [0] * 300_000},
        {"big": 10**4000},
    ],
    ids=["many-members", "long-text", "long-call", "long-list", "long-number"],
)
def test_a_press_of_a_megabyte_raises_a_call_and_leaves_little_in_the_log(
    more: dict[str, Any],
) -> None:
    floor = Floor()
    take(floor, understood(**more))
    assert floor.call() is not None
    heard = next(event for event in floor.events if event.fact == "heard")
    assert len(json.dumps(heard.data)) < 2048


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
members = st.sampled_from([*PRESS, "call", "answer", "rev", "x"])


@given(st.binary(max_size=200))
def test_no_bytes_make_a_parser_raise(payload: bytes) -> None:
    payloads.parse_event("cp-w1", payload)
    payloads.parse_info("cp-w1", payload)
    payloads.parse_status("cp-w1", payload, retained=False)


@settings(max_examples=150)
@given(
    st.sampled_from([("cp-w1", PRESS), ("pg-1", PAGER)]),
    st.dictionaries(members, json_values, max_size=4),
)
@example(("cp-w1", PRESS), {"x": 1e999})
@example(("pg-1", PAGER), {"call": "\ud800"})
@example(("pg-1", PAGER), {"type": "\ud800"})
def test_whatever_has_a_key_can_be_stored_and_is_receipted(
    sender: tuple[str, dict[str, Any]], changes: dict[str, Any]
) -> None:
    device, plain = sender
    payload = json.dumps(plain | changes).replace("Infinity", "1e999").encode()
    given = payloads.parse_event(device, payload)
    if not isinstance(given, Nonsense):
        floor = Floor()
        take(floor, given)
        assert only(Receipt, floor.effects)


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from(["kind", "model", "firmware", "caps", "rssi"]), json_values))
@example({"model": "\ud800", "caps": ["\udfff", "presence"]})
def test_whatever_a_device_says_it_is_can_be_stored(info: dict[str, Any]) -> None:
    parsed = payloads.parse_info("cp-w1", json.dumps(info).encode())
    if not isinstance(parsed, Nonsense):
        take(Floor(), parsed[0])


def test_info_says_what_a_device_is_and_how_it_does() -> None:
    said = {"v": 1, "kind": "callpoint", "model": "esp32", "firmware": "0.1.0", "boot": BOOT}
    telemetry = {"rssi": -60, "heap_free": 90_000, "uptime_s": 12, "outbox": 0}
    telemetry["password_number"] = 3
    payload = json.dumps(said | telemetry | {"caps": ["call", "presence"]}).encode()
    caps = ("call", "presence")
    described = DeviceDescribed("cp-w1", "callpoint", "esp32", "0.1.0", caps, BOOT)
    assert payloads.parse_info("cp-w1", payload) == (described, telemetry)


@pytest.mark.parametrize("number", [None, True, -1, 65536, 1.5, "1", [1]])
def test_a_number_of_a_password_that_is_none_is_left_out(number: Any) -> None:
    parsed = payloads.parse_info("cp-w1", json.dumps({"password_number": number}).encode())
    assert not isinstance(parsed, Nonsense)
    assert "password_number" not in parsed[1]


@pytest.mark.parametrize("word", ["online", "offline", "sleeping"])
def test_the_words_of_a_status_are_understood(word: str) -> None:
    said = payloads.parse_status("cp-w1", word.encode(), retained=True)
    assert not isinstance(said, Nonsense)
    assert (said.status, said.retained) == (DeviceStatus(word), True)


@pytest.mark.parametrize("word", [b"ONLINE", b"unknown", b'"online"', b"online\n", b"\xff"])
def test_other_words_of_a_status_are_nonsense(word: bytes) -> None:
    assert isinstance(payloads.parse_status("cp-w1", word, retained=False), Nonsense)


# -- what the gateway says -----------------------------------------------------------------------


def test_a_signal_looks_as_the_contract_says() -> None:
    floor = Floor()
    call = floor.press()
    assert call is not None
    (signal,) = only(Signal, floor.effects)
    assert json.loads(payloads.signal(signal)) == {
        "v": 1,
        "rev": signal.rev,
        "state": "raised",
        "call": call.id,
        "text": None,
        "eta_s": None,
    }


def test_a_receipt_looks_as_the_contract_says() -> None:
    floor = Floor()
    floor.send(boot="00000000000b")
    floor.send(boot=BOOT)
    (receipt,) = only(Receipt, floor.effects)
    expected = {"v": 1, "boot": BOOT, "n": 1, "also": [["00000000000b", 1]]}
    assert json.loads(payloads.receipt(receipt)) == expected


def test_an_open_call_of_a_room_looks_as_the_contract_says() -> None:
    floor = Floor()
    call = floor.press()
    (said,) = only(RoomCall, floor.effects)
    assert json.loads(payloads.room_call(said)) == {
        "v": 1,
        "state": "raised",
        "call": call.id,
        "since": "2026-09-21T14:13:20.000Z",
        "need": None,
        "outcome": None,
        "degraded": False,
    }


def test_between_calls_a_room_is_idle_and_says_how_the_last_one_ended() -> None:
    floor = Floor()
    call = floor.press()
    floor.send(button="cancel")
    (said,) = only(RoomCall, floor.effects)
    body = json.loads(payloads.room_call(said))
    assert (body["state"], body["call"], body["outcome"]) == ("idle", call.id, "cancelled")


def test_an_event_of_a_room_says_what_happened_and_not_who_did_it() -> None:
    floor = Floor()
    floor.press()
    floor.say(Verb.ARRIVE, "ana")
    (happened,) = only(Happened, floor.effects)
    body = json.loads(payloads.room_event(happened.event))
    assert {"v", "event_type", "call", "at"} <= body.keys()
    assert body["event_type"] == "arrived"
    assert "ana" not in json.dumps(body)


def test_a_page_looks_as_the_contract_says() -> None:
    floor = Floor()
    call = floor.press()
    pages = only(PagerList, floor.effects)
    body = json.loads(payloads.pager_list(pages[-1], floor.shop.plan))
    assert body == {
        "v": 1,
        "rev": pages[-1].rev,
        "calls": [
            {
                "call": call.id,
                "room": "w1",
                "name": "Women 1",
                "zone": "women",
                "zone_name": "Women",
                "state": "raised",
                "age_ms": 0,
                "need": None,
                "by": None,
            }
        ],
        "more": 0,
    }


@pytest.mark.parametrize("letter", ["w", "Ж", '"', "\x7f"])
def test_a_page_is_never_longer_than_a_pager_takes(letter: str) -> None:
    rooms = {f"{n:a>32}": f"{n}" + letter * 79 for n in range(30)}
    plan = Plan(
        zones={"z" * 32: Zone("z" * 32, letter * 80)},
        rooms={id_: Room(id_, name, "z" * 32, (0, 0), (id_,)) for id_, name in rooms.items()},
        pagers={"p" * 32: Pager("p" * 32)},
    )
    floor = Floor(plan)
    for device in rooms:
        floor.press(device)
        floor.wait(1000)
    last = floor.shop.calls[f"{29:a>32}"]
    answer = {"type": "answer", "call": last.id, "answer": "acknowledge"}
    floor.send("p" * 32, page_rev=floor.shop.lists["p" * 32], **answer)
    page = payloads.pager_list(only(PagerList, floor.effects)[-1], plan)
    assert len(page) < 4000  # of the 4,096 that the firmware takes, with the topic
    body = json.loads(page)
    assert len(body["calls"]) + body["more"] == 30
    assert last.id in [call["call"] for call in body["calls"]]  # its own is among them
    waits = [call["age_ms"] for call in body["calls"]]
    assert waits == sorted(waits, reverse=True)

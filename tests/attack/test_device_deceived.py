"""Whoever can write to a device's topics: replayed receipts, forged signals, evil updates.

The device's own decisions (firmware/overdoor), on this interpreter.
"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overdoor import firmware

from .grammar import fuzz, payloads

CallPoint = firmware.module("callpoint").CallPoint
manifest = firmware.module("manifest")
packet = firmware.module("packet")
MqttError = firmware.module("errors").MqttError
DIGEST = "ab" * 32


def receipt(boot: str, n: int, *also: tuple[str, int]) -> bytes:
    return json.dumps({"v": 1, "boot": boot, "n": n, "also": also}).encode()


def signal(rev: object, state: str) -> bytes:
    return json.dumps({"v": 1, "rev": rev, "state": state, "call": None}).encode()


def a_pressed_point(boot: str) -> "CallPoint":  # type: ignore[valid-type]
    point = CallPoint(boot)
    point.connected(0)
    point.button("call", True, 1, 1)
    assert len(point.outbox) == 1
    return point


@pytest.mark.parametrize(
    "replayed",
    [
        receipt("aaaaaaaaaaaa", 9),  # of the boot before, with a high number
        receipt("cccccccccccc", 9, ("aaaaaaaaaaaa", 9), ("dddddddddddd", 9)),
        receipt("bbbbbbbbbbbb", 0),
        receipt("bbbbbbbbbbbb", -1),
    ],
)
def test_a_replayed_receipt_takes_no_press_away(replayed: bytes) -> None:
    point = a_pressed_point("bbbbbbbbbbbb")
    point.receipt(replayed, 2)
    assert len(point.outbox) == 1
    point.receipt(receipt("bbbbbbbbbbbb", 1), 3)
    assert len(point.outbox) == 0


def test_a_signal_that_was_recorded_is_not_shown_again() -> None:
    point = a_pressed_point("bbbbbbbbbbbb")
    point.signal(signal(1000, "raised"), False, 2)
    point.signal(signal(1001, "acknowledged"), False, 3)
    for state in ("idle", "raised", "arrived"):
        assert point.signal(signal(1000, state), False, 4) == []
    assert point.state == "acknowledged"


PATHS = (
    "../config.json",
    "/config.json",
    "overdoor/../../boot.py",
    "overdoor//x",
    ".hidden",
    "a/.b",
    "overdoor/\\..\\x",
    "overdoor/x y",
    "manifest",
    "a" * 65,
    "over\0door",
)


@pytest.mark.parametrize("path", PATHS)
def test_an_update_writes_nowhere_else(path: str) -> None:
    lines = ["overdoor-firmware 1", "version 9.9.9", f"{DIGEST} 1 {path}"]
    with pytest.raises(manifest.ManifestError):
        manifest.read(lines)


def test_an_update_names_its_files_once() -> None:
    line = f"{DIGEST} 1 overdoor/main.mpy"
    good = ["overdoor-firmware 1", "version 9.9.9", line]
    assert manifest.read(good).files
    with pytest.raises(manifest.ManifestError):
        manifest.read([*good, line])


@fuzz
@given(st.lists(payloads(), max_size=4))
def test_no_payload_stops_a_call_point_or_takes_its_press(said: list[bytes]) -> None:
    """But for a receipt of its own boot, and nobody else writes there."""
    point = a_pressed_point("aaaaaaaaaaaa")
    for payload in said:
        point.signal(payload, False, 2)
        point.gateway(payload, 2)
        point.receipt(payload, 2)
        point.tick(3)
    assert len(point.outbox) == 1


@fuzz
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=80), max_size=8))
def test_no_manifest_raises_anything_else(lines: list[str]) -> None:
    try:
        manifest.read(["overdoor-firmware 1", *lines])
    except manifest.ManifestError:
        return


@fuzz
@given(st.integers(0, 15), st.binary(max_size=300))
def test_no_packet_raises_anything_else(flags: int, body: bytes) -> None:
    for read in (lambda: packet.read_publish(flags, body), lambda: packet.read_connack(body)):
        try:
            read()
        except MqttError:
            continue

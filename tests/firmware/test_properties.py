"""What must hold for any input: contacts, losses, bytes and signals in every order."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from overdoor_device import errors, packet
from overdoor_device.button import Debouncer
from overdoor_device.callpoint import CallPoint
from overdoor_device.outbox import Outbox
from overdoor_device.patterns import FlashGuard

# A busy machine must not turn a slow example into a failure.
thorough = settings(max_examples=200)

# ---- contacts

BOUNCE = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 19)), max_size=8)


def bounce_edges(start: int, bounce: list[tuple[int, int]]) -> tuple[list[tuple[int, bool]], int]:
    """Closures too short to be a press, each followed by an opening too short to be a release."""
    edges = []
    for closed_ms, open_ms in bounce:
        edges += [(start, True), (start + closed_ms, False)]
        start += closed_ms + open_ms
    return edges, start


@thorough
@given(
    BOUNCE,
    st.integers(5, 3000),
    st.lists(st.tuples(st.integers(1, 19), st.integers(1, 30)), max_size=6),
    st.booleans(),
)
def test_any_bounce_is_one_press_at_its_first_edge(
    bounce: list[tuple[int, int]],
    held_ms: int,
    release_bounce: list[tuple[int, int]],
    read_every_ms: bool,
) -> None:
    edges, closed_at = bounce_edges(100, bounce)
    edges.append((closed_at, True))
    opened_at = closed_at + held_ms
    edges.append((opened_at, False))
    for open_ms, closed_ms in release_bounce:
        edges += [(opened_at + open_ms, True), (opened_at + open_ms + closed_ms, False)]
        opened_at += open_ms + closed_ms
    debouncer = Debouncer()
    reports = []
    now = 0
    for at, closed in edges:
        while read_every_ms and now < at:
            reports += debouncer.settle(now)
            now += 1
        reports += debouncer.edge(closed, at)
    reports += debouncer.settle(opened_at + 20)
    assert reports == [(True, 100), (False, opened_at)]
    assert debouncer.settles_at() is None


@thorough
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 100)), max_size=12))
def test_glitches_are_never_a_press(glitches: list[tuple[int, int]]) -> None:
    edges, _ = bounce_edges(100, glitches)
    debouncer = Debouncer()
    reports = []
    for at, closed in edges:
        reports += debouncer.edge(closed, at)
    assert reports + debouncer.settle(10**6) == []


# ---- events, receipts, losses


class World:
    """An outbox, and a gateway behind a network that loses, doubles and reorders."""

    def __init__(self, capacity: int = 64) -> None:
        self.outbox = Outbox("b", capacity)
        self.now = 0
        self.online = False
        self.on_the_air: list[dict[str, Any]] = []
        self.receipts: list[int] = []
        self.stored: dict[int, str] = {}
        self.low = 1
        self.added = 0

    def add(self, live: bool) -> None:
        self.added += 1
        kind = "button" if live else "fault"
        self.outbox.add(kind, {"mark": str(self.added)}, self.now, live)
        self.send()

    def connect(self) -> None:
        self.online = True
        self.outbox.restart(self.now)
        self.send()

    def disconnect(self) -> None:
        self.online = False

    def wait(self, ms: int) -> None:
        self.now += ms
        self.send()

    def send(self) -> None:
        if self.online:
            events = self.outbox.due(self.now)
            self.on_the_air += [self.outbox.payload(event, self.now) for event in events]

    def arrive(self, index: int, again: bool) -> None:
        """One event reaches the gateway, whichever, perhaps to come once more."""
        if not self.on_the_air:
            return
        index %= len(self.on_the_air)
        event = self.on_the_air[index] if again else self.on_the_air.pop(index)
        assert self.stored.setdefault(event["n"], event["mark"]) == event["mark"]
        self.low = max(self.low, event["low"])
        contiguous = self.low - 1
        while contiguous + 1 in self.stored:
            contiguous += 1
        self.receipts.append(contiguous)

    def lose(self) -> None:
        self.on_the_air.clear()

    def receipt(self, index: int) -> None:
        """One of all the receipts ever given reaches the device, perhaps again, perhaps late."""
        if not self.receipts:
            return
        before = {event.n for event in self.outbox if event.n}
        self.outbox.cover("b", self.receipts[index % len(self.receipts)])
        gone = before - {event.n for event in self.outbox}
        assert gone <= set(self.stored)

    def settle(self) -> None:
        """From now on nothing is lost: everything must get through."""
        self.connect()
        for _ in range(3):
            while self.on_the_air:
                self.arrive(0, False)
            self.receipt(-1)
            self.wait(60000)
        assert len(self.outbox) == 0


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.booleans()),
        st.tuples(st.just("connect")),
        st.tuples(st.just("disconnect")),
        st.tuples(st.just("wait"), st.integers(0, 20000)),
        st.tuples(st.just("arrive"), st.integers(0, 99), st.booleans()),
        st.tuples(st.just("lose")),
        st.tuples(st.just("receipt"), st.integers(0, 99)),
    ),
    max_size=48,
)


@thorough
@given(STEPS)
def test_nothing_is_lost_on_the_way(steps: list[tuple[Any, ...]]) -> None:
    world = World()
    for name, *arguments in steps:
        getattr(world, name)(*arguments)
    world.settle()
    assert world.outbox.dropped == 0
    assert sorted(world.stored) == list(range(1, world.added + 1))
    assert {int(mark) for mark in world.stored.values()} == set(range(1, world.added + 1))


@thorough
@given(STEPS, st.integers(17, 20))
def test_an_outbox_that_overflows_leaves_no_hole(
    steps: list[tuple[Any, ...]], capacity: int
) -> None:
    world = World(capacity)
    for name, *arguments in steps:
        getattr(world, name)(*arguments)
        assert len(world.outbox) <= capacity
    world.settle()
    assert len(world.stored) + world.outbox.dropped >= world.added


@thorough
@given(st.lists(st.booleans(), max_size=40))
def test_presses_keep_their_order_and_go_before_telemetry(kinds: list[bool]) -> None:
    outbox = Outbox("b")
    for at, live in enumerate(kinds):
        outbox.add("button" if live else "fault", {"mark": at}, at, live)
    sent = outbox.due(100)
    presses = [event.at_ms for event in sent if event.live]
    rest = [event.at_ms for event in sent if not event.live]
    assert [event.at_ms for event in sent] == presses + rest
    assert presses == sorted(presses)
    assert sorted(event.n for event in sent) == list(range(1, len(sent) + 1))


# ---- payloads


@thorough
@given(st.lists(st.tuples(st.sampled_from(["signal", "receipt", "gateway"]), st.binary())))
def test_no_payload_breaks_a_call_point(messages: list[tuple[str, bytes]]) -> None:
    point = CallPoint("b")
    point.connected(0)
    point.button("call", True, 1, 1)
    for leaf, payload in messages:
        if leaf == "signal" and payload != b"":
            assert point.signal(payload, False, 2) == []
        elif leaf == "receipt":
            point.receipt(payload, 2)
        elif leaf == "gateway":
            point.gateway(payload, 2)
    assert (point.state, len(point.outbox)) == ("idle", 1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3),
)


@thorough
@given(rev=JSON, state=JSON, boot=JSON, n=JSON, also=JSON)
def test_no_json_breaks_a_call_point(
    rev: object, state: object, boot: object, n: object, also: object
) -> None:
    point = CallPoint("b")
    point.connected(0)
    point.button("call", True, 1, 1)
    assert point.signal(json.dumps({"rev": rev, "state": state}).encode(), False, 2) == []
    assert point.receipt(json.dumps({"boot": boot, "n": n, "also": also}).encode(), 2) == []
    assert len(point.outbox) == 1


# ---- decisions

PLACES = st.sampled_from(["call", "presence", "need"])
STATES = st.sampled_from(["idle", "raised", "acknowledged", "arrived", "offline"])
INPUTS = st.lists(
    st.one_of(
        st.tuples(st.just("button"), PLACES, st.booleans()),
        st.tuples(st.just("connected")),
        st.tuples(st.just("disconnected")),
        st.tuples(st.just("gateway"), st.sampled_from([b"online", b"offline"])),
        st.tuples(st.just("signal"), STATES, st.integers(0, 5), st.booleans()),
        st.tuples(st.just("receipt"), st.integers(0, 5)),
        st.tuples(st.just("wait"), st.sampled_from([1, 100, 800, 2000, 15000, 60000, 600000])),
    ),
    max_size=40,
)


@thorough
@given(INPUTS, st.booleans())
def test_a_call_point_never_hangs_and_says_what_it_shows(
    inputs: list[tuple[Any, ...]], presence: bool
) -> None:
    point = CallPoint("b", presence=presence, needs=("question", "other"))
    now = 0
    shown = "idle"
    for name, *arguments in inputs:
        match name:
            case "button":
                actions = point.button(*arguments, now, now)
            case "signal":
                state, rev, retained = arguments
                body = json.dumps({"v": 1, "rev": rev, "state": state}).encode()
                actions = point.signal(body, retained, now)
            case "receipt":
                actions = point.receipt(json.dumps({"boot": "b", "n": arguments[0]}).encode(), now)
            case "wait":
                now += arguments[0]
                actions = []
            case _:
                actions = getattr(point, name)(*arguments, now)
        actions += point.tick(now)
        wake_at = point.wake_at()
        assert wake_at is None or wake_at > now  # or the loop that calls tick would spin
        for action in actions:
            if action[0] == "show":
                assert action[1] != shown
                shown = action[1]
            elif action[0] == "shown":
                assert action[2] == shown
            elif action[0] == "send":
                assert point.online
    # With a gateway that answers, everything ends well.
    point.connected(now)
    point.button("call", False, now, now)
    point.button("presence", False, now, now)
    point.receipt(json.dumps({"boot": "b", "n": point.outbox.last_n}).encode(), now)
    point.gateway(b"online", now)
    point.signal(b'{"rev": 6, "state": "idle"}', False, now)
    point.tick(now)
    assert (len(point.outbox), point.wake_at()) == (0, None)


# ---- packets


def length_of(data: bytes) -> tuple[int, int]:
    """The remaining length that a packet claims, and where its body begins."""
    value = shift = 0
    for index, byte in enumerate(data[1:], 2):
        value, shift = packet.remaining_length(value, shift, byte)
        if not shift:
            return value, index
    raise AssertionError("the length has no end")


@thorough
@given(
    st.text(min_size=1, max_size=300).filter(lambda text: text.isprintable()),
    st.binary(max_size=20000),
    st.none() | st.integers(1, 65535),
    st.booleans(),
)
def test_a_publish_is_read_as_it_was_written(
    topic: str, payload: bytes, packet_id: int | None, retain: bool
) -> None:
    data = packet.publish(topic, payload, packet_id, retain)
    length, start = length_of(data)
    assert length == len(data) - start
    read = packet.read_publish(data[0] & 0x0F, data[start:])
    assert read == (topic, payload, packet_id, retain)


@thorough
@given(st.integers(0, 15), st.binary(max_size=100), st.integers(0, 10))
def test_bytes_are_read_or_refused_with_an_mqtt_error(flags: int, body: bytes, topics: int) -> None:
    for read in (
        lambda: packet.read_publish(flags, body),
        lambda: packet.read_connack(body),
        lambda: packet.read_packet_id(body),
        lambda: packet.read_suback(body, topics),
    ):
        try:
            read()
        except errors.MqttError:
            continue


# ---- light


@thorough
@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 400)), max_size=200))
def test_no_sequence_of_brightness_flashes_more_than_three_times_a_second(
    wishes: list[tuple[int, int]],
) -> None:
    guard = FlashGuard()
    now = 0
    low = high = 0
    risen = False
    flashes: list[int] = []
    for wish, ms in wishes:
        now += ms
        level = guard.limit(wish, now)
        assert level <= wish
        if risen:
            high = max(high, level)
            if high - level >= 26:
                risen, low = False, level
        else:
            low = min(low, level)
            if level - low >= 26:
                risen, high = True, level
                flashes.append(now)
    for index in range(3, len(flashes)):
        assert flashes[index] - flashes[index - 3] >= 1000

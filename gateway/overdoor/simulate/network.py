"""A broker that retains, dies and forgets, and connections that are slow, cut, or half-open.

Within a connection messages keep their order, as TCP sees to it; between connections anything may
overtake anything. A connection that is cut loses what is under way; one that is half-open takes
everything and delivers nothing, until somebody notices.
"""

from collections.abc import Callable
from typing import NamedTuple

from overdoor.simulate.clock import Luck, Timeline


class Message(NamedTuple):
    """What is published. `retain` asks the broker to keep it, `retained` says that it did."""

    topic: str
    payload: bytes
    retain: bool = False
    retained: bool = False


class Client(NamedTuple):
    """What a connection tells its client."""

    on_up: Callable[["Link"], None]
    on_message: Callable[[Message], None]
    on_down: Callable[[], None]


class Link:
    """One connection between a client and the broker."""

    def __init__(self, broker: "Broker", name: str, will: Message, client: Client) -> None:
        self.name = name
        self.will = will
        self.alive = True
        self.silent = False  # half-open
        self.under_way = 0
        self.topics: list[str] = []
        self._wants: dict[str, bool] = {}
        self._broker = broker
        self._client = client
        self._last = {True: 0, False: 0}

    def publish(self, message: Message) -> None:
        """The client says something."""
        self._send(True, lambda: self._broker.publish(message, self))

    def subscribe(self, topics: list[str]) -> None:
        """The client wants to hear of topics, and what is retained there; `+` is one level."""
        self._send(True, lambda: self._broker.subscribe(self, topics))

    def deliver(self, message: Message) -> None:
        """The broker passes something on."""
        self._send(False, lambda: self._client.on_message(message))

    def wants(self, topic: str) -> bool:
        """Whether the client subscribed to this topic."""
        known = self._wants.get(topic)
        if known is None:
            known = any(_matches(wanted, topic) for wanted in self.topics)
            self._wants[topic] = known
        return known

    def renew(self) -> None:
        """Its subscriptions changed."""
        self._wants.clear()

    def end(self, *, tell: bool = True) -> None:
        """The connection is over; whatever is under way is lost."""
        if self.alive:
            self.alive = False
            if tell:
                self._client.on_down()

    def _send(self, up: bool, do: Callable[[], None]) -> None:
        if not self.alive or self.silent:
            return
        timeline = self._broker.timeline
        at = max(self._last[up], timeline.now + self._broker.delay(self.name, up))
        self._last[up] = at
        self.under_way += 1

        def arrive() -> None:
            self.under_way -= 1
            if self.alive and not self.silent:
                do()

        timeline.at(at, arrive)


class Broker:
    """As much of an MQTT broker as the contract needs: retained messages, wills, clean sessions."""

    def __init__(self, timeline: Timeline, luck: Luck, slow_ms: int, doubles: float) -> None:
        self.timeline = timeline
        self.alive = True
        self.retained: dict[str, bytes] = {}
        self.links: dict[str, Link] = {}
        self._luck = luck
        self._slow_ms = slow_ms
        self._doubles = doubles

    def delay(self, name: str, up: bool) -> int:
        """How long a message is under way: mostly short, now and then not."""
        where = f"{name}{up}{self.timeline.now}"
        slow = self._luck(f"slow{where}", 20) == 0
        return self._luck(where, self._slow_ms + 1) if slow else 1 + self._luck(where, 6)

    def connect(self, name: str, will: Message, client: Client) -> bool:
        """A client knocks; whether anybody answered."""
        if not self.alive:
            return False
        self.drop(name)  # taken over: the old connection's will is spoken
        link = self.links[name] = Link(self, name, will, client)
        link._send(False, lambda: client.on_up(link))
        return True

    def subscribe(self, link: Link, topics: list[str]) -> None:
        """Remembers the topics and says what is retained there."""
        link.topics += topics
        link.renew()
        for wanted in topics:
            for topic, payload in list(self.retained.items()):
                if _matches(wanted, topic):
                    link.deliver(Message(topic, payload, retained=True))

    def publish(self, message: Message, by: Link | None = None) -> None:
        """Keeps what is to be retained and passes it on; now and then twice, as QoS 1 may."""
        if message.retain:
            if message.payload:
                self.retained[message.topic] = message.payload
            else:
                self.retained.pop(message.topic, None)
        fate = self._luck(f"{message.topic}{self.timeline.now}", 10_000)
        times = 2 if by is not None and fate < self._doubles * 10_000 else 1
        for link in list(self.links.values()):
            if link.wants(message.topic):
                for _ in range(times):
                    link.deliver(Message(message.topic, message.payload))

    def drop(self, name: str, *, tell: bool = True) -> None:
        """A connection is lost, and the broker knows: it speaks the will."""
        link = self.links.pop(name, None)
        if link is not None:
            link.end(tell=tell)
            self.publish(link.will)

    def leave(self, link: Link) -> None:
        """A client says goodbye: its will is not spoken."""
        if self.links.get(link.name) is link:
            del self.links[link.name]
        link.end()

    def forget(self, link: Link) -> None:
        """The keep-alive of a connection ran out, if it was not taken over before."""
        if self.links.get(link.name) is link:
            self.drop(link.name)

    def die(self, *, forgets: bool) -> None:
        """The process ends, and every connection with it; nobody speaks a will."""
        self.alive = False
        links, self.links = self.links, {}
        if forgets:
            self.retained.clear()
        for link in links.values():
            link.end()

    def revive(self) -> None:
        """It runs again, with what it kept."""
        self.alive = True

    def quiet(self) -> bool:
        """Whether nothing is under way."""
        return all(link.under_way == 0 for link in self.links.values())


def _matches(wanted: str, topic: str) -> bool:
    if wanted == topic:
        return True
    if "+" not in wanted:
        return False
    parts, other = wanted.split("/"), topic.split("/")
    return len(parts) == len(other) and all(
        part in ("+", level) for part, level in zip(parts, other, strict=True)
    )

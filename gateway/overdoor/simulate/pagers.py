"""Pagers in the pockets of staff: they list calls; what their keys say is held until receipted."""

import json
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from overdoor.bus.topics import Topics
from overdoor.simulate.network import Client, Link, Message

if TYPE_CHECKING:
    from overdoor.simulate.world import World

RESEND_MS = 8_000
TRY_AGAIN_MS = 4_000


@dataclass
class Said:
    """A key that was pressed, until the gateway has it."""

    n: int
    at: int
    body: dict[str, Any]


class Pager:
    """One pager, as a bare client of the contract."""

    def __init__(self, world: "World", id_: str, topics: Topics, rng: Random) -> None:
        self.id = id_
        self.waiting: list[Said] = []
        self._world = world
        self._topics = topics
        self._rng = rng
        self._boot = f"{rng.getrandbits(48):012x}"
        self._last_n = 0
        self._rev = 0  # of the list that is shown
        self._seen: set[str] = set()
        self._link: Link | None = None

    def connect(self) -> None:
        """Tries until the broker takes it."""
        if self._link is not None:
            return
        will = Message(self._topics.device(self.id, "status"), b"offline", retain=True)
        client = Client(self._on_up, self._on_message, self._on_down)
        if not self._world.broker.connect(self.id, will, client):
            self._world.timeline.after(TRY_AGAIN_MS, self.connect)

    def _on_up(self, link: Link) -> None:
        self._link = link
        link.subscribe([self._topics.device(self.id, leaf) for leaf in ("page", "receipt")])
        link.publish(Message(self._topics.device(self.id, "status"), b"online", retain=True))
        self._send_again(link)

    def _on_down(self) -> None:
        self._link = None
        self._world.timeline.after(TRY_AGAIN_MS, self.connect)

    def _on_message(self, message: Message) -> None:
        if not message.payload:
            return
        said = json.loads(message.payload)
        if message.topic.endswith("/receipt"):
            self._receipted(said)
            return
        self._rev = said["rev"]
        for call in said["calls"]:
            if call["state"] == "raised" and call["call"] not in self._seen:
                self._seen.add(call["call"])
                self._later(2, 9, lambda id_=call["call"]: self._goes(id_))

    def _goes(self, call: str) -> None:
        """Somebody looks at the list and says what they do; some look too late."""
        mood = self._rng.random()
        if mood < 0.5:
            self._say(call, "acknowledge")
            self._later(3, 30, lambda: self._say(call, "arrive"))
        elif mood < 0.6:
            self._say(call, "decline")
        elif mood < 0.7:
            self._say(call, "arrive")

    def _say(self, call: str, answer: str) -> None:
        self._last_n += 1
        body = {"type": "answer", "call": call, "rev": self._rev, "answer": answer}
        said = Said(self._last_n, self._world.timeline.now, body)
        self.waiting.append(said)
        if self._link is not None:
            self._publish(self._link, said)

    def _publish(self, link: Link, said: Said) -> None:
        key = {"v": 1, "boot": self._boot, "n": said.n, "low": self.waiting[0].n}
        age = {"age_ms": self._world.timeline.now - said.at}
        payload = json.dumps(key | age | said.body).encode()
        link.publish(Message(self._topics.device(self.id, "event"), payload))

    def _send_again(self, link: Link) -> None:
        if self._link is link:
            for said in self.waiting:
                self._publish(link, said)
            self._world.timeline.after(RESEND_MS, lambda: self._send_again(link))

    def _receipted(self, said: dict[str, Any]) -> None:
        upto = dict([(said["boot"], said["n"]), *said["also"]]).get(self._boot, 0)
        for waiting in self.waiting:
            key = (self.id, self._boot, waiting.n)
            if waiting.n <= upto and not self._world.watch.is_stored(key):
                self._world.watch.broke(f"{self.id} is told of answer {waiting.n}, not stored")
        self.waiting = [waiting for waiting in self.waiting if waiting.n > upto]

    def _later(self, least_s: int, most_s: int, do: Any) -> None:
        self._world.timeline.after(self._rng.randint(least_s * 1000, most_s * 1000), do)

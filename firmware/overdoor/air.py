"""A device's topics on the broker: what it says there, and what it listens to."""

import json

from .compat import const
from .errors import MqttError

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Write

GATEWAY = "gateway/status"
_SETTLE_MS = const(1000)


class Air:
    """Says things while there is a session; what is said without one is lost.

    A leaf is what comes after `device/{device}/` in a topic.
    """

    def __init__(self, config, leaves: tuple, log: "Write"):
        """`leaves` are what it listens to beside the gateway's status; `log(text)` takes a line."""
        shop = "overdoor/1/%s/" % config.shop
        self._topic = "%sdevice/%s/" % (shop, config.device)
        self._ears = {self._topic + leaf: leaf for leaf in leaves}
        self._ears[shop + GATEWAY] = GATEWAY
        self._log = log
        self._client = None

    @property
    def up(self) -> bool:
        """Whether there is a session."""
        return self._client is not None

    @property
    def will(self) -> tuple:
        """What the broker says when the device falls silent: (topic, payload)."""
        return self._topic + "status", b"offline"

    def begin(self, client) -> None:
        """A session began: listen, and say that the device is there."""
        self._client = client
        try:
            client.subscribe(list(self._ears))
        except MqttError as error:  # the session ends by itself and the next one says it again
            self._log("link: %s" % error)
        self.publish("status", b"online", True)

    def end(self) -> None:
        """The session is over."""
        self._client = None

    def leaf(self, topic: str):
        """Which of the leaves a topic is, or GATEWAY; None for any other."""
        return self._ears.get(topic)

    def say(self, leaf: str, body: dict, retain: bool = False, qos: int = 1) -> None:
        """Publish JSON."""
        self.publish(leaf, json.dumps(body).encode(), retain, qos)

    def publish(self, leaf: str, payload: bytes, retain: bool = False, qos: int = 1) -> None:
        """Publish bytes."""
        if self._client is None:
            return
        try:
            self._client.publish(self._topic + leaf, payload, qos, retain)
        except MqttError as error:  # the session ends by itself; the outbox sends again
            self._log("link: %s" % error)

    async def settle(self) -> None:
        """Wait until the broker has acknowledged everything, for a second at most."""
        if self._client is not None:
            await self._client.settle(_SETTLE_MS)

    async def leave(self) -> None:
        """Say goodbye, so that no will is spoken."""
        client = self._client
        if client is not None:
            await client.settle(_SETTLE_MS)
            client.leave()
            await client.settle(_SETTLE_MS)

"""Updates of devices: what is offered to whom, how far it is, and the pieces that they ask for.

What is offered was signed elsewhere; nothing here could make a device run something else. It is
kept in memory: after a restart of the gateway it is offered anew, and devices go on with what they
have. How the last update of a device ended is written down.
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeGuard

import structlog

from overdoor.core.model import DeviceStatus
from overdoor.engine import Engine
from overdoor.orders import NoAnswer, NotCarried, Orders
from overdoor.store import updates

PIECE_LIMIT = 2048
ANSWER_S = 30.0  # then the order is given again: it may have got lost, or its answer
LATER_S = 2.0
PIECES_PER_S = 200  # of one device; what is beyond it asks for again

log = structlog.get_logger()


class Stage(StrEnum):
    """How far an update is."""

    WAITING = "waiting"  # for the device
    FETCHING = "fetching"
    STARTING = "starting"  # all of it is there and checked
    TRIAL = "trial"  # the new version runs, and is not confirmed
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    ROLLED_BACK = "rolled-back"


_BEGUN = (Stage.STARTING, Stage.TRIAL)
ENDED = (Stage.CONFIRMED, Stage.REFUSED, Stage.ROLLED_BACK)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A version for one device: the manifest, its HMAC in hex, and the files in its order."""

    version: str
    manifest: bytes
    mac: str
    files: Sequence[bytes]

    @property
    def name(self) -> str:
        """What pieces are asked for by: the first half of the HMAC."""
        return self.mac[:32]

    @property
    def size(self) -> int:
        """Bytes of everything."""
        return len(self.manifest) + sum(map(len, self.files))

    def args(self) -> dict[str, Any]:
        """Of the command."""
        return {"version": self.version, "size": len(self.manifest), "mac": self.mac}


@dataclass(slots=True)
class Offer:
    """One update of one device."""

    device: str
    bundle: Bundle
    stage: Stage = Stage.WAITING
    reason: str | None = None
    sent: int = 0  # bytes, of those that the device really asked for
    known: Mapping[str, Any] | None = None  # how its last update stood before this one
    task: asyncio.Task[None] | None = None
    _window: list[float] = field(default_factory=lambda: [0.0, 0.0])

    def may_ask(self) -> bool:
        """Whether another piece in this second is not too much."""
        now = time.monotonic()
        if now - self._window[0] >= 1:
            self._window[:] = [now, 0]
        self._window[1] += 1
        return self._window[1] <= PIECES_PER_S

    def enter(self, stage: Stage, reason: str | None = None) -> None:
        """Goes on to the next stage."""
        if stage is not self.stage:
            told = {"device": self.device, "version": self.bundle.version, "stage": str(stage)}
            log.info("an update goes on", **told, **({"reason": reason} if reason else {}))
        self.stage, self.reason = stage, reason


class Updates:
    """The updates that were offered, one a device."""

    def __init__(self, engine: Engine, orders: Orders) -> None:
        self._engine = engine
        self._orders = orders
        self._offers: dict[str, Offer] = {}
        self._changed = asyncio.Event()
        engine.listen(lambda _: self._changed.set())

    def offer(self, device: str, bundle: Bundle) -> Offer:
        """Offers an update; the same one that is under way goes on."""
        before = self._offers.get(device)
        if before is not None:
            if before.bundle.mac == bundle.mac and before.stage not in ENDED:
                return before
            self.withdraw(device)
        known = self._engine.telemetry.get(device, {}).get("update")
        offer = self._offers[device] = Offer(device, bundle, known=known)
        offer.task = asyncio.create_task(self._deliver(offer))
        return offer

    def get(self, device: str) -> Offer | None:
        """The last offer to a device."""
        return self._offers.get(device)

    def withdraw(self, device: str) -> None:
        """Forgets an offer. A device that fetches it gives up by itself."""
        offer = self._offers.pop(device, None)
        if offer is not None and offer.task is not None:
            offer.task.cancel()

    def close(self) -> None:
        """Lets go of everything."""
        for device in list(self._offers):
            self.withdraw(device)

    # -- what devices say ------------------------------------------------------------------------

    def piece(self, device: str, payload: bytes) -> bytes | None:
        """The answer to a `want`: a line of JSON, then the bytes. None for what makes no sense."""
        offer = self._offers.get(device)
        if offer is None or len(payload) > 512 or not offer.may_ask():
            return None
        try:
            want = json.loads(payload)
        except (ValueError, RecursionError):
            return None
        if not isinstance(want, dict) or want.get("bundle") != offer.bundle.name:
            return None
        index, at, size = (want.get(key) for key in ("file", "at", "size"))
        parts = (offer.bundle.manifest, *offer.bundle.files)
        if not _whole(index, len(parts) - 1) or not _whole(size, PIECE_LIMIT):
            return None
        data = parts[index]
        if not _whole(at, len(data)):
            return None
        if offer.stage is Stage.WAITING:
            self._enter(offer, Stage.FETCHING)
        offer.sent = max(offer.sent, sum(map(len, parts[:index])) + at)
        head = json.dumps({"v": 1, "bundle": offer.bundle.name, "file": index, "at": at})
        return head.encode() + b"\n" + data[at : at + size]

    def told(self, device: str, firmware: str | None, update: Mapping[str, Any] | None) -> None:
        """An `info`: which version runs, and how the device's last update stands."""
        offer = self._offers.get(device)
        if update is None:
            return
        if offer is None or offer.stage in ENDED:
            self._correct(device, update)
            return
        version = offer.bundle.version
        if update.get("version") != version:
            return
        state = update.get("state")
        if firmware == version:
            offer.sent = offer.bundle.size
            self._enter(offer, Stage.CONFIRMED if state == "confirmed" else Stage.TRIAL)
        elif state == "rolled-back":
            begun = offer.stage in _BEGUN
            if begun or update != offer.known:  # else it is told of the update before
                self._enter(offer, Stage.ROLLED_BACK, _reason(update))

    def _correct(self, device: str, update: Mapping[str, Any]) -> None:
        """What a device says of an update that ended while no gateway looked, or changed since."""
        state = update.get("state")
        if state not in (Stage.CONFIRMED, Stage.ROLLED_BACK):
            return
        kept = updates.last(self._engine.store, device)
        if kept is None or kept.version != update["version"]:
            return
        if kept.stage not in (state, Stage.REFUSED):
            self._keep(device, kept.version, state, _reason(update) if "reason" in update else None)

    def _enter(self, offer: Offer, stage: Stage, reason: str | None = None) -> None:
        if stage is not offer.stage and stage in (*_BEGUN, *ENDED):
            self._keep(offer.device, offer.bundle.version, stage, reason)
        offer.enter(stage, reason)

    def _keep(self, device: str, version: str, stage: str, reason: str | None) -> None:
        row = updates.Kept(device, self._engine.clock(), version, str(stage), reason)
        self._engine.keep([row.statement()])

    # -- the order -------------------------------------------------------------------------------

    async def _deliver(self, offer: Offer) -> None:
        """Gives the order until the device has done it, or refused."""
        while offer.stage not in ENDED:
            await self._online(offer.device)
            try:
                answer = await self._orders.give(
                    offer.device, "update", offer.bundle.args(), ANSWER_S
                )
            except (NoAnswer, NotCarried) as error:
                if isinstance(error, NotCarried):
                    await asyncio.sleep(LATER_S)
                continue
            if answer.reason is None:
                state = answer.data.get("state")
                if state == "restarts":
                    offer.sent = offer.bundle.size
                    self._enter(offer, Stage.STARTING)
                elif state == "runs":
                    offer.sent = offer.bundle.size
                    self._enter(offer, Stage.CONFIRMED)
                    return
                elif state == "trial":
                    self._enter(offer, Stage.TRIAL)
                await asyncio.sleep(ANSWER_S)  # from here on its info tells
            elif answer.data.get("later") is True:
                await asyncio.sleep(LATER_S)
            elif offer.stage not in ENDED:
                self._enter(offer, Stage.REFUSED, answer.reason)

    async def _online(self, device: str) -> None:
        while True:
            self._changed.clear()
            known = self._engine.committed.devices.get(device)
            online = known is not None and known.status is DeviceStatus.ONLINE
            if online and self._engine.broker_up:
                return
            await self._changed.wait()


def _reason(update: Mapping[str, Any]) -> str:
    return str(update.get("reason") or "no reason given")


def _whole(value: object, most: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most

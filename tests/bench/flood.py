"""One device that says a thousand things a second, and what a press elsewhere waits for then."""

import asyncio
import json
import statistics
from itertools import chain
from pathlib import Path

from tests.bench import place
from tests.bench.client import Client
from tests.bench.rooms import DEVICE, Room

ROOMS = 20
PRESSES, BLOCKS = 500, 5
A_SECOND = 1000
EVERY_S = 0.01
QUEUES = "max_inflight_messages 1000\nmax_queued_messages 10000\n"  # as docs/running.md has it


class Noise:
    """A device of the shop that goes mad, or is stolen."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.said = 0

    async def go_on(self) -> None:
        """Presses, a thousand a second, until cancelled."""
        loop = asyncio.get_running_loop()
        moment = loop.time()
        while True:
            for _ in range(round(A_SECOND * EVERY_S)):
                self.said += 1
                event = {"v": 1, "boot": "0123456789ab", "n": self.said, "low": 1, "age_ms": 0}
                event |= {"type": "button", "button": "call", "gesture": "press"}
                self._client.publish(f"{DEVICE}/cp-{ROOMS}/event", json.dumps(event).encode())
            moment += EVERY_S
            await asyncio.sleep(max(0.0, moment - loop.time()))


async def flood(folder: Path) -> None:
    """Presses in the other rooms, in turns without and with the noise."""
    async with place.broker(folder, QUEUES) as port:
        config = place.shop(folder, port, ROOMS + 1, pagers=False)
        async with place.gateway(config):
            rooms = [await Room.connect(port, number) for number in range(ROOMS)]
            noise = Noise(await Client.connect(port, "noise", [], lambda *_: None))
            quiet, beside = list[list[float]](), list[list[float]]()
            for _ in range(BLOCKS):
                quiet.append(await _presses(rooms))
                making = asyncio.create_task(noise.go_on())
                await asyncio.sleep(1)  # its burst is over
                began, said = asyncio.get_running_loop().time(), noise.said
                beside.append(await _presses(rooms))
                rate = (noise.said - said) / (asyncio.get_running_loop().time() - began)
                making.cancel()
    _tell(quiet, beside, rate)


async def _presses(rooms: list[Room]) -> list[float]:
    """Seconds from press to signal, one at a time, room after room."""
    waits = []
    for number in range(PRESSES // BLOCKS):
        room = rooms[number % len(rooms)]
        waits.append(await room.ours("press", "raised"))
        await room.ours("hold", "idle")
        await asyncio.sleep(EVERY_S)  # no room says more than it may itself
    return waits


def _tell(quiet: list[list[float]], beside: list[list[float]], rate: float) -> None:
    print(
        f"\nPress -> signal in {ROOMS} rooms; another device is quiet, or says {rate:.0f} things/s:"
    )
    medians = [statistics.median(chain(*side)) * 1000 for side in (quiet, beside)]
    for name, median, side in zip(("quiet", "flooded"), medians, (quiet, beside), strict=True):
        each = [statistics.median(block) * 1000 for block in side]
        print(f"  {name:10} median {median:.2f} ms ({min(each):.2f}..{max(each):.2f}), n {PRESSES}")
    print(f"  ratio {medians[1] / medians[0]:.2f}; the goal is that it stays below 2")

"""Draws a pager in several states with the real firmware, for the picture in the docs and its test.

    MICROPYPATH=firmware/sim:firmware:.frozen micropython firmware/sim/pager_states.py SCREEN

SCREEN is ssd1306 or st7789. Prints one JSON object for each state: what it is, the lines of text,
and the points of the screen in hexadecimal.
"""

import asyncio
import json
import sys

import machine
from pocket import Pocket

from overdoor import config as configuration
from overdoor import pagerboard
from overdoor.layout import lines

_CONFIG = {
    "shop": "demo",
    "device": "pg-1",
    "kind": "pager",
    "model": "simulated",
    "broker": {"host": "127.0.0.1"},
    "wifi": {"ssid": "simulated", "password": ""},
}


def _call(id_, name, zone, seconds, state="raised", by=None, need=None):
    call = {"call": id_, "room": id_, "name": name, "zone_name": zone, "age_ms": seconds * 1000}
    call.update({"state": state, "by": by, "need": need})
    return call


_W2 = ("w2", "Women 2", "Women", 32)
_KIDS = _call("k1", "Детска 1", "Деца", 8)


class Scene:
    """One pager, its time, and its screen."""

    def __init__(self, screen: str):
        config = configuration.parse(json.dumps(dict(_CONFIG, screen=screen)))
        self._pocket = Pocket(config)
        self._board = pagerboard.make(machine, None, config.pins, screen, None, None, _no_time)
        self._config = config
        self._now = 100000
        self.pager, self._panel = self._board.parts(config, "0" * 12, self.now, ["a", "b"])
        self._view = None
        self._rev = 0

    def now(self) -> int:
        return self._now

    def do(self, actions: list) -> None:
        for action in actions:
            if action[0] == "show":
                self._view = action[1]
                self._panel.show(action[1])

    def page(self, *calls) -> None:
        self._rev += 1
        said = json.dumps({"v": 1, "rev": self._rev, "calls": calls, "more": 0})
        self.do(self.pager.page(said.encode(), False, self._now))

    def wait(self, ms: int) -> None:
        self._now += ms
        self.do(self.pager.tick(self._now))

    def key(self, name: str) -> None:
        self.do(self.pager.button(name, True, self._now, self._now))
        self.do(self.pager.button(name, False, self._now + 80, self._now + 80))

    async def tell(self, state: str) -> None:
        await self._panel.draw()
        columns = 16 if self._config.screen == "ssd1306" else 15
        shown = [text.strip() for text, _, _ in lines(self._view, columns)]
        print(json.dumps({"state": state, "lines": shown, "points": self._pocket.points()}))


def _no_time(ms: int) -> None:
    """A simulated chip needs no time to start."""


async def _story(screen: str) -> None:
    scene = Scene(screen)
    scene.do(scene.pager.connected(scene.now()))
    scene.page()
    await scene.tell("idle")
    scene.page(_call(*_W2, need="another-size"), _KIDS)
    scene.wait(1000)
    await scene.tell("two calls")
    scene.key("a")
    await scene.tell("answered, not confirmed yet")
    scene.page(_call(*_W2, state="acknowledged", by="pg-1", need="another-size"), _KIDS)
    scene.wait(1000)
    await scene.tell("own call")
    scene.page(_call("w2", "Women 2", "Women", 50, "arrived", "pg-1"))
    await scene.tell("there")
    scene.page(_call("m1", "Ανδρών 1", "Άνδρες", 20))
    scene.wait(1000)
    scene.key("a")
    scene.page(_call("m1", "Ανδρών 1", "Άνδρες", 22, "acknowledged", "ana"))
    receipt = {"v": 1, "boot": "0" * 12, "n": 2, "also": []}
    scene.do(scene.pager.receipt(json.dumps(receipt).encode(), scene.now()))
    scene.wait(2000)
    await scene.tell("somebody was faster")
    scene.page(_call("w5", "Umkleide für Gäste 5", "Damen", 75), _KIDS)
    scene.wait(7000)
    scene.do(scene.pager.disconnected(scene.now()))
    scene.wait(42000)
    await scene.tell("link lost")
    scene.page()
    await scene.tell("link lost, no calls known")


if __name__ == "__main__":
    asyncio.run(_story(sys.argv[1]))

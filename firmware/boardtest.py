"""Measures a board that has the firmware on it. `overdoor device test` runs it; BOARD_TESTS.md says
what for. Each function prints one JSON object a line; times are ms unless named otherwise.

It is no part of what a board keeps.
"""

import asyncio
import gc
import json
import os
import socket
import time

import machine
import neopixel

from overdoor import config as configuration

_SCRATCH = "boardtest.tmp"
_RECORD = b"x" * 64  # about what an event takes
_IDLE_S = 5


def say(**told):
    """One line for the host."""
    print(json.dumps(told))


def flash_writes(count=50):
    """How long it takes until a record is on flash, appended and closed as the outbox does."""
    times = []
    for _ in range(count):
        began = time.ticks_us()
        with open(_SCRATCH, "ab") as file:
            file.write(_RECORD)
        times.append(time.ticks_diff(time.ticks_us(), began) / 1000)
    os.remove(_SCRATCH)
    times.sort()
    say(median=times[count // 2], worst=times[-1])


def ring(seconds=3):
    """Lights the ring, and says how long writing to it takes."""
    config = configuration.load("config.json")
    if "ring_power" in config.pins:
        machine.Pin(config.pins["ring_power"], machine.Pin.OUT, value=1)
    pin = machine.Pin(config.pins["ring"], machine.Pin.OUT)
    leds = neopixel.NeoPixel(pin, config.ring_leds)
    leds.fill((255, 255, 255))
    began = time.ticks_us()
    leds.write()
    took = time.ticks_diff(time.ticks_us(), began) / 1000
    time.sleep(seconds)
    leds.fill((0, 0, 0))
    leds.write()
    say(write=took)


def lamp(seconds=3):
    """Lights the lamp over the door."""
    config = configuration.load("config.json")
    pin = machine.Pin(config.pins["lamp"], machine.Pin.OUT)
    light = machine.PWM(pin, freq=1000, duty_u16=0)
    light.duty_u16(65535)
    time.sleep(seconds)
    light.duty_u16(0)
    say(lit=seconds)


def name_lookup():
    """How long everything stands still while the broker's name is looked up; 0 for an address."""
    config = configuration.load("config.json")
    began = time.ticks_us()
    try:
        socket.getaddrinfo(config.host, config.port)
        found = True
    except OSError:
        found = False
    say(found=found, took=time.ticks_diff(time.ticks_us(), began) / 1000)


def serve(build, presses, limit_s, press=None):
    """Runs the firmware itself until the call button was pressed so often, and times it.

    `build` is that of main.py. `press()` presses where nobody can; on a board, a person does.
    """
    asyncio.run(_serve(build, presses, limit_s, press))


async def _serve(build, presses, limit_s, press):
    began = time.ticks_ms()
    rig = _Rig(build("config.json"))
    running = asyncio.create_task(rig.device.run())
    try:
        connected = await _before(limit_s, lambda: rig.device._air.up or running.done())
        if running.done():
            await running  # raises what ended it
        if not connected:
            say(fault="not connected within %d s" % limit_s)
            return
        say(connected=time.ticks_diff(time.ticks_ms(), began))
        await asyncio.sleep(1)  # what the connection began is done
        gc.collect()
        say(heap_free=gc.mem_free(), heap_used=gc.mem_alloc())
        say(garbage_per_minute=await _idle())
        for number in range(presses):
            say(press=number + 1)
            rig.expect()
            if press is not None:
                press()
            if not await _before(limit_s, rig.complete):
                say(fault="no press that was shown and sent within %d s" % limit_s)
                return
            say(flash=rig.flash, publish=rig.publish)
            await asyncio.sleep(1)
        say(worst_delay=rig.device._supervisor.worst_delay_ms)
    finally:
        running.cancel()


async def _before(limit_s, true):
    """Whether something came true in time; says each second that it waits."""
    for step in range(limit_s * 50):
        if true():
            return True
        if step % 50 == 49:
            say(waiting=True)
        await asyncio.sleep(0.02)
    return False


async def _idle():
    """Bytes of garbage that a minute makes in which nothing happens."""
    gc.collect()
    before = gc.mem_alloc()
    await asyncio.sleep(_IDLE_S)
    return (gc.mem_alloc() - before) * 60 // _IDLE_S


class _Rig:
    """A device of which it is noted when a press was seen, shown and sent."""

    def __init__(self, device):
        self.device = device
        self.flash = self.publish = None
        self._pressed = None
        self._on_button, self._on_publish = device._on_button, device._air.publish
        self._write = device._board.ring.write
        device._on_button, device._air.publish = self._button, self._publishing
        device._board.ring.write = self._writing

    def expect(self):
        """The next press counts."""
        self.flash = self.publish = self._pressed = None

    def complete(self):
        """Whether a press came, was shown and was sent."""
        return self.flash is not None and self.publish is not None

    def _since(self):
        return time.ticks_diff(time.ticks_ms(), self._pressed)

    def _button(self, name, closed, at_ms):
        if closed and self._pressed is None:
            now = self.device._clock.now()
            self._pressed = time.ticks_add(time.ticks_ms(), at_ms - now)  # the edge, not its news
        self._on_button(name, closed, at_ms)

    def _publishing(self, leaf, *message):
        self._on_publish(leaf, *message)
        if leaf == "event" and self._pressed is not None and self.publish is None:
            self.publish = self._since()

    def _writing(self):
        self._write()
        if self._pressed is not None and self.flash is None:
            self.flash = self._since()

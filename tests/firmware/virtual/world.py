"""A whole device in virtual time: the real firmware, simulated hardware, a broker that can fail."""

import asyncio
import random
import select
import socket
import time

import esp32
import machine
import neopixel
import network
from flag import Flag

from overdoor import config as configuration
from overdoor import packet
from overdoor.board import Board
from overdoor.main import Device
from overdoor.nvs import Numbers

asyncio.ThreadSafeFlag = Flag

PERIOD = 1 << 30  # of an ESP32's ticks
WRAPS_AFTER_MS = 120000
PINS = {"call": 32, "presence": 14, "ring": 4, "lamp": 33}
WIFI_PASSWORD = "a secret of the shop"
BROKER_PASSWORD = "a secret of the device"


_worlds = [0]


class WatchdogReset(SystemExit):
    """The hardware watchdog was not fed in time."""


class TheEnd(SystemExit):
    """A story is told."""


class Restart(SystemExit):
    """The device restarted itself."""


class WrappingTime:
    """`time` with the ticks of an ESP32, which wrap two minutes after the start.

    asyncio keeps those of this port, because its queue is in C.
    """

    def __init__(self):
        self._shift = -WRAPS_AFTER_MS - time.ticks_ms()

    def ticks_ms(self):
        return (time.ticks_ms() + self._shift) % PERIOD

    @staticmethod
    def ticks_diff(end, start):
        return (end - start + PERIOD // 2) % PERIOD - PERIOD // 2


class Conversation:
    """The broker's end of a connection."""

    def __init__(self, broker, sock):
        self._broker = broker
        self._sock = sock
        self._heard = b""
        self.refuses = broker.tcp == "refuses"
        self.takes = broker.tcp != "silent"

    def hear(self, data):
        self._heard += data
        while len(self._heard) >= 2:
            length = shift = 0
            end = 1
            while True:
                length, shift = packet.remaining_length(length, shift, self._heard[end])
                end += 1
                if not shift:
                    break
            if len(self._heard) < end + length:
                return
            first, body = self._heard[0], self._heard[end : end + length]
            self._heard = self._heard[end + length :]
            self._answer(first, body)

    def _answer(self, first, body):
        broker, kind = self._broker, first >> 4
        if kind == 1:
            broker.hellos += 1
            if broker.hangs_up:
                self._sock.ended = True
            elif broker.connack is not None:
                self._sock.inbox += broker.connack
        elif broker.deaf:
            return
        elif kind == 3:
            topic, payload, packet_id, _ = packet.read_publish(first & 15, body)
            broker.messages.append((topic, payload))
            self._sock.inbox += packet.puback(packet_id)
        elif kind == 8:
            topics, at = 0, 2
            while at < len(body):
                at += 2 + int.from_bytes(body[at : at + 2], "big") + 1
                topics += 1
            self._sock.inbox += b"\x90" + bytes([2 + topics]) + body[:2] + b"\x01" * topics
        elif kind == 12:
            self._sock.inbox += b"\xd0\x00"

    def say(self, topic, payload, retain=False):
        self._sock.inbox += packet.publish(topic, payload, None, retain)

    def hang_up(self):
        self._sock.ended = True


class Broker:
    """Accepts, and answers as it is told to."""

    def __init__(self):
        self.tcp = "accepts"  # or refuses, silent
        self.handshake = "good"  # or silent, bad, ends
        self.connack = b"\x20\x02\x00\x00"  # None says nothing
        self.hangs_up = False  # instead
        self.deaf = False  # a half-open connection: nothing comes back any more
        self.hellos = 0
        self.messages = []
        self.last = None

    def accept(self, sock, address):
        self.last = Conversation(self, sock)
        return self.last

    def cure(self):
        self.tcp, self.handshake, self.connack = "accepts", "good", b"\x20\x02\x00\x00"
        self.hangs_up = self.deaf = False


class NoFiles:
    """Flash that takes everything; no world here boots twice."""

    def read(self, name):
        return []

    def append(self, name, data):
        pass

    def replace(self, name, pieces):
        pass

    def remove(self, name):
        pass


class World:
    """One device and what is around it."""

    def __init__(self, broker=None, tls=False, numbers=None):
        random.seed(7)  # of the backoffs
        self.broker = Broker()
        socket.broker[0] = self.broker
        socket.names.clear()
        socket.lookups.clear()
        socket.socket.open = 0
        network.set_air(None)
        machine._watchdog.clear()
        time.on_advance[:] = [self._bite]
        self.config = configuration.parse(CONFIG)
        self.config.wifi_password = WIFI_PASSWORD
        self.config.password = BROKER_PASSWORD
        for name, value in (broker or {}).items():
            setattr(self.config, name, value)
        self.config.ca = b"\x30" if tls else None
        self.printed = []
        if numbers is None:
            _worlds[0] += 1
            numbers = Numbers(esp32.NVS("world%d" % _worlds[0]))
        self.numbers = numbers
        self.wlan = network.WLAN()
        self.ring = neopixel.NeoPixel(machine.Pin(PINS["ring"]), 1)
        self.buttons = {
            name: machine.Pin(PINS[name], machine.Pin.IN, machine.Pin.PULL_UP)
            for name in ("call", "presence")
        }
        machine.reset = self._reset
        board = Board(
            machine, self.wlan, self.buttons, self.ring, machine.PWM(machine.Pin(33)), self.numbers
        )
        self.device = Device(self.config, board, WrappingTime(), self.printed.append, NoFiles())
        self.began = time.ticks_ms()
        self.worst_ms = self.worst_steps = self.presses = 0

    def now(self):
        """Virtual ms since the start."""
        return time.ticks_ms() - self.began

    @property
    def course(self):
        return self.device._link.course

    @property
    def wifi(self):
        return self.device._radio.wifi

    def white(self):
        return self.ring.shown() == ["ffffff"]

    def run(self, story):
        """Run the device while `await story(self)` goes on."""

        failures = []

        async def tell():
            try:
                await story(self)
            except Exception as error:  # next: out of here with it
                failures.append(error)
            raise TheEnd

        async def both():
            asyncio.create_task(tell())
            await self.device.run()

        asyncio.new_event_loop()
        try:
            asyncio.run(both())
        except TheEnd:
            if failures:
                raise failures[0] from None

    async def until(self, wanted, limit_ms=120000):
        """Wait until `wanted()`; fails when it takes longer."""
        end = self.now() + limit_ms
        while not wanted():
            if self.now() >= end:
                raise AssertionError("not within %d ms; printed: %r" % (limit_ms, self.printed))
            await asyncio.sleep(0.01)

    async def press(self, ms=80, button="call"):
        """Press, and note how long and for how many turns of the loop the ring took to flash."""
        pin = self.buttons[button]
        seen = []

        def look():
            if not seen and self.white():
                seen.append((time.ticks_ms(), select.steps[0]))

        machine.on_output(look)
        began, steps = time.ticks_ms(), select.steps[0]
        pin.drive(0)
        await asyncio.sleep(ms / 1000)
        pin.drive(1)
        await asyncio.sleep(0.5)
        machine._on_output.remove(look)
        if button == "call":
            assert seen, "the press did not flash"
            self.presses += 1
            self.worst_ms = max(self.worst_ms, seen[0][0] - began)
            self.worst_steps = max(self.worst_steps, seen[0][1] - steps)

    def _bite(self):
        if machine.watchdog_bites():
            raise WatchdogReset

    def _reset(self):
        raise Restart(3)


CONFIG = """{"shop": "test", "device": "cp-w1", "model": "sim",
    "broker": {"host": "10.0.0.1", "user": "cp-w1", "password": "x"},
    "wifi": {"ssid": "shop", "password": "x"},
    "pins": {"call": 32, "presence": 14, "ring": 4, "lamp": 33}}"""

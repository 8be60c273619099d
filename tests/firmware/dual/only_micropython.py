"""What exists on MicroPython only: the button behind a real ThreadSafeFlag, the device's wiring."""

import asyncio
import time

import micropython
from overdoor_device.board import Board
from overdoor_device.button import Button
from overdoor_device.clock import Clock
from overdoor_device.config import parse
from overdoor_device.main import Device


class Pin:
    IRQ_FALLING = 1
    IRQ_RISING = 2

    def __init__(self):
        self.level = 1
        self.handler = None

    def irq(self, handler, trigger):  # no `hard`, as on an ESP32
        self.handler = handler

    def value(self):
        return self.level

    def drive(self, level):
        self.level = level
        self.handler(self)


class HardPin(Pin):
    def __init__(self):
        super().__init__()
        self.hard = False

    def irq(self, handler, trigger, hard=False):
        self.handler = handler
        self.hard = hard


async def press(edges, pin=None):
    """Drive the pin through [(at_ms, level), ...]; return the reports of the first release."""
    pin = pin or Pin()
    clock = Clock(time.ticks_ms, time.ticks_diff)
    button = Button("call", pin, clock, time.ticks_ms)
    reports = []
    released = asyncio.Event()

    def deliver(name, closed, at_ms):
        reports.append((name, closed, at_ms))
        if not closed:
            released.set()

    task = asyncio.create_task(button.run(deliver, lambda: None))
    await asyncio.sleep(0)
    began = clock.now()
    for at_ms, level in edges:
        await asyncio.sleep(max(0, began + at_ms - clock.now()) / 1000)
        pin.drive(level)
    await asyncio.wait_for(released.wait(), 5)
    task.cancel()
    return reports, began


def test_a_press_comes_through_the_real_flag():
    reports, began = asyncio.run(press([(0, 0), (60, 1)]))
    assert [report[:2] for report in reports] == [("call", True), ("call", False)]
    assert 0 <= reports[0][2] - began < 50


def test_a_hard_interrupt_is_used_where_there_is_one():
    pin = HardPin()
    reports, _ = asyncio.run(press([(0, 0), (60, 1)], pin))
    assert pin.hard
    assert [report[1] for report in reports] == [True, False]


def test_the_handler_needs_no_memory():
    pin = HardPin()
    button = Button("call", pin, Clock(time.ticks_ms, time.ticks_diff), time.ticks_ms)
    pin.handler = button._on_edge
    pin.drive(0)
    micropython.heap_lock()
    try:
        for level in (1, 0, 1, 0, 1, 0):
            pin.drive(level)
    finally:
        micropython.heap_unlock()


def test_a_storm_of_edges_is_survived():
    # Far more edges than slots within one turn of the loop; the contact ends up closed.
    storm = [(0, edge % 2) for edge in range(101)]
    storm.append((60, 1))
    reports, _ = asyncio.run(press(storm))
    assert [report[1] for report in reports] == [True, False]


class Recorder:
    """Hardware, flash and broker at once: takes down who was asked for what, in order."""

    PWRON_RESET = 1

    n = 1

    def __init__(self):
        self.said = []
        self.ring = None

    def get(self, name):
        return 0

    def set(self, name, value):
        pass

    def reset_cause(self):
        return self.PWRON_RESET

    def __len__(self):
        return 1

    def __getitem__(self, led):
        return self.ring

    def __setitem__(self, led, colour):
        self.ring = colour

    def fill(self, colour):
        self.ring = colour

    def write(self):
        self.said.append("ring")

    def duty_u16(self, value):
        self.said.append("lamp")

    def read(self, name):
        return []

    def append(self, name, data):
        self.said.append("flash")

    def subscribe(self, topics):
        pass

    def publish(self, topic, payload, qos, retain):
        if topic.endswith("/event"):
            self.said.append("air")

    def status(self, what):
        return -50


def test_a_press_lights_the_ring_then_goes_to_flash_then_on_the_air():
    recorder = Recorder()
    config = parse(
        '{"shop": "demo", "device": "cp-w1", "model": "x", "broker": {"host": "127.0.0.1"},'
        '"wifi": {"ssid": "s", "password": "p"}, "pins": {"call": 1, "ring": 2, "lamp": 3}}'
    )
    board = Board(recorder, recorder, {}, recorder, recorder, recorder)
    device = Device(config, board, time, print, recorder)
    device._on_up(recorder)
    del recorder.said[:]
    device._on_button("call", True, 0)
    assert recorder.said == ["lamp", "ring", "flash", "air"]

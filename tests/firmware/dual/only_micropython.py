"""What exists on MicroPython only: the button behind a real ThreadSafeFlag and simulated pins."""

import asyncio
import time

from overdoor_device.button import Button
from overdoor_device.clock import Clock


class Pin:
    IRQ_FALLING = 1
    IRQ_RISING = 2

    def __init__(self):
        self.level = 1
        self.handler = None

    def irq(self, handler, trigger):
        self.handler = handler

    def value(self):
        return self.level

    def drive(self, level):
        self.level = level
        self.handler(self)


async def press(edges):
    """Drive the pin through [(at_ms, level), ...]; return the reports of the first release."""
    pin = Pin()
    clock = Clock(time.ticks_ms, time.ticks_diff)
    button = Button("call", pin, clock, time.ticks_ms)
    reports = []
    released = asyncio.Event()

    def deliver(name, closed, at_ms):
        reports.append((name, closed, at_ms))
        if not closed:
            released.set()

    task = asyncio.create_task(button.run(deliver))
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


def test_a_storm_of_edges_is_survived():
    # Far more edges than slots within one turn of the loop; the contact ends up closed.
    storm = [(0, edge % 2) for edge in range(101)]
    storm.append((60, 1))
    reports, _ = asyncio.run(press(storm))
    assert [report[1] for report in reports] == [True, False]

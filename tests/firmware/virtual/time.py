"""Stands in for MicroPython's `time`: the clock moves only when everybody waits, or in `sleep`.

It is an hour ahead of the real clock: asyncio's queue, which is in C, asks that one when a task is
due at once, and must find it in the past.
"""

import utime

_now = [utime.ticks_ms() + 3600000]
on_advance = []  # called after each step of the clock


def advance(ms):
    _now[0] += ms
    for callback in on_advance:
        callback()


def ticks_ms():
    return _now[0]


def ticks_add(ticks, delta):
    return ticks + delta


def ticks_diff(end, start):
    return end - start


def sleep_ms(ms):
    advance(ms)


def sleep(seconds):
    advance(int(seconds * 1000))

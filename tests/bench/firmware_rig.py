"""Runs on MicroPython: the measurements of firmware/boardtest.py, with a simulated finger.

    micropython firmware_rig.py PRESSES LOAD

LOAD 1: the radio goes every second while it is pressed, which is as busy as a call point gets.
"""

import asyncio
import sys

import flag

asyncio.ThreadSafeFlag = flag.Flag

import boardtest
import machine
import network
from overdoor import config as configuration
from overdoor import start

_PRESS_MS = 80
_FLAP_S = 1


async def _release(contact):
    await asyncio.sleep(_PRESS_MS / 1000)
    contact.drive(1)


def _press():
    contact = machine.input_pin(configuration.DEFAULT_PINS["call"])
    contact.drive(0)
    asyncio.create_task(_release(contact))


async def _flap():
    while True:
        await asyncio.sleep(_FLAP_S)
        network.set_air("no_access_point")
        await asyncio.sleep(_FLAP_S)
        network.set_air(None)


def _build(path):
    if sys.argv[2] == "1":
        asyncio.create_task(_flap())
    return start.build(path)


boardtest.serve(_build, int(sys.argv[1]), 20, _press)

"""A room whose boot stub waits for a second only: impatient_room.py config.json."""

import asyncio
import sys

import room

import main as stub

stub._IMPORT_MS = 1000
asyncio.run(room._main(sys.argv[1], "power_on"))

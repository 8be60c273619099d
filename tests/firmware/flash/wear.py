"""What presses cost a flash chip: wear.py FOLDER online|offline PRESSES. JSON, per press."""

import json
import sys

sys.path.insert(0, sys.argv[1])

from chip import Fuse, formatted, unmount
from device import BLOCKS, Device

mode, presses = sys.argv[2], int(sys.argv[3])
device = Device(formatted(BLOCKS), Fuse())
device.journal.small = 4096  # as on a board
if mode == "online":
    device.connect()
chip = device.chip
writes, erases, size, worst = chip.writes, chip.erases, chip.bytes, 0
for _ in range(presses):
    before = device.fuse.operations
    device.press()
    worst = max(worst, device.fuse.operations - before)
    if mode == "online":
        device.receipt()
        device.tend()
print(
    json.dumps(
        {
            "writes": (chip.writes - writes) / presses,
            "erases": (chip.erases - erases) / presses,
            "bytes": (chip.bytes - size) / presses,
            "most_operations_in_a_press": worst,
        }
    )
)
unmount()

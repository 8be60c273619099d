"""Power cuts at every block operation: power_cut.py FOLDER PLANTED every|chance [FIRST COUNT].

PLANTED is the name of a bug, or none. Prints what was tried and the failures as JSON.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

import planted
from chip import ALL, HALF, NOTHING, Broken, Fuse, formatted, unmount
from device import BLOCKS
from stories import STORY, by_chance

EMPTY = formatted(BLOCKS)


def run(kind, steps, cuts) -> int:
    """A story in which the power goes as `cuts` say. Returns the block operations of it."""
    fuse = Fuse(cuts)
    try:
        device = kind(bytearray(EMPTY), fuse)
        for step in steps:
            device.do(step)
            while device.lost_power():
                device.cut()
        done = fuse.operations
        fuse.spare()
        device.settle()
        return done
    finally:
        unmount()


def every(kind) -> dict:
    whole = run(kind, STORY, ())
    failures = []
    runs = 0
    for cut_at in range(1, whole + 1):
        for how in (NOTHING, HALF, ALL):
            runs += 1
            try:
                run(kind, STORY, [(cut_at, how)])
            except Broken as error:
                failures.append([cut_at, how, str(error)])
    return {"operations": whole, "runs": runs, "failures": failures}


def chance(kind, first: int, count: int) -> dict:
    failures = []
    for seed in range(first, first + count):
        try:
            run(kind, *by_chance(seed))
        except Broken as error:
            failures.append([seed, str(error)])
    return {"runs": count, "failures": failures}


kind = planted.BUGS[sys.argv[2]]
try:
    if sys.argv[3] == "every":
        print(json.dumps(every(kind)))
    else:
        print(json.dumps(chance(kind, int(sys.argv[4]), int(sys.argv[5]))))
except Broken as error:  # even without a power cut
    print(json.dumps({"runs": 1, "failures": [str(error)]}))

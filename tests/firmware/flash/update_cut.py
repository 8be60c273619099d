"""Power cuts at every block operation of an update: update_cut.py FOLDER BUG STORY [SEED COUNT].

STORY is what the new version is like: fine, "no import" or "no link". With SEED and COUNT there are
several cuts by chance instead. Prints what was tried and the failures as JSON.
"""

import json
import os
import random
import sys

sys.path.insert(0, sys.argv[1])

from chip import ALL, HALF, NOTHING, Broken, Chip, Fuse, mount, unmount
from update_bugs import BUGS
from updating import FACTORY, FINE, NEW, NEXT, OLD, ROOT, Bundle, files_of, updated_once

ENOUGH = 3  # failures


def run(kind, story: str, cuts) -> int:
    """An update in which the power goes as `cuts` say. Returns the block operations of it."""
    fuse = Fuse(cuts)
    known = {
        FACTORY: files_of(FACTORY),
        OLD: files_of(OLD),
        NEW: files_of(NEW, story),
        NEXT: files_of(NEXT),
    }
    board = kind(bytearray(START), fuse, known)
    bundle = Bundle(NEW, known[NEW])
    if story == FINE:
        board.reach(bundle, lambda version, pointer: pointer == {"run": NEW})
    else:
        board.reach(bundle, lambda version, pointer: pointer.get("failed") == NEW)
        if board.ran[-1] != OLD:
            raise Broken("the old version does not run after a roll-back")
    done = fuse.operations
    fuse.spare()
    if FACTORY in board.ran:
        raise Broken("neither the old nor the new version was there")
    # The update is over, and the next one can be done.
    board.reach(Bundle(NEXT, known[NEXT]), lambda version, pointer: pointer == {"run": NEXT})
    mount(Chip(board.data, Fuse()))
    left = os.listdir(ROOT + "/fw")
    unmount()
    if left != [NEXT]:
        raise Broken("a version was left on flash: %s" % left)
    return done


def every(kind, story: str) -> dict:
    whole = run(kind, story, ())
    failures = []
    runs = 0
    for cut_at in range(1, whole + 1):
        for how in (NOTHING, HALF, ALL):
            runs += 1
            if len(failures) > ENOUGH:
                break
            try:
                run(kind, story, [(cut_at, how)])
            except Broken as error:
                failures.append([cut_at, how, str(error)])
    return {"operations": whole, "runs": runs, "failures": failures}


def chance(kind, story: str, first: int, count: int) -> dict:
    failures = []
    for seed in range(first, first + count):
        random.seed(seed)
        cuts = [(random.randint(1, 90), random.randint(0, 2)) for _ in range(random.randint(2, 6))]
        try:
            run(kind, story, cuts)
        except Broken as error:
            failures.append([seed, str(error)])
    return {"runs": count, "failures": failures}


START = updated_once()
kind, story = BUGS[sys.argv[2]], sys.argv[3]
try:
    if len(sys.argv) > 4:
        print(json.dumps(chance(kind, story, int(sys.argv[4]), int(sys.argv[5]))))
    else:
        print(json.dumps(every(kind, story)))
except Broken as error:  # even without a power cut
    print(json.dumps({"runs": 1, "failures": [str(error)]}))

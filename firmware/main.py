"""Runs at power-up, and is never updated: picks the version of the firmware and starts it.

What it relies on is fixed for good: `firmware.json` (written by `overdoor/slots.py`), the folders
`fw/VERSION`, and `overdoor.start.main(guard)` in each version. The version that was flashed by
cable lies beside this file and is the last resort.
"""

import json
import os
import sys

import machine

_POINTER = "firmware.json"
_IMPORT_MS = 60000  # a version on trial whose import takes longer than this hangs
_TRIAL_MS = 900000  # a version that neither gets confirmed nor ends its trial is ended here


def choose(root: str) -> tuple:
    """(version, whether it is on trial) for this boot; "" is the one flashed by cable."""
    pointer = _read(root)
    run, new = pointer.get("run", ""), pointer.get("new")
    if new and pointer.get("armed"):
        pointer["armed"] = False  # before it runs: whatever happens to it, the next boot is safe
        try:
            _write(root, pointer)
        except OSError as error:  # flash is worn out or full
            print("boot: the new version is not tried: %r" % error)
            return run, False
        return new, True
    return run, False


def failed(root: str, version: str, error) -> None:
    """A version does not start: from the next boot on, the one before it runs."""
    run = _read(root).get("run", "")
    why = "it does not start: %r" % error
    _write(root, {"run": "" if run == version else run, "failed": version, "why": why[:120]})


def start(root: str = ""):
    """Imports the version to run. Returns (`overdoor.start`, guard); restarts if that fails."""
    version, on_trial = choose(root)
    if on_trial:  # before anything of it runs; a timer alone would need an interpreter that turns
        machine.WDT(timeout=_IMPORT_MS)
    if version:
        sys.path.insert(0, "%s/fw/%s" % (root, version))
    try:
        import overdoor.start as chosen  # noqa: PLC0415 - only now it is known which one
    except Exception as error:  # whatever a broken version does
        if not version:
            raise
        print("boot: %s does not start: %r" % (version, error))
        try:
            failed(root, version, error)
        finally:  # even if flash keeps nothing: a version on trial is not tried again
            machine.reset()
    guard = None
    if on_trial:
        machine.WDT(timeout=_TRIAL_MS)  # until the version takes it over
        guard = machine.Timer(0)
        guard.init(mode=machine.Timer.ONE_SHOT, period=_TRIAL_MS, callback=_end_trial)
    return chosen, guard


def _end_trial(timer) -> None:
    machine.reset()


def _read(root: str) -> dict:
    try:
        with open(_path(root)) as file:
            said = json.load(file)
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _write(root: str, pointer: dict) -> None:
    with open(_path(root) + ".new", "w") as file:
        file.write(json.dumps(pointer))
    os.rename(_path(root) + ".new", _path(root))


def _path(root: str) -> str:
    return root + "/" + _POINTER if root else _POINTER


if __name__ == "__main__":
    firmware, timer = start()
    firmware.main(timer)

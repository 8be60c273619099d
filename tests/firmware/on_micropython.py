"""Runs the test_* functions of one file on MicroPython: on_micropython.py FOLDER MODULE."""

import sys

import overdoor

PARTS = (
    "absence",
    "actions",
    "alert",
    "badges",
    "battery",
    "bell",
    "button",
    "calllist",
    "callpoint",
    "checks",
    "clock",
    "config",
    "course",
    "digest",
    "fault",
    "flash",
    "flight",
    "glyphs",
    "journal",
    "lamp",
    "layout",
    "letters",
    "link",
    "log",
    "main",
    "manifest",
    "mqtt",
    "nap",
    "nvs",
    "orders",
    "outbox",
    "packet",
    "pager",
    "panel",
    "passwords",
    "patterns",
    "payload",
    "powerup",
    "record",
    "selection",
    "slots",
    "supervisor",
    "trial",
    "update",
    "updater",
    "wifi",
    "wire",
)

# The tests name the package as pytest must, where the gateway's package is called overdoor too.
sys.modules["overdoor_device"] = overdoor
for part in PARTS:
    __import__("overdoor." + part)
    sys.modules["overdoor_device." + part] = sys.modules["overdoor." + part]

sys.path.insert(0, sys.argv[1])
module = __import__(sys.argv[2])
failures = 0
tests = sorted([name for name in dir(module) if name.startswith("test_")])
for name in tests:
    try:
        getattr(module, name)()
    except BaseException as error:
        failures += 1
        print("FAILED", name)
        sys.print_exception(error, sys.stdout)
print(len(tests), "tests,", failures, "failures")
sys.exit(1 if failures or not tests else 0)

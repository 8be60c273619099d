"""What a device says about itself."""

import gc
import sys

from . import PROTOCOL, VERSION

RESETS = (
    ("PWRON_RESET", "power_on"),
    ("HARD_RESET", "hard"),
    ("WDT_RESET", "watchdog"),
    ("DEEPSLEEP_RESET", "deep_sleep"),
    ("SOFT_RESET", "soft"),
)
ON_PURPOSE = ("hard", "soft")  # what `machine.reset()` shows as: power was never gone


def reset_name(machine) -> str:
    """Why the device started, in one word."""
    cause = machine.reset_cause()
    for constant, name in RESETS:
        if cause == getattr(machine, constant, None):
            return name
    return "unknown"


def info(
    config,
    caps: list,
    boot: str,
    reset: str,
    safe: bool,
    trouble: list,
    rssi,
    uptime_ms: int,
    outbox: int,
    update,
) -> dict:
    """The `info` of the contract.

    `trouble`: what is wrong, in a few words each. `update`: how the last one stands, or None.
    """
    gc.collect()
    return {
        "v": PROTOCOL,
        "kind": config.kind,
        "model": config.model,
        "firmware": VERSION,
        "micropython": ".".join([str(part) for part in sys.implementation.version[:3]]),
        "mpy": getattr(sys.implementation, "_mpy", 0),  # which compiled modules it reads
        "update": update,
        "boot": boot,
        "reset": reset,
        "caps": caps,
        "mode": "safe" if safe else "normal",
        "trouble": trouble,
        "rssi": rssi,
        "heap_free": gc.mem_free(),
        "uptime_s": uptime_ms // 1000,
        "outbox": outbox,
    }

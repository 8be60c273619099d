"""What a device says about itself."""

import gc
import sys

from . import PROTOCOL, VERSION
from .compat import const

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:
    from .callbacks import Now

RESETS = (
    ("PWRON_RESET", "power_on"),
    ("HARD_RESET", "hard"),
    ("WDT_RESET", "watchdog"),
    ("DEEPSLEEP_RESET", "deep_sleep"),
    ("SOFT_RESET", "soft"),
)
ON_PURPOSE = ("hard", "soft")  # what `machine.reset()` shows as: power was never gone
_INFO_MS = const(300000)
_LOG_SIZE = const(2000)  # characters; a packet has to fit into memory twice


def reset_name(machine) -> str:
    """Why the device started, in one word."""
    cause = machine.reset_cause()
    for constant, name in RESETS:
        if cause == getattr(machine, constant, None):
            return name
    return "unknown"


class Report:
    """Asks the parts of a device how they are."""

    def __init__(
        self,
        config,
        caps: list,
        boot: str,
        reset: str,
        boots,
        supervisor,
        keeper,
        outbox,
        link,
        radio,
        slots,
        log,
        now: "Now",
    ):
        """`reset` is as of `reset_name`, `caps` what buttons and lights it has; `now()` gives ms.

        The others are the parts, each an object of the class that has its name.
        """
        self._config = config
        self._caps = caps
        self._boot = boot
        self._reset = reset
        self._boots = boots
        self._supervisor = supervisor
        self._keeper = keeper
        self._outbox = outbox
        self._link = link
        self._radio = radio
        self._slots = slots
        self._log = log
        self._now = now
        self._told_at = 0
        self._stalled = ()  # the tasks without progress in the last info

    def due(self) -> bool:
        """Whether the info that was told last is too old, or no longer true."""
        late = self._now() - self._told_at >= _INFO_MS
        return late or self._supervisor.stalled != self._stalled

    def info(self) -> dict:
        """The `info` of the contract, to be told now."""
        self._told_at = self._now()
        self._stalled = self._supervisor.stalled
        return self._info()

    def full(self) -> dict:
        """The answer to `report`: the info, counters, and the last lines of the log."""
        data = self._info()
        data["boots"] = self._boots.count
        data["sessions"] = self._link.course.sessions
        data["joins"] = self._radio.wifi.joins
        data["resends"] = self._outbox.resends
        data["dropped"] = self._outbox.dropped
        data["flash_faults"] = self._keeper.faults
        data["worst_delay_ms"] = self._supervisor.worst_delay_ms
        data["log"] = self._log.tail(_LOG_SIZE)
        return data

    def _info(self) -> dict:
        gc.collect()
        return {
            "v": PROTOCOL,
            "kind": self._config.kind,
            "model": self._config.model,
            "firmware": VERSION,
            "micropython": ".".join([str(part) for part in sys.implementation.version[:3]]),
            "mpy": getattr(sys.implementation, "_mpy", 0),  # which compiled modules it reads
            "update": self._update(),
            "password_number": self._link.passwords.number,
            "boot": self._boot,
            "reset": self._reset,
            "caps": self._caps,
            "mode": "safe" if self._boots.safe else "normal",
            "trouble": self._trouble(),
            "rssi": self._radio.rssi(),
            "heap_free": gc.mem_free(),
            "uptime_s": self._now() // 1000,
            "outbox": len(self._outbox),
        }

    def _trouble(self) -> list:
        trouble = ["no progress of " + name for name in self._supervisor.stalled]
        if not self._keeper.ok:
            trouble.append("no flash")
        return trouble

    def _update(self):
        """How the last update stands, or None."""
        try:
            return self._slots.outcome()
        except OSError:
            return None

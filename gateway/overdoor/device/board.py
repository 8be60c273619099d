"""A board on a serial port: the only place that knows mpremote.

Its transport is used and not its command, because a fault has to be told apart from another to say
what to do next, and because looking, writing and checking share one connection.
"""

import contextlib
import io
import json
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import serial
import serial.tools.list_ports
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from overdoor.device.problem import DeviceError

OLDEST = (1, 24)
_CHUNK = 512  # bytes; a board has them in RAM as source text, up to four times as long
_ANSWER_S = 3.0
_TRIES = 3
_BACK_S = 20.0  # a board with USB of its own goes away at a reset and comes back
_BROKEN = (serial.SerialException, OSError, TransportError, struct.error)
_NO_SPACE = "ENOSPC"

_LOOK = """
import os,sys,json
v=os.statvfs('')
i=sys.implementation
print(json.dumps([i.name,list(i.version[:2]),getattr(i,'_machine',sys.platform),\
getattr(i,'_mpy',0),v[0]*v[3],v[0]]))
"""
_HASHES = """
import hashlib,json,binascii
b=bytearray(512);m=memoryview(b)
for p in %r:
 try:
  f=open(p,'rb')
 except OSError:
  continue
 h=hashlib.sha256();s=0
 while 1:
  n=f.readinto(b)
  if not n:break
  h.update(m[:n]);s+=n
 f.close()
 print(json.dumps([p,binascii.hexlify(h.digest()).decode(),s]))
"""
_LIST = """
import os,json
try:
 print(json.dumps([e[0] for e in os.ilistdir(%r)]))
except OSError:
 print('[]')
"""
_MAKE_FOLDER = """
import os
try:
 os.mkdir(%r)
except OSError as e:
 if e.errno!=17:raise
"""
_REMOVE = """
import os
def r(p):
 try:
  for e in list(os.ilistdir(p)):r(p+'/'+e[0])
  os.rmdir(p)
 except OSError:os.remove(p)
r(%r)
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a board says that it is."""

    version: tuple[int, int]  # of MicroPython
    machine: str
    mpy: int  # which compiled modules it reads; bundle.architecture
    free: int  # bytes on its filesystem
    block: int  # bytes that a file takes at least

    @property
    def chip(self) -> str:
        """ESP32, ESP32C3, ESP32S3, ..., without a hyphen; or what it is otherwise."""
        return self.machine.rpartition(" with ")[2].replace("-", "")


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that is on a board."""

    digest: str
    size: int


class Board:
    """A board that answers. Every method raises `DeviceError` when the connection breaks."""

    def __init__(self, port: str, transport: SerialTransport) -> None:
        self.port = port
        self._transport = transport

    @classmethod
    @contextlib.contextmanager
    def open(cls, port: str) -> Iterator[Self]:
        """Stops what the board runs, and talks to it. Raises `DeviceError`."""
        board = cls(port, _connect(port))
        try:
            board._interrupt()
            yield board
        finally:
            board._close()

    def facts(self) -> Facts:
        """Asks the board what it is. Raises `DeviceError` if it cannot run the firmware."""
        name, version, machine, mpy, free, block = json.loads(self.run(_LOOK))
        facts = Facts((version[0], version[1]), machine, mpy, free, block)
        if name != "micropython":
            raise DeviceError(f"The board on {self.port} runs {name}; it needs MicroPython.")
        if facts.version < OLDEST:
            is_, needs = (".".join(map(str, each)) for each in (facts.version, OLDEST))
            raise DeviceError(
                f"The board has MicroPython {is_}; it needs {needs} or newer. Write a newer image "
                "with esptool, as firmware/README.md shows, and run this again."
            )
        return facts

    def stored(self, paths: Iterable[str]) -> dict[str, Stored]:
        """Size and SHA-256 of those of these files that are there, as the board reads them."""
        found = {}
        for line in self.run(_HASHES % (list(paths),)).splitlines():
            path, digest, size = json.loads(line)
            found[path] = Stored(digest, size)
        return found

    def listing(self, folder: str) -> list[str]:
        """The names in a folder; none if it is not there."""
        names: list[str] = json.loads(self.run(_LIST % folder))
        return names

    def make_folder(self, folder: str) -> None:
        """Makes sure that a folder is there."""
        self.run(_MAKE_FOLDER % folder)

    def remove(self, path: str) -> None:
        """Removes a file, or a folder with all that is in it."""
        self.run(_REMOVE % path)

    def read(self, path: str) -> bytes | None:
        """The content of a file; None if it is not there."""
        try:
            with self._told(f"while {path} was read"):
                return bytes(self._transport.fs_readfile(path, chunk_size=_CHUNK))
        except FileNotFoundError:
            return None

    def write(self, path: str, content: bytes, progress: Callable[[int], None]) -> None:
        """Writes a file; `progress` gets the number of bytes after each piece."""
        sent = 0

        def count(now: int, _: int) -> None:
            nonlocal sent
            progress(now - sent)
            sent = now

        try:
            with self._told(f"while {path} was written"):
                self._transport.fs_writefile(path, content, _CHUNK, count)
        except OSError as error:
            if error.errno == 28:  # ENOSPC, the board's
                raise no_space(self.port) from None
            raise DeviceError(f"The board cannot write {path}: {error.strerror}.") from None

    def run(self, source: str) -> str:
        """Runs Python on the board; what it printed."""
        with self._told("while it was asked something"):
            try:
                return bytes(self._transport.exec(source)).decode()
            except TransportExecError as error:
                if _NO_SPACE in error.error_output:
                    raise no_space(self.port) from None
                lines = error.error_output.strip().splitlines()
                raise DeviceError(
                    f"The board on {self.port} refuses: {lines[-1] if lines else 'no reason'}. "
                    "Press its reset button and run this again."
                ) from None

    def rename(self, old: str, new: str) -> None:
        """Gives a file another name, in place of one that has it."""
        self.run(f"import os\nos.rename({old!r},{new!r})")

    def watch(self, source: str, heard: Callable[[dict[str, Any]], None]) -> None:
        """Runs Python that prints JSON objects, and hands them on as they come.

        It must print at least every ten seconds. Other lines are the firmware's own log.
        """
        line = bytearray()

        def take(byte: bytes) -> None:
            if byte not in b"\n\x04":
                line.extend(byte)
                return
            text = line.decode(errors="replace").strip()
            line.clear()
            if text.startswith("{"):
                heard(json.loads(text))

        with self._told("while it was tested"):
            try:
                self._transport.exec(source, take)
            except TransportExecError as error:
                raise DeviceError(
                    f"The test ended on the board: {error.error_output.strip().splitlines()[-1]}."
                ) from None

    def reset(self) -> None:
        """Starts the board anew and lets go of it: it runs its `main.py` then."""
        with self._told("while it was reset"):
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()")
            time.sleep(0.1)  # the port sends what it holds before it is closed

    def restart(self) -> None:
        """Starts the board anew and talks on. Ends watchdog, interrupts and whatever else runs."""
        self.reset()
        self._close()
        until = time.monotonic() + _BACK_S
        while True:
            try:
                self._transport = _connect(self.port)
                self._interrupt()
            except DeviceError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
            else:
                return

    def _interrupt(self) -> None:
        """Ctrl-C, and the prompt for programs; a board that boots just now may miss the first."""
        for attempt in range(_TRIES):
            try:
                with contextlib.redirect_stdout(io.StringIO()):  # mpremote prints what it read
                    self._transport.enter_raw_repl(soft_reset=False, timeout_overall=_ANSWER_S)
            except _BROKEN:
                if attempt == _TRIES - 1:
                    raise DeviceError(
                        f"Nothing that speaks MicroPython answers on {self.port}. Press the "
                        "board's reset button and run this again; if it stays silent, write "
                        "MicroPython onto it first, as firmware/README.md shows."
                    ) from None
            else:
                return

    @contextlib.contextmanager
    def _told(self, when: str) -> Iterator[None]:
        """A broken connection, in words. Errors of the board's own files pass as `OSError`."""
        try:
            yield
        except (serial.SerialException, TransportError, struct.error) as error:
            raise self._lost(when, error) from None
        except OSError as error:
            if error.errno in (5, 6, 9, 25):  # the port is gone, not a file of the board
                raise self._lost(when, error) from None
            raise

    def _lost(self, when: str, error: Any) -> DeviceError:
        reason = " ".join(str(error).split()) or "no answer"
        return DeviceError(
            f"The connection to the board broke {when} ({reason}). Nothing is lost: plug it in "
            "again and run the same command, which goes on where this one ended."
        )

    def _close(self) -> None:
        with contextlib.suppress(*_BROKEN):
            self._transport.close()


def no_space(port: str) -> DeviceError:
    """The board is full."""
    return DeviceError(
        f"The board on {port} has no room left for the firmware. `mpremote connect {port} df` and "
        "`tree` show what fills it; remove that, or erase the board as firmware/README.md shows."
    )


def ports() -> list[str]:
    """The serial ports behind USB, where boards are."""
    return sorted(each.device for each in serial.tools.list_ports.comports() if each.vid)


def only_port() -> str:
    """The one port that can be meant. Raises `DeviceError` if there are none or several."""
    found = ports()
    if len(found) == 1:
        return found[0]
    if not found:
        raise DeviceError(
            "No board is on USB. Plug it in with a cable that carries data (many only charge); "
            "Windows and macOS may want the driver of its USB chip. Or say --port."
        )
    raise DeviceError(f"Several boards are on USB, so say which with --port: {', '.join(found)}.")


def _connect(port: str) -> SerialTransport:
    try:
        return SerialTransport(port, timeout=_ANSWER_S)
    except (*_BROKEN, ValueError):
        raise _cannot_open(port) from None


def _cannot_open(port: str) -> DeviceError:
    """Says why a port cannot be opened, which mpremote does not."""
    place = Path(port)
    if port.startswith("/") and not place.exists():
        there = ports()
        beside = f"there is {', '.join(there)}" if there else "no board is on USB"
        return DeviceError(f"There is no port {port}; {beside}. Plug the board in, or say --port.")
    try:
        serial.Serial(port, exclusive=True).close()
    except PermissionError:
        pass
    except serial.SerialException as error:
        if error.errno != 13:
            return DeviceError(
                f"The port {port} is in use by another program, or cannot be opened ({error}). "
                "Close mpremote, Thonny or whatever shows what the board prints, and try again."
            )
    else:
        return DeviceError(f"The port {port} could not be opened just now. Run this again.")
    return DeviceError(
        f"You may not open {port}. On Linux: sudo usermod -aG dialout $USER, then sign in again."
    )

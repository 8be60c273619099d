"""The gateway that runs, as it is asked from elsewhere on its machine."""

import json
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from overdoor.config import Config, WebPart
from overdoor.core.sentence import Sentence
from overdoor.store.store import is_locked

_ASK_S = 3.0
_LONGEST = 1_000_000  # bytes of an answer; ours are shorter
_WRITE_S = "overdoor_disk_write_seconds "  # how its line in /metrics begins


@dataclass(frozen=True, slots=True)
class Gateway:
    """What it says of itself. `reasons`: why it is not ready. `write_ms`: of its disk, if measured.

    One that hangs has the shop and takes connections, but does not answer.
    """

    reasons: Sequence[Sentence] = ()
    write_ms: float | None = None
    answers: bool = True


def ask(config: Config) -> Gateway | None:
    """Asks the gateway that runs; None if none does. Takes up to 6 s, if it hangs."""
    said = answer(config.web, "/readyz")
    if said == "" and is_locked(config.data.path):
        return Gateway(answers=False)
    try:
        reasons = [Sentence(str(why)) for why in json.loads(said or "")["reasons"]]
    except (ValueError, TypeError, KeyError):  # something else listens there
        return None
    return Gateway(reasons, _write_ms(answer(config.web, "/metrics") or ""))


def answer(web: WebPart, path: str) -> str | None:
    """What is said there; empty if it is not whole after 3 s, None if nobody listens for us."""
    host = web.here.partition("://")[2].rpartition(":")[0].strip("[]")
    ends = time.monotonic() + _ASK_S
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    try:
        plain = socket.create_connection((host, web.port), _ASK_S)
        with plain:
            plain.settimeout(_left(ends))
            asked = _unchecked().wrap_socket(plain) if web.scheme == "https" else plain
            with asked:
                asked.settimeout(_left(ends))
                asked.sendall(request)
                said = _read(asked, ends)
                return said.partition(b"\r\n\r\n")[2].decode(errors="replace")
    except TimeoutError:
        return ""
    except OSError:
        return None


def _read(asked: socket.socket, ends: float) -> bytes:
    """All that is said until then. Raises `OSError`, if there is more: `TimeoutError`."""
    said = bytearray()
    while len(said) < _LONGEST:
        asked.settimeout(_left(ends))
        if not (piece := asked.recv(65_536)):
            return bytes(said)
        said += piece
    raise TimeoutError


def _left(ends: float) -> float:
    """Seconds until then. Raises `TimeoutError`: a socket that is given none of them waits not."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _unchecked() -> ssl.SSLContext:
    """It is asked only whether it is there, on this machine."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _write_ms(metrics: str) -> float | None:
    for line in metrics.splitlines():
        if line.startswith(_WRITE_S):
            with suppress(ValueError):
                return float(line.removeprefix(_WRITE_S)) * 1000
    return None

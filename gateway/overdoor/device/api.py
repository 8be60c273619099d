"""What the running gateway knows of its devices, asked over its API.

Where the shop has accounts, a token that lasts a minute is put into the shop's database, which
whoever runs the command can write anyway.
"""

import json
import ssl
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote

from overdoor.config import Config
from overdoor.device.problem import DeviceError
from overdoor.store import accounts
from overdoor.store.accounts import Role

LIMIT_S = 5.0
COMMAND_LIMIT_S = 15.0  # longer than the gateway waits for the device
TOKEN_MS = 60_000


class GatewayAway(DeviceError):  # noqa: N818 - a state, not a mistake
    """No gateway answers."""


class Refused(DeviceError):  # noqa: N818 - a fact in the past tense
    """The gateway refuses, and says why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def devices(config: Config) -> list[dict[str, Any]] | None:
    """All that are planned or ever knocked; None while no gateway runs. Raises `DeviceError`."""
    try:
        told: list[dict[str, Any]] = _ask(config, "GET", "devices")["devices"]
    except GatewayAway:
        return None
    except KeyError:
        raise _no_gateway(config) from None
    return told


def rooms(config: Config) -> list[dict[str, Any]]:
    """The rooms of the plan with their open calls. Raises `DeviceError`."""
    try:
        told: list[dict[str, Any]] = _ask(config, "GET", "rooms")["rooms"]
    except KeyError:
        raise _no_gateway(config) from None
    return told


def command(config: Config, device: str, verb: str) -> dict[str, Any]:
    """What a device answers to an order. Raises `DeviceError`."""
    path = f"devices/{quote(device, safe='')}/command"
    try:
        told: dict[str, Any] = _ask(config, "POST", path, {"verb": verb}, COMMAND_LIMIT_S)["data"]
    except KeyError:
        raise _no_gateway(config) from None
    return told


def offer(config: Config, device: str, body: dict[str, Any]) -> None:
    """Offers a device a signed version. Raises `DeviceError`."""
    _ask(config, "PUT", _update(device), body, COMMAND_LIMIT_S)


def offered(config: Config, device: str) -> dict[str, Any] | None:
    """How far the offer is; None if the gateway knows of none. Raises `DeviceError`."""
    try:
        return _ask(config, "GET", _update(device))
    except Refused as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise


def withdraw(config: Config, device: str) -> None:
    """Offers it no longer. Raises `DeviceError`."""
    _ask(config, "DELETE", _update(device))


def readable(report: dict[str, Any]) -> list[str]:
    """The lines of a report. A device may have sent anything: no control character gets out."""
    log = report.get("log")
    counters = {key: value for key, value in report.items() if key != "log"}
    width = max((len(key) for key in counters), default=0)
    lines = []
    for key, value in counters.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        lines.append(f"{key.ljust(width)}  {shown}")
    for line in log if isinstance(log, list) else []:
        match line:
            case [int(at_ms), str(text)]:
                lines.append(f"{at_ms / 1000:10.1f}  {text}")
    return [printable(line) for line in lines]


def printable(text: str) -> str:
    """What a device said, as it may go to a terminal."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _update(device: str) -> str:
    return f"devices/{quote(device, safe='')}/update"


def _ask(
    config: Config,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    limit_s: float = LIMIT_S,
) -> dict[str, Any]:
    """An object, empty where the answer is. Raises `GatewayAway`, `Refused`, `DeviceError`."""
    request = urllib.request.Request(  # noqa: S310 - our gateway
        _url(config, path),
        json.dumps(body).encode() if body is not None else None,
        {"Content-Type": "application/json"},
        method=method,
    )
    try:
        with _open(config, request, limit_s) as answer:
            said = answer.read()
        told = json.loads(said) if said else {}
    except urllib.error.HTTPError as error:
        raise Refused(error.code, _why(error)) from None
    except (OSError, HTTPException):  # URLError and TimeoutError are among them
        raise GatewayAway("The gateway does not run, or does not answer.") from None
    except ValueError:
        raise _no_gateway(config) from None
    if not isinstance(told, dict):
        raise _no_gateway(config)
    return told


def _open(config: Config, request: urllib.request.Request, limit_s: float) -> HTTPResponse:
    """The answer to a request, asked again as a manager if it takes one."""
    tls = _pinned(config.web.tls_cert)
    answer: HTTPResponse
    try:
        answer = urllib.request.urlopen(request, timeout=limit_s, context=tls)  # noqa: S310 - ours
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.UNAUTHORIZED:
            raise
        token, now = accounts.new_token(), time.time_ns() // 1_000_000
        once = accounts.put_token(f"command {token[:8]}", token, Role.MANAGER, now, now + TOKEN_MS)
        with accounts.beside(config.data.path) as db:
            accounts.write(db, once)
        request.add_header("Authorization", f"Bearer {token}")
        answer = urllib.request.urlopen(request, timeout=limit_s, context=tls)  # noqa: S310
    return answer


def _pinned(certificate: Path | None) -> ssl.SSLContext | None:
    """Trusts exactly the gateway's own certificate, whatever it is called on this machine."""
    if certificate is None:
        return None
    try:
        context = ssl.create_default_context(cafile=str(certificate))
    except OSError as error:  # ssl.SSLError is one as well
        raise DeviceError(f"{certificate} is no certificate: {error}.") from None
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _no_gateway(config: Config) -> DeviceError:
    return DeviceError(f"What listens on {_url(config, '')} is not a gateway.")


def _why(error: urllib.error.HTTPError) -> str:
    try:
        detail: str = json.load(error)["detail"]
    except (ValueError, KeyError, TypeError):
        return (
            f"{error.url} answers {error.code}: what listens there is not this gateway, or an "
            "older one."
        )
    return detail


def _url(config: Config, path: str) -> str:
    return f"{config.web.here}/api/v1/{path}"


def ago(moment: str | None, now: datetime | None = None) -> str:
    """How long an RFC 3339 moment is past, roughly."""
    if moment is None:
        return "never"
    past = (now or datetime.now(UTC)) - datetime.fromisoformat(moment)
    for unit, length in (
        ("d", timedelta(days=1)),
        ("h", timedelta(hours=1)),
        ("min", timedelta(minutes=1)),
    ):
        if past >= length:
            return f"{past // length} {unit} ago"
    return "now"

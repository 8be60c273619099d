"""What the running gateway knows of its devices, asked over its API."""

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.parse import quote

from overdoor.config import Config
from overdoor.device.problem import DeviceError

LIMIT_S = 5.0
COMMAND_LIMIT_S = 15.0  # longer than the gateway waits for the device
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked for here, not bound


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
        with urllib.request.urlopen(request, timeout=limit_s) as answer:  # noqa: S310 - ours
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
    host = _EVERYWHERE.get(config.web.host, config.web.host)
    address = f"[{host}]" if ":" in host else host
    return f"http://{address}:{config.web.port}/api/v1/{path}"


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

"""What the running gateway knows of its devices, asked over its API."""

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from overdoor.config import Config
from overdoor.device.problem import DeviceError

LIMIT_S = 5.0
COMMAND_LIMIT_S = 15.0  # longer than the gateway waits for the device
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked for here, not bound


def devices(config: Config) -> list[dict[str, Any]] | None:
    """All that are planned or ever knocked; None while no gateway runs. Raises `DeviceError`."""
    url = _url(config, "devices")
    try:
        with urllib.request.urlopen(url, timeout=LIMIT_S) as answer:  # noqa: S310 - our gateway
            told: list[dict[str, Any]] = json.load(answer)["devices"]
    except urllib.error.HTTPError as error:
        raise DeviceError(
            f"{url} answers {error.code}: what listens there is not this gateway, or an older one."
        ) from None
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return None
    except (ValueError, KeyError):
        raise DeviceError(f"What listens on {url} is not a gateway.") from None
    return told


def command(config: Config, device: str, verb: str) -> dict[str, Any]:
    """What a device answers to an order. Raises `DeviceError`."""
    url = _url(config, f"devices/{quote(device, safe='')}/command")
    request = urllib.request.Request(  # noqa: S310 - our gateway
        url, json.dumps({"verb": verb}).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=COMMAND_LIMIT_S) as answer:  # noqa: S310
            told: dict[str, Any] = json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        raise DeviceError(_why(error)) from None
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        raise DeviceError("The gateway does not run, or does not answer.") from None
    except (ValueError, KeyError):
        raise DeviceError(f"What listens on {url} is not a gateway.") from None
    return told


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
    return ["".join(c if c.isprintable() else "?" for c in line) for line in lines]


def _why(error: urllib.error.HTTPError) -> str:
    try:
        detail: str = json.load(error)["detail"]
    except (ValueError, KeyError):
        return f"The gateway answers {error.code}: it may be an older one."
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

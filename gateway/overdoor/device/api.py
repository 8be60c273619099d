"""What the running gateway knows of its devices, asked over its API."""

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

from overdoor.config import Config
from overdoor.device.problem import DeviceError

LIMIT_S = 5.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - asked for here, not bound


def devices(config: Config) -> list[dict[str, Any]] | None:
    """All that are planned or ever knocked; None while no gateway runs. Raises `DeviceError`."""
    host = _EVERYWHERE.get(config.web.host, config.web.host)
    address = f"[{host}]" if ":" in host else host
    url = f"http://{address}:{config.web.port}/api/v1/devices"
    try:
        with urllib.request.urlopen(url, timeout=LIMIT_S) as answer:
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

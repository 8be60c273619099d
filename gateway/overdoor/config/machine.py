"""`[mqtt]`, `[web]`, `[data]` and `[privacy]`: where the gateway is reached, and what it keeps."""

import re
import socket
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    Field,
    Strict,
    field_validator,
    model_validator,
)

from overdoor.config.values import (
    Id,
    Part,
)

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to be asked for, not bound


class MqttPart(Part):
    """`[mqtt]`: the broker."""

    url: str = "embedded"
    port: int = Field(default=1883, ge=1, le=65535)  # of the embedded broker
    broker: Literal["auto", "mosquitto", "iotcore"] = "auto"  # which one is embedded
    ca: Path | None = None  # PEM: what vouches for an mqtts broker; None: what this machine trusts
    bind: str = "127.0.0.1"  # of the embedded broker; another one wants mosquitto and passwords
    tls_cert: Path | None = None  # PEM, of the embedded broker for devices; both or neither
    tls_key: Path | None = None

    @property
    def is_guarded(self) -> bool:
        """Whether devices reach the embedded broker from the network, with passwords."""
        return self.url == "embedded" and not ip_address(self.bind).is_loopback

    @field_validator("bind")
    @classmethod
    def _an_address(cls, value: str) -> str:
        try:
            ip_address(value)
        except ValueError:
            raise ValueError("it is an address of this machine, or '0.0.0.0'") from None
        return value

    @model_validator(mode="after")
    def _together(self) -> Self:
        loopback = ip_address(self.bind).is_loopback
        if self.url != "embedded" and not (loopback and self.tls_cert is None):
            raise ValueError("bind and tls_cert are for the embedded broker, and this one is not")
        if not loopback and self.broker == "iotcore":
            raise ValueError(
                "iotcore has neither passwords nor an access list, so it cannot listen beyond "
                "127.0.0.1; mosquitto can"
            )
        if (self.tls_cert is None) is not (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        if self.tls_cert is not None and (self.ca is None or loopback):
            raise ValueError("tls_cert wants a ca that vouches for it, and a bind for devices")
        return self

    @field_validator("url")
    @classmethod
    def _usable(cls, value: str) -> str:
        if value == "embedded":
            return value
        try:
            url = urlsplit(value)
            usable = url.scheme in ("mqtt", "mqtts") and url.hostname and (url.port or 1)
        except ValueError:
            usable = False
        if not usable:
            raise ValueError(
                "it is 'embedded', 'mqtt://host:1883' or 'mqtts://user:pass@host:8883'"
            )
        return value


class WebPart(Part):
    """`[web]`: where the pages are served."""

    bind: str = "127.0.0.1:8080"
    names: tuple[str, ...] = ()  # what else people type to get here, like "overdoor.shop.lan"
    mdns: Id | None = None  # "overdoor": say in the network that overdoor.local is here
    url: str | None = None  # what phones open, if it does not follow from these
    tls_cert: Path | None = None  # PEM, with those that vouch for it; both or neither
    tls_key: Path | None = None

    @field_validator("bind")
    @classmethod
    def _address(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ValueError("it is an address and a port, like '127.0.0.1:8080'")
        return value

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.tls_cert is None) is not (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        return self

    @property
    def scheme(self) -> str:
        """How browsers speak to it."""
        return "http" if self.tls_cert is None else "https"

    @property
    def here(self) -> str:
        """Where the pages are for this machine itself."""
        host = _EVERYWHERE.get(self.host, self.host)
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def host(self) -> str:
        """The address to listen on."""
        return self.bind.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port to listen on."""
        return int(self.bind.rpartition(":")[2])

    @field_validator("url")
    @classmethod
    def _origin(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^/\s?#@]+/?", value):
            raise ValueError("it is how a phone gets here, like 'http://overdoor.shop.lan:8080'")
        return value and value.rstrip("/")

    @property
    def all_names(self) -> tuple[str, ...]:
        """What the gateway answers to, beside the names of its machine."""
        found = self.names if self.mdns is None else (*self.names, f"{self.mdns}.local")
        return found if self.url is None else (*found, urlsplit(self.url).hostname or "")

    @property
    def origin(self) -> str:
        """What stands before the path in an address on a card."""
        if self.url is not None:
            return self.url
        host = self.bind.rpartition(":")[0]
        if self.names:
            host = self.names[0]
        elif self.mdns is not None:
            host = f"{self.mdns}.local"
        elif self.host in ("0.0.0.0", "::"):  # noqa: S104
            host = f"{socket.gethostname()}.local"
        return f"{self.scheme}://{host}:{self.port}"


class DataPart(Part):
    """`[data]`: where the database is, and how far back it reaches."""

    path: Path = Path("data")
    keep_days: Annotated[int, Strict(), Field(ge=1, le=36_500)] = 30  # calls and their events


class PrivacyPart(Part):
    """`[privacy]`: what a shop has agreed on with its staff, other than what is said of itself."""

    small_groups: bool = False  # numbers of fewer than five calls or three associates are shown

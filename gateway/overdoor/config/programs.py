"""`[[webhook]]` and `[home_assistant]`: which other programs are told what happens."""

import binascii
import re
from base64 import b64decode
from ipaddress import IPv6Address, ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import (
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from overdoor.config.values import Part
from overdoor.core.events import WATCHED

SECRET_PREFIX = "whsec_"  # noqa: S105 - of Standard Webhooks
_SECRET_BYTES = (24, 64)  # as that specification has it


class WebhookPart(Part):
    """`[[webhook]]`: an address that transitions are posted to."""

    id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
    url: str
    secret: str = Field(repr=False)
    events: tuple[str, ...] = ()  # none: all
    local: bool = False  # whether a name may lead into the shop's own network

    @field_validator("events")
    @classmethod
    def _known(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if value not in WATCHED:
                raise ValueError(
                    f"there is no event {value!r}; there is {', '.join(sorted(WATCHED))}"
                )
        return values

    @field_validator("secret")
    @classmethod
    def _key(cls, value: str) -> str:
        least, most = _SECRET_BYTES
        try:
            good = least <= len(key_of(value)) <= most
        except ValueError:
            good = False
        if not good or not value.startswith(SECRET_PREFIX):
            raise ValueError(
                f"it is {SECRET_PREFIX} and then {least} to {most} random bytes in base64; "
                "openssl rand -base64 32 makes some"
            )
        return value

    @model_validator(mode="after")
    def _usable(self) -> Self:
        try:
            url = urlsplit(self.url)
            usable = url.scheme in ("http", "https") and url.hostname and (url.port or 1)
        except ValueError:
            usable = False
        if not usable or not url.hostname:
            raise ValueError("url is like 'https://chat.shop.example/overdoor'")
        if url.username is not None or url.password is not None or url.fragment:
            raise ValueError("url has neither a user, nor a password, nor a #")
        literal = _literal(url.hostname)
        if literal and not may_lead_to(literal, local=True):
            raise ValueError("url leads to an address that is nobody's in a shop")
        inside = self.local or (literal is not None and not may_lead_to(literal, local=False))
        if url.scheme == "http" and not inside:
            raise ValueError("url is not https, which only an address of the shop's own may do")
        return self


def key_of(secret: str) -> bytes:
    """The key that a secret stands for. Raises `ValueError`."""
    try:
        return b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error


def may_lead_to(address: str, *, local: bool) -> bool:
    """Whether a webhook may be posted to this IP address; `local`: also in the shop's network.

    Never to where only this machine's own surroundings answer: link-local addresses, behind which
    a cloud keeps its secrets, multicast, and what is nobody's.
    """
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return False
    if ip.is_reserved and not ip.is_loopback:
        return False
    return ip.is_global or local


def _literal(host: str) -> str | None:
    try:
        ip_address(host)
    except ValueError:
        return None
    return host


class HomeAssistantPart(Part):
    """`[home_assistant]`: whether the shop presents itself there."""

    discovery: bool = True  # false: takes back what was announced
    prefix: str = "homeassistant"

    @field_validator("prefix")
    @classmethod
    def _topic(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*", value):
            raise ValueError("it is the beginning of a topic, like 'homeassistant'")
        return value

"""What a phone must type to get here."""

import ipaddress
from urllib.parse import urlsplit

from fastapi import Request


def for_phones(request: Request) -> str:
    """The gateway's address as the asking browser has it; the one of the cards if that is here.

    A manager who sits at the gateway's own machine reads `localhost`, which no phone can reach.
    """
    url, origin = request.base_url, request.app.state.origin
    if is_here(url.hostname or "") and not is_here(urlsplit(origin).hostname or ""):
        return str(origin)
    return str(url).rstrip("/")


def is_here(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"

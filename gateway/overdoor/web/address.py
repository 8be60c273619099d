"""What a phone must type to get here."""

import ipaddress
import re
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


def own_path(path: str | None) -> str | None:
    """A path of these pages; None for anything that leads elsewhere."""
    ours = path is not None and re.fullmatch(r"/(?![/\\])[\w/.-]*(\?call=\w+)?", path, re.ASCII)
    return path if ours else None


def is_here(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"

"""The command `overdoor ca`: the shop's own certificates, and what to do with them."""

import ipaddress
import socket
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from overdoor import authority
from overdoor import config as configuration
from overdoor.authority import Authority
from overdoor.bus import Address
from overdoor.config import Config
from overdoor.options import ConfigFile


def ca(
    name: Annotated[
        list[str] | None, typer.Argument(help="More names or addresses of this machine.")
    ] = None,
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Make the shop's own certificates, for HTTPS and for devices that speak TLS.

    Run it again before the pages' certificate ends, or when a name or an address changed: what
    vouches for them stays the same, so that nobody has to trust anything anew.

    Example: `overdoor ca overdoor.shop.lan`
    """
    read = configuration.read(config)
    names = list(dict.fromkeys([*names_of(read), *(name or ())]))
    folder = config.resolve().parent / authority.FOLDER
    made = not (folder / authority.CA).exists()
    broker = _broker_names(read, names)  # also an address that is no private one
    vouching = Authority.of(folder, read.shop.name, broker)
    pages = vouching.issue_for_pages(names)
    vouching.issue_for_broker(broker)
    typer.echo(
        f"{'Made' if made else 'Kept'} {folder / authority.CA}, SHA-256\n"
        f"  {authority.fingerprint(vouching.certificate)}\n"
        f"The pages' certificate is for {', '.join(names)}, and ends in "
        f"{authority.days_left(pages)} days."
    )
    if read.web.tls_cert is not None:
        typer.echo("A gateway that runs shows the new one within a few seconds.")
    typer.echo(
        "Next, in shop.toml, where it is not there yet:\n"
        f'  [web]\n  tls_cert = "{authority.FOLDER}/{authority.WEB}"\n'
        f'  tls_key = "{authority.FOLDER}/{authority.WEB_KEY}"\n'
        "Start the gateway anew; its page /trust explains how a phone comes to trust it.\n"
        "For devices, where the broker is the gateway's own:\n"
        f'  [mqtt]\n  tls_cert = "{authority.FOLDER}/{authority.BROKER}"\n'
        f'  tls_key = "{authority.FOLDER}/{authority.BROKER_KEY}"\n'
        f'  ca = "{authority.FOLDER}/{authority.CA}"\n'
        "and with a mosquitto beside it, which overdoor device add says how to set up:\n"
        f'  [mqtt]\n  url = "mqtts://..."\n  ca = "{authority.FOLDER}/{authority.CA}"\n'
        "overdoor device add gives the ca to every device then."
    )


def names_of(config: Config) -> list[str]:
    """What the gateway is called: by shop.toml, by its machine, and its address."""
    machine = socket.gethostname().lower()
    found = [urlsplit(config.web.origin).hostname or "", *config.web.all_names]
    found += [config.web.host, machine, f"{machine}.local", "localhost", "127.0.0.1"]
    if ipaddress_or_none(config.web.host) in _EVERYWHERE:
        found += [address for address in [_own_address()] if address]
    return [n for n in dict.fromkeys(found) if n and ipaddress_or_none(n) not in _EVERYWHERE]


_EVERYWHERE = (ipaddress.ip_address("0.0.0.0"), ipaddress.ip_address("::"))  # noqa: S104


def ipaddress_or_none(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that this is, or None for a name."""
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _broker_names(config: Config, names: list[str]) -> list[str]:
    url = config.mqtt.url
    host = config.mqtt.bind if url == "embedded" else Address.parse(url).host
    everywhere = ipaddress_or_none(host) in _EVERYWHERE
    own = [_own_address() or "127.0.0.1"] if everywhere else [host]
    return list(dict.fromkeys([*own, *names]))


def _own_address() -> str | None:
    """Where this machine would send from; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # of documentation: nobody's
            return str(probe.getsockname()[0])
        except OSError:
            return None

"""The gateway's name in the shop's own network, by multicast DNS (RFC 6762, 6763).

Phones and computers then open `http://overdoor.local:8080` without anybody's DNS server, and
programs find `_overdoor._tcp`. It reaches as far as multicast does: one network, and no Wi-Fi that
keeps its clients apart.
"""

import asyncio
import ipaddress
import socket

import ifaddr
import structlog
from zeroconf import Error, IPVersion, ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from overdoor.config import Config

SERVICE = "_overdoor._tcp.local."
LOOK_EVERY_S = 10.0  # for addresses that came, went or changed
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - to compare with

log = structlog.get_logger()


async def announce(config: Config) -> None:
    """Says the name for ever, on every network that the pages are served on."""
    if config.web.mdns is None:
        await asyncio.Event().wait()
    while True:
        there = addresses(config.web.host)
        if there:
            try:
                await _announce(config, there)
            except (OSError, Error) as error:  # the network went; the next look tries again
                log.warning("not found by mDNS", name=config.web.mdns, why=str(error))
        await asyncio.sleep(LOOK_EVERY_S)


async def _announce(config: Config, there: list[str]) -> None:
    """Says the name until the addresses change."""
    zeroconf = AsyncZeroconf(interfaces=there, ip_version=IPVersion.V4Only)
    try:
        for service in services(config, there):
            # Its own probes take care of another service of that name; it gets a number then.
            await (await zeroconf.async_register_service(service, allow_name_change=True))
        log.info("found by mDNS", name=f"{config.web.mdns}.local", addresses=there)
        while addresses(config.web.host) == there:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        await zeroconf.async_unregister_all_services()
        await zeroconf.async_close()


def services(config: Config, there: list[str]) -> list[ServiceInfo]:
    """What is there to find: the gateway for programs, its pages for people."""
    web, shop = config.web, config.shop
    about = {"shop": shop.id, "scheme": web.scheme, "path": "/"}
    label = shop.name.replace(".", " ")
    while len(label.encode()) > 50:  # of 63; a number may follow
        label = label[:-1]
    return [
        ServiceInfo(
            kind,
            f"{label}.{kind}",
            port=web.port,
            addresses=[socket.inet_aton(address) for address in there],
            server=f"{web.mdns}.local.",
            properties=about,
        )
        for kind in (SERVICE, f"_{web.scheme}._tcp.local.")
    ]


def addresses(host: str) -> list[str]:
    """The IPv4 addresses of this machine on which the pages are served."""
    if host not in _EVERYWHERE:
        try:
            return [str(ipaddress.IPv4Address(host))]
        except ValueError:
            return []
    found = {
        str(each.ip)
        for adapter in ifaddr.get_adapters()
        for each in adapter.ips
        if each.is_IPv4 and not ipaddress.ip_address(str(each.ip)).is_loopback
    }
    return sorted(found)

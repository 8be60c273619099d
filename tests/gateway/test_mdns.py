"""The gateway's name in the network, as another program finds it there."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from overdoor import config, mdns
from overdoor.config import Config

from .house import TIMEOUT_S
from .test_cli import write_shop

SHOP = "Demo Shop._overdoor._tcp.local."


def named(folder: Path) -> Config:
    file = write_shop(folder)
    file.write_text(file.read_text().replace("[web]\n", '[web]\nmdns = "rose-street"\n'))
    return config.read(file)


@asynccontextmanager
async def somebody_else() -> AsyncIterator[AsyncZeroconf]:
    """Another program on the loopback network."""
    other = AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    try:
        yield other
    finally:
        await other.async_close()


async def found(other: AsyncZeroconf) -> AsyncServiceInfo:
    async with asyncio.timeout(TIMEOUT_S):
        while True:
            about = AsyncServiceInfo(mdns.SERVICE, SHOP)
            if await about.async_request(other.zeroconf, 1000):
                return about


async def test_another_program_finds_the_gateway_by_its_name(tmp_path: Path) -> None:
    shop = named(tmp_path)
    announcing = asyncio.create_task(mdns.announce(shop))
    try:
        async with somebody_else() as other:
            about = await found(other)
    finally:
        announcing.cancel()
        await asyncio.gather(announcing, return_exceptions=True)
    assert about.server == "rose-street.local."
    assert about.addresses == [socket.inet_aton("127.0.0.1")]
    assert about.port == shop.web.port
    assert about.decoded_properties == {"shop": "demo", "scheme": "http", "path": "/"}


def test_the_gateway_answers_to_that_name_and_cards_say_it(tmp_path: Path) -> None:
    shop = named(tmp_path)
    assert "rose-street.local" in shop.web.all_names
    assert shop.web.origin == f"http://rose-street.local:{shop.web.port}"


def test_loopback_is_not_announced_to_the_network() -> None:
    assert all(not one.startswith("127.") for one in mdns.addresses("0.0.0.0"))
    assert mdns.addresses("127.0.0.1") == ["127.0.0.1"]
    assert mdns.addresses("::1") == []


def test_a_long_name_is_cut_and_a_dot_is_no_border(tmp_path: Path) -> None:
    shop = named(tmp_path)
    long = shop.shop.model_copy(update={"name": "Мода и обувки. На ъгъла, от 1998 година"})
    (service, _) = mdns.services(shop.model_copy(update={"shop": long}), ["127.0.0.1"])
    label = service.name.removesuffix(f".{mdns.SERVICE}")
    assert len(label.encode()) <= 50
    assert "." not in label

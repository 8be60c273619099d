"""Looks at a shop's file and its machine, and says what is wrong and how to mend it.

`gateway` asks the gateway that runs, `machine` looks at clock, disk and rights, `network` at
broker, ports and push services, `shop` at what the file and the database say. Nothing is changed,
and a gateway that runs is not disturbed.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from overdoor.checkup import machine, network, shop
from overdoor.checkup.gateway import Gateway, ask
from overdoor.config import Config
from overdoor.finding import Finding

__all__ = ["Gateway", "ask", "look"]


def look(config: Config, file: Path, gateway: Gateway | None) -> list[Finding]:
    """Everything that is looked at; it takes as long as the slowest answer, up to 6 s.

    `file`: the `shop.toml` that was read. `gateway`: the one that runs, as `ask` finds it. Blocks:
    call it in a thread.
    """
    looks: list[Callable[[], Iterable[Finding]]] = [
        lambda: network.pages(config, gateway),
        lambda: network.broker(config, gateway),
        lambda: shop.certificates(config),
        lambda: network.push(config),
        machine.clock,
        lambda: machine.disk(config.data.path, gateway),
        lambda: machine.rights(config, file),
        lambda: shop.database(config),
        lambda: shop.rooms(config),
    ]
    with ThreadPoolExecutor(len(looks)) as threads:
        return [finding for found in threads.map(lambda one: [*one()], looks) for finding in found]

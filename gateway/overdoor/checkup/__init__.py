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
from overdoor.core.sentence import Sentence
from overdoor.finding import Finding, bad
from overdoor.owner import owner

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
        return [finding for found in threads.map(_looked, looks) for finding in found]


def _looked(one: Callable[[], Iterable[Finding]]) -> list[Finding]:
    found: list[Finding] = []
    try:
        found.extend(one())
    except PermissionError as error:
        path = Path(error.filename or ".")
        found.append(
            bad(
                Sentence("%(path)s is not for this user to read.", path=path),
                Sentence(
                    "Run this as the user of the shop: sudo -u %(user)s overdoor check",
                    user=owner(path),
                ),
            )
        )
    return found

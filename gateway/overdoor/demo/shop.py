"""The demo's shop: three zones in a row, rooms on both sides of an aisle."""

import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from json import dumps
from pathlib import Path
from typing import Any

from overdoor.config import Config

SHOP = "demo"
FILE = "shop.toml"
PAGER = "pg-1"
NEEDS = {  # rooms with a need button, and what it chooses from
    "w2": ("another-size", "another-model", "question"),
    "m1": ("another-size",),
}
ZONES = (("women", "Women", 2), ("men", "Men", 1), ("kids", "Kids", 1))  # id, name, share
PITCH_M = 2.2  # from room to room
DEPTH_M = 7.6  # of the shop: a row of rooms, the aisle, a row of rooms
ROW_M = (1.4, DEPTH_M - 1.4)


@dataclass(frozen=True, slots=True)
class DemoShop:
    """The configuration of a demo shop, its drawing, and where its files are."""

    config: Config
    folder: Path
    drawing: dict[str, Any]

    @property
    def file(self) -> Path:
        """Its `shop.toml`, for the commands that ask for one."""
        return self.folder / FILE


@contextmanager
def demo_config(rooms: int, port: int, broker: str, data: Path | None) -> Iterator[DemoShop]:
    """A shop of `rooms` rooms on free ports, with a data folder that goes when this ends."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="overdoor-demo-")))
        drawing = _draw(rooms)
        config = Config.model_validate(
            {
                "shop": {"id": SHOP, "name": "Demo Shop"},
                "mqtt": {"url": "embedded", "port": _free_port(1883), "broker": broker},
                "web": {"bind": f"127.0.0.1:{_free_port(port)}"},
                "data": {"path": (data or folder / "data").resolve()},
                "zone": [{"id": zone["id"], "name": zone["name"]} for zone in drawing["zones"]],
                "pager": [{"device": PAGER}],
                "room": [
                    {
                        "id": room["id"],
                        "name": room["name"],
                        "zone": room["zone"],
                        "at": (room["x"], room["y"]),
                        "device": f"cp-{room['id']}",
                    }
                    for room in drawing["rooms"]
                ],
            }
        )
        _write(config, folder / FILE)
        yield DemoShop(config, folder, drawing)


def _write(config: Config, file: Path) -> None:
    """The configuration as the file that it would be read from."""
    shop, web, data = config.shop, config.web, config.data.path
    lines = [f"[shop]\nid = {dumps(shop.id)}\nname = {dumps(shop.name)}"]
    lines.append(f"[web]\nbind = {dumps(web.bind)}\n[data]\npath = {dumps(str(data))}")
    lines.append(f'[mqtt]\nurl = "embedded"\nport = {config.mqtt.port}')
    lines += [f"[[zone]]\nid = {dumps(z.id)}\nname = {dumps(z.name)}" for z in config.zone]
    lines += [f"[[pager]]\ndevice = {dumps(pager.device)}" for pager in config.pager]
    for room in config.room:
        lines.append(
            f"[[room]]\nid = {dumps(room.id)}\nname = {dumps(room.name)}\n"
            f"zone = {dumps(room.zone)}\nat = {dumps(room.at)}\ndevice = {dumps(room.device)}"
        )
    file.write_text("\n\n".join(lines) + "\n", encoding="utf-8")


def _draw(count: int) -> dict[str, Any]:
    """Zones side by side; within one, rooms in two rows that face the aisle. In metres."""
    zones: list[dict[str, Any]] = []
    rooms: list[dict[str, Any]] = []
    left = 0.0
    for (zone, name, _), size in zip(ZONES, _shares(count), strict=True):
        columns = max(1, (size + 1) // 2)
        width = columns * PITCH_M + 0.6
        zones.append({"id": zone, "name": name, "x": left, "y": 0, "w": width, "h": DEPTH_M})
        for number in range(size):
            x = round(left + 0.3 + (number % columns + 0.5) * PITCH_M, 2)
            place = {"x": x, "y": ROW_M[number // columns], "zone": zone}
            room = f"{zone[0]}{number + 1}"
            needs = NEEDS.get(room, ())
            rooms.append({"id": room, "name": f"{name} {number + 1}", "needs": needs, **place})
        left = round(left + width, 2)
    shape = {"width": left, "height": DEPTH_M, "pitch": PITCH_M}
    return shape | {"zones": zones, "rooms": rooms}


def _shares(count: int) -> list[int]:
    total = sum(share for *_, share in ZONES)
    sizes = [count * share // total for *_, share in ZONES]
    for index in range(count - sum(sizes)):
        sizes[index] += 1
    return sizes


def _free_port(wanted: int) -> int:
    """The wanted port, or the next free one."""
    for port in (*range(wanted, min(wanted + 50, 65536)), 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise AssertionError("port 0 is always free")

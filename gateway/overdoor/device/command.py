"""The commands `overdoor device ...`."""

from pathlib import Path
from typing import Annotated

import typer

from overdoor import config as configuration
from overdoor.config import Config
from overdoor.device import api

app = typer.Typer(
    help="Set devices up, pair them with rooms, see how they do.", no_args_is_help=True
)

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="The shop's file.", show_default=True)
]


@app.command("list")
def list_(config: ConfigFile = Path("shop.toml")) -> None:
    """Show the devices: room, last heard, firmware.

    Asks the running gateway; without one, shows what shop.toml says.
    """
    read = configuration.read(config)
    known = api.devices(read)
    if known is None:
        typer.echo("The gateway does not run, so nobody knows how the devices do.", err=True)
        known = [{"id": device, "room": room} for device, room in _planned(read)]
    rows = [("DEVICE", "ROOM", "STATUS", "HEARD", "FIRMWARE", "MODEL")]
    for device in known:
        online = device.get("status") == "online"
        heard = "now" if online else api.ago(device["heard"]) if "heard" in device else ""
        rows.append(
            (
                device["id"],
                device["room"] or ("pager" if device.get("pager") else "unpaired"),
                device.get("status", ""),
                heard,
                device.get("firmware") or "",
                device.get("model") or "",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def _planned(config: Config) -> list[tuple[str, str | None]]:
    in_rooms = [(device, room.id) for room in config.room for device in room.all_devices()]
    return [*in_rooms, *((pager.device, "pager") for pager in config.pager)]

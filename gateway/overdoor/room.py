"""The commands `overdoor room ...`: the cards that hang in the rooms."""

from pathlib import Path
from typing import Annotated

import typer

from overdoor import config as configuration
from overdoor.cards import Cards
from overdoor.config import Config, ConfigError

app = typer.Typer(help="The rooms and their cards.", no_args_is_help=True)

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="The shop's file.", show_default=True)
]


@app.command()
def cards(
    rooms: Annotated[list[str] | None, typer.Argument(help="Which rooms; all if none.")] = None,
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Print the address on each room's card, for its QR code.

    Whoever has an address can call staff to that room. It works until the card is rotated.
    """
    read = configuration.read(config)
    known = {room.id: room for room in read.room if not room.training}
    book = Cards(read.data.path, read.web.origin)
    for room_id in rooms or known:
        _known(read, room_id)
        typer.echo(f"{room_id:<12} {known[room_id].name:<20} {book.shopper_url(room_id)}")


@app.command()
def rotate(
    room: Annotated[str, typer.Argument(help="The room whose card is lost or misused.")],
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Make a room's card void, also while the gateway runs. Print the new one and hang it up."""
    read = configuration.read(config)
    _known(read, room)
    book = Cards(read.data.path, read.web.origin)
    book.rotate(room)
    typer.echo(f"The old card of {room} is void. The new one: {book.shopper_url(room)}")


def _known(read: Config, room_id: str) -> None:
    """Raises `ConfigError` for a room that can have no card."""
    room = next((room for room in read.room if room.id == room_id), None)
    if room is None:
        raise ConfigError(f"There is no room {room_id!r} in the shop's file.")
    if room.training:
        raise ConfigError(f"Room {room_id!r} is for training; no shopper calls from there.")

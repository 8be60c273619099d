"""The commands `overdoor room ...`: the cards and signed tags that hang in the rooms."""

from pathlib import Path
from typing import Annotated

import typer

from overdoor import config as configuration
from overdoor.cards import Cards
from overdoor.config import Config, ConfigError
from overdoor.options import ConfigFile
from overdoor.printing import languages_of, printed
from overdoor.tags import Tags

app = typer.Typer(help="The rooms, their cards and their signed tags.", no_args_is_help=True)


@app.command()
def cards(
    rooms: Annotated[list[str] | None, typer.Argument(help="Which rooms; all if none.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="A PDF to print, four cards on a page of A4.")
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Of the cards, one or two, like de,el; else the shop's.")
    ] = None,
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Print the address on each room's card, or make the cards themselves with --out.

    Whoever has an address can call staff to that room. It works until the card is rotated.

    Example: `overdoor room cards --out cards.pdf --language de,en`
    """
    read = configuration.read(config)
    known = {room.id: room for room in read.room if not room.training}
    book = Cards(read.data.path, read.web.origin)
    for room_id in rooms or known:
        _known(read, room_id)
    if out is not None:
        tagged = {one.room for one in Tags(read.data.path, read.web.origin).all()}
        chosen = [known[room_id] for room_id in rooms or known]
        try:
            said_in = languages_of(language or read.shop.language)
        except ValueError as error:
            raise ConfigError(f"--language: {error}.") from None
        try:
            out.write_bytes(printed(read.shop.name, chosen, book, tagged, said_in))
        except OSError as error:
            raise ConfigError(f"{out} cannot be written: {error.strerror}.") from None
        typer.echo(f"{out} holds the cards of {len(chosen)} rooms. Print it at 100 %.")
        return
    for room_id in rooms or known:
        typer.echo(f"{room_id:<12} {known[room_id].name:<20} {book.shopper_url(room_id)}")


@app.command()
def rotate(
    room: Annotated[str, typer.Argument(help="The room whose card is lost or misused.")],
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Make a room's card void, also while the gateway runs. Print the new one and hang it up.

    Example: `overdoor room rotate w1`
    """
    read = configuration.read(config)
    _known(read, room)
    book = Cards(read.data.path, read.web.origin)
    book.rotate(room)
    typer.echo(f"The old card of {room} is void. The new one: {book.shopper_url(room)}")


@app.command()
def tag(
    room: Annotated[str, typer.Argument(help="The room in which the tag sticks.")],
    uid: Annotated[str, typer.Argument(help="The tag's number, 14 hex digits.")],
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Give a room a signed tag (NTAG 424 DNA), and print what is to be put into it.

    Staff hold a phone to it, and that proves that somebody stands in the room. Each time this is
    run the tag gets new keys, and its old ones are void. Keep the printed keys to yourself.

    Example: `overdoor room tag w1 04A1B2C3D4E5F6`
    """
    read = configuration.read(config)
    _known(read, room)
    made = Tags(read.data.path, read.web.origin).add(uid, room)
    typer.echo(
        f"Put this into tag {made.tag.uid.upper()}, with any tool that sets up NTAG 424 DNA:\n"
        f"  address       {made.url}\n"
        f"  file 2        {made.ndef}\n"
        f"  settings      {made.settings}   (ChangeFileSettings of file 2)\n"
        f"  key 1         {made.file_key}   (signs)\n"
        f"  key 2         {made.meta_key}   (hides the number; the same in all tags)\n"
        f"  key 0         {made.master_key}   (set it last: it locks the tag)"
    )


@app.command()
def tags(config: ConfigFile = Path("shop.toml")) -> None:
    """List the signed tags.

    Example: `overdoor room tags`
    """
    read = configuration.read(config)
    for one in Tags(read.data.path, read.web.origin).all():
        typer.echo(f"{one.uid.upper()}  {one.room}")


@app.command()
def untag(
    uid: Annotated[str, typer.Argument(help="The number of the tag that is lost or broken.")],
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Make a signed tag void, also while the gateway runs.

    Example: `overdoor room untag 04A1B2C3D4E5F6`
    """
    read = configuration.read(config)
    Tags(read.data.path, read.web.origin).remove(uid)
    typer.echo(f"Tag {uid} is void.")


def _known(read: Config, room_id: str) -> None:
    """Raises `ConfigError` for a room that can have no card."""
    room = next((room for room in read.room if room.id == room_id), None)
    if room is None:
        raise ConfigError(f"There is no room {room_id!r} in the shop's file.")
    if room.training:
        raise ConfigError(f"Room {room_id!r} is for training; no shopper calls from there.")

"""The command `overdoor check`."""

from pathlib import Path

import typer

from overdoor import checkup
from overdoor import config as configuration
from overdoor.config import Config
from overdoor.finding import Finding, Level
from overdoor.options import ConfigFile

_COLOURS = {
    Level.GOOD: typer.colors.GREEN,
    Level.WARNING: typer.colors.YELLOW,
    Level.BAD: typer.colors.RED,
}


def check(
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Look over a shop's file and this machine, and say how to mend what is wrong.

    Nothing is changed, and a gateway that runs is not disturbed. Each line begins with **ok**,
    with **!** for what works but should be better, or with **✗** for what does not work. Exit
    status 0: nothing is broken; 1: a line has a ✗; 2: the file has a mistake.

    Example: `overdoor check --config /etc/overdoor/shop.toml`
    """
    read = configuration.read(config)
    _tell_about(read, config)
    found = checkup.look(read, config, checkup.ask(read))
    for one in found:
        _tell(one)
    broken = sum(one.level is Level.BAD for one in found)
    if broken:
        typer.echo(f"{broken} thing{'s' if broken > 1 else ''} to mend before the shop can work.")
        raise typer.Exit(1)


def _tell(one: Finding) -> None:
    mark = typer.style(f"{one.level.value:<3}", fg=_COLOURS[one.level])
    typer.echo(f"{mark}{one.what}{f' {one.mend}' if one.mend else ''}")


def _tell_about(read: Config, file: Path) -> None:
    """What the file says, in a few words."""
    devices = sum(len(room.all_devices()) for room in read.room)
    typer.echo(
        f"{file} is good: {read.shop.name}, {len(read.zone)} zones, {len(read.room)} rooms, "
        f"{devices} devices, {len(read.pager)} pagers."
    )
    if read.mystery is not None:
        per_day, times = read.mystery.per_day, ", ".join(read.mystery.times)
        often = f"{per_day} a day" if per_day else f"at {times}"
        rooms = len(read.mystery_rooms())
        typer.echo(f"Mystery calls: {often}, each in one of {rooms} rooms while it is free.")
    days = read.data.keep_days
    typer.echo(f"Calls and their events are kept for {days} day{'s' if days > 1 else ''}.")
    if read.privacy.small_groups:
        typer.echo("The staff agreed that numbers about one or two of them are shown.")

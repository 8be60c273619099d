"""The commands: `python -m hardware.tools --help`."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from hardware.tools import bom, docs, harness, make, netlist, pins, plates, power
from hardware.tools.files import markdown, toml
from hardware.tools.kicad import build

app = typer.Typer(help="Checks and generated files of the hardware.", no_args_is_help=True)


@app.command()
def check() -> None:
    """Hold pin map, carriers, wiring, bills and words against each other and their rules."""
    found = problems()
    for each in found:
        typer.echo(each)
    if found:
        raise typer.Exit(1)
    typer.echo("Pin map, carriers, wiring, bills and words agree.")


@app.command("make")
def make_() -> None:
    """Make every generated file anew."""
    if not make.has_graphviz():
        typer.echo("The wiring is drawn with graphviz: install the Debian package graphviz.")
        raise typer.Exit(1)
    make.everything()


@app.command()
def board(
    write: Annotated[
        bool, typer.Option(help="Put the files made into the place of the committed ones.")
    ] = False,
) -> None:
    """Make schematic and board of the call point with KiCad, and judge and compare them."""
    with tempfile.TemporaryDirectory() as place:
        fresh = Path(place) / "board"
        fresh.mkdir()
        try:
            build.make(fresh)
            found = build.verdicts(fresh)
        except build.KiCadError as error:
            typer.echo(error)
            raise typer.Exit(1) from error
        if write and not found:
            build.commit(fresh)
        found += [f"hardware/board/{name} is out of date." for name in build.stale(fresh)]
    for each in found:
        typer.echo(each)
    if found:
        typer.echo("Look at it, then: python -m hardware.tools board --write")
        raise typer.Exit(1)
    typer.echo("KiCad's rules find nothing, and the committed board is what the data makes.")


@app.command()
def shop(
    rooms: Annotated[int, typer.Argument(min=1, max=1000, help="How many fitting rooms.")],
    metres: Annotated[
        float, typer.Option(min=0, max=30, help="Supply cable a room on average, in m.")
    ] = docs.METRES,
) -> None:
    """What the hardware of a shop costs, in three ways to build it."""
    typer.echo(docs.shops((rooms,), metres), nl=False)


@app.command()
def drop(
    volt: Annotated[int, typer.Argument(help="5, 12 or 24.")],
    metres: Annotated[float, typer.Argument(min=0, help="Length of the supply cable, in m.")],
) -> None:
    """What arrives at a room at its worst."""
    if volt not in (5, 12, 24):
        raise typer.BadParameter("A supply has 5, 12 or 24 V.")
    numbers = power.load()
    arrives = numbers.arrives(volt, metres, numbers.watts(numbers.states()[-1], volt))
    if arrives is None or arrives < numbers.least(volt):
        typer.echo(f"Too little: {numbers.least(volt):g} V are needed.")
        raise typer.Exit(1)
    typer.echo(
        markdown(("V at the room", "V needed"), [(f"{arrives:.2f}", f"{numbers.least(volt):g}")])
    )


def problems() -> list[str]:
    """Everything that is wrong, a sentence each."""
    boards, ratings = pins.boards(), toml("ratings.toml")
    found = [each for board in boards.values() for each in pins.check(board)]
    for id_ in netlist.CARRIERS:
        made = netlist.carrier(id_)
        found += netlist.check(made, boards[made.board], ratings)
    known = bom.parts()
    for id_, (carrier, variant) in harness.HARNESSES.items():
        found += harness.check(harness.read(id_), netlist.carrier(carrier, variant))
        found += bom.check(id_, bom.bill(id_), bom.wants(id_), known)
    return found + bom.check_parts(known) + plates.check(plates.words())


if __name__ == "__main__":
    app()

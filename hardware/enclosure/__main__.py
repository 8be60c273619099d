"""The commands: `python -m hardware.enclosure --help`."""

import typer
from hardware.enclosure import generate, planted, prints, rules, slicer
from hardware.enclosure.solids import Assembly, Solid

app = typer.Typer(help="The boxes: models, checks, files.", no_args_is_help=True)


@app.command()
def check() -> None:
    """Build the models and hold them against their rules: seconds, needs no slicer."""
    made = prints.assemblies()
    solids = prints.files(made)
    _tell(_wrong(made, solids), f"{len(made)} boxes, {len(solids)} prints: nothing wrong.")


@app.command()
def make() -> None:
    """Make every generated file anew. Stops at the first rule that a box breaks."""
    _need_slicer()
    made = prints.assemblies()
    solids = prints.files(made)
    _tell(_wrong(made, solids), "Models keep their rules.")
    generate.everything(made, solids)


@app.command()
def verify() -> None:
    """Rebuild everything, compare it with what is committed, plant faults and see them caught."""
    _need_slicer()
    made = prints.assemblies()
    solids = prints.files(made)
    found = _wrong(made, solids) + generate.stale(made, solids) + planted.missed()
    _tell(found, f"{len(solids)} prints, {len(planted.FAULTS)} planted faults: as committed.")


def _wrong(made: dict[str, Assembly], solids: dict[str, Solid]) -> list[str]:
    found = [each for assembly in made.values() for each in rules.check(assembly)]
    for name, solid in solids.items():
        found += prints.check(name, prints.meshed(solid), solid)
    return found


def _tell(found: list[str], well: str) -> None:
    for each in found:
        typer.echo(each)
    if found:
        raise typer.Exit(1)
    typer.echo(well)


def _need_slicer() -> None:
    if not slicer.available():
        typer.echo("Print times need PrusaSlicer: install the Debian package prusa-slicer.")
        raise typer.Exit(1)


if __name__ == "__main__":
    app()

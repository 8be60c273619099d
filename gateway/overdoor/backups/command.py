"""The commands `overdoor backup` and `overdoor restore`."""

import os
import secrets
import shutil
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from overdoor import config as configuration
from overdoor.backups import BackupError, archive, several
from overdoor.config import Config
from overdoor.options import ConfigFile
from overdoor.store import FILE, copy_database
from overdoor.store.store import locked

PASSWORD = "OVERDOOR_BACKUP_PASSWORD"  # noqa: S105 - a name


def backup(
    target: Annotated[
        Path,
        typer.Argument(help="The file to write, which must not exist; with --keep a folder."),
    ],
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help=f"With a password, asked for or in {PASSWORD}.")
    ] = False,
    database: Annotated[
        bool, typer.Option("--database", help="Only the database, as SQLite has it.")
    ] = False,
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="How many stay in that folder; older ones go."),
    ] = None,
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Keep a whole shop in one file, also while its gateway runs.

    In it are shop.toml, the database, the secrets of cards, tags, devices and certificates. It is
    read again to its end before this says that it is good. `overdoor restore` brings it back.

    Example: `overdoor backup /mnt/nas/shop-monday.overdoor --encrypt`
    """
    read = configuration.read(config)
    if keep is not None:
        if database or not target.is_dir():
            raise BackupError(f"--keep is for whole shops in a folder, and {target} is none.")
        target = several.next_in(target, read.shop.id)
    if database:
        copy_database(read.data.path / FILE, target)
        typer.echo(f"{target} holds all of {read.shop.name} up to now.")
        return
    contents = archive.write(read, config, target, _new_password() if encrypt else None)
    typer.echo(
        f"{target} holds all of {contents.shop} up to now: {len(contents.files)} files, "
        f"{contents.size / 1e6:.1f} MB, read again and whole."
    )
    typer.echo(
        "Without its password nobody can open it, you neither."
        if encrypt
        else "It has the shop's secrets in it. Keep it where only you can read it, or --encrypt."
    )
    if keep is not None and (gone := several.thin(target, read.shop.id, keep)):
        typer.echo(f"Older ones removed: {gone}; the latest {keep} stay.")
    _tell_what_is_elsewhere(read, config)
    if strange := archive.left_out(config):
        named = ", ".join(map(str, strange))
        typer.echo(
            f"Not in it: {named}. A name begins with a letter or a digit, and has no others than "
            "A-Z, a-z, 0-9, '.', '_' and '-'. Rename it, and make another backup."
        )


def restore(
    source: Annotated[Path, typer.Argument(help="A file of overdoor backup.")],
    check: Annotated[
        bool, typer.Option("--check", help="Only look whether it is whole; change nothing.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put what is there now aside, into a folder.")
    ] = False,
    config: Annotated[
        Path, typer.Option("--config", "-c", help="Where the shop's file goes.", show_default=True)
    ] = Path("shop.toml"),
) -> None:
    """Bring a shop back from its backup, on this machine or a new one.

    Everything is checked before anything is written, and nothing that is there is lost: with
    --replace it is put aside. The gateway must be stopped. A backup of an older Overdoor is brought
    up to date at the next start; one of a newer Overdoor is refused.

    Example: `overdoor restore shop-monday.overdoor -c /var/lib/overdoor/shop.toml`
    """
    password = _password(source) if archive.needs_password(source) else None
    if check:
        _tell_contents(source, archive.check(source, password))
        return
    try:
        there = config.resolve()
        there.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=there.parent, prefix=".overdoor-restore-") as made:
            staged = Path(made)
            contents = archive.unpack(source, staged, password)
            read = configuration.read(staged / archive.SHOP)
            inside = read.data.path.is_relative_to(staged)
            data = there.parent / read.data.path.relative_to(staged) if inside else read.data.path
            _has_its_own_place(data, there)
            _is_a_shops(data)
            with ExitStack() as stack:
                if data.exists():
                    stack.enter_context(locked(data))
                places = _places(staged, there, data)
                aside = _aside([*places.values()], there.parent, replace)
                _exchange(places, aside)
    except OSError as error:
        raise BackupError(f"{source} cannot be brought back: {error}.") from error
    _tell_contents(source, contents)
    if aside is not None:
        typer.echo(f"What was there before is in {aside}.")
    typer.echo(
        f"Next: overdoor check -c {config}, then overdoor run -c {config}. Presses that devices "
        "still hold come by themselves; what was receipted after the backup is not in it."
    )


def _is_a_shops(data: Path) -> None:
    """Raises `BackupError` for a folder of something else: a backup may come from anybody."""
    if data.exists() and not (data / FILE).is_file() and any(data.iterdir()):
        raise BackupError(
            f"The shop of this backup has its data in {data}, and something else is there. "
            "Move that away, if it is right."
        )


def _has_its_own_place(data: Path, there: Path) -> None:
    """Raises `BackupError` if putting the data folder aside would take more than the data away."""
    own = data.resolve()
    for other in (there, *(there.parent / name for name in archive.FOLDERS)):
        if other.is_relative_to(own) or own.is_relative_to(other):
            raise BackupError(
                f"This shop keeps its data in {own}, where {other} is as well, and only a folder "
                "of its own can be brought back. Set OVERDOOR_DATA__PATH=data for this command; "
                'then say path = "data" under [data] in shop.toml.'
            )


def _places(staged: Path, there: Path, data: Path) -> dict[Path, Path]:
    """Where each part of a backup goes. `there`: the shop's file; `data`: the data folder."""
    beside = {staged / name: there.parent / name for name in archive.FOLDERS}
    return {staged / archive.SHOP: there, staged / archive.DATA: data} | beside


def _aside(places: list[Path], folder: Path, replace: bool) -> Path | None:
    """A new folder for what is there; None if nothing is. Raises `BackupError`."""
    found = [place for place in places if place.exists()]
    if not found:
        return None
    if not replace:
        raise BackupError(
            f"{found[0]} is there already. With --replace it is put aside, and nothing is lost."
        )
    now = datetime.now(UTC)
    aside = folder / f"before-restore-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    aside.mkdir(0o700)
    return aside


def _exchange(places: dict[Path, Path], aside: Path | None) -> None:
    """Puts what is there aside and what is kept there; all of it, or none. Raises `BackupError`."""
    old: list[tuple[Path, Path]] = []
    new: list[Path] = []
    try:
        for place in places.values():
            if aside is not None and place.exists():
                old.append((place, aside / place.name))
                shutil.move(place, aside / place.name)
        for kept, place in places.items():
            if kept.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                new.append(place)
                shutil.move(kept, place)
    except OSError as error:
        try:
            _take_back(old, new)
            if aside is not None:
                aside.rmdir()
        except OSError:
            left = f"What was there before is in {aside}, or still in its place: move it back"
            left = left if aside is not None else f"Remove {', '.join(map(str, new))}"
            raise BackupError(f"It failed half-way: {error}. {left} by hand.") from error
        raise BackupError(f"It failed: {error}. Everything is as it was before.") from error


def _take_back(old: list[tuple[Path, Path]], new: list[Path]) -> None:
    """Undoes an exchange, as far as it came. Raises `OSError`; what was there is never removed."""
    for place in new:  # a copy: the backup has it
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
    for place, kept in old:
        if kept.exists():
            if place.exists():  # moved in part only, to another disk
                raise FileExistsError(place)
            shutil.move(kept, place)


def _tell_contents(source: Path, contents: archive.Contents) -> None:
    typer.echo(
        f"{source} is whole: {contents.shop} as of {contents.made_at}, by Overdoor "
        f"{contents.overdoor}, {len(contents.files)} files, {contents.size / 1e6:.1f} MB."
    )


def _tell_what_is_elsewhere(read: Config, file: Path) -> None:
    """Certificates that the shop's file names, and that are not in a folder that is kept."""
    web, mqtt = read.web, read.mqtt
    named = (web.tls_cert, web.tls_key, mqtt.ca, mqtt.tls_cert, mqtt.tls_key)
    kept = [file.resolve().parent / folder for folder in archive.FOLDERS]
    elsewhere = [str(one) for one in named if one and one.resolve().parent not in kept]
    if elsewhere:
        typer.echo(f"Not in it, because it is elsewhere: {', '.join(elsewhere)}.")


def _new_password() -> str:
    said = os.environ.get(PASSWORD)
    if said is None and not sys.stdin.isatty():
        raise BackupError(f"There is nobody to ask for a password. Say one in {PASSWORD}.")
    if said is None:
        said = typer.prompt("Password of the backup", hide_input=True, confirmation_prompt=True)
    if not said:
        raise BackupError(f"An empty password protects nothing. Say one in {PASSWORD}.")
    return str(said)


def _password(source: Path) -> str:
    said = os.environ.get(PASSWORD)
    if said is None and not sys.stdin.isatty():
        raise BackupError(f"{source} is encrypted. Say its password in {PASSWORD}.")
    return said if said is not None else str(typer.prompt(f"Password of {source}", hide_input=True))

"""The machine below: its clock, its disk, and who may read what is secret."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from overdoor import authority, storage
from overdoor.checkup.gateway import Gateway
from overdoor.config import Config
from overdoor.core.sentence import Sentence
from overdoor.finding import Finding, bad, good, warning

ENOUGH_BYTES = 1_000_000_000
LEAST_BYTES = 100_000_000
_ASK_S = 3.0


def clock() -> Iterator[Finding]:
    """Whether something keeps the clock right."""
    kept = _kept_right()
    if kept:
        yield good(Sentence("The network keeps this machine's clock right."))
    elif kept is None:
        yield warning(
            Sentence("Whether this machine's clock is kept right cannot be told."),
            Sentence("See to it that chrony or systemd-timesyncd runs."),
        )
    else:
        yield warning(
            Sentence("Nothing keeps this machine's clock right."),
            Sentence("Install systemd-timesyncd or chrony, and let it reach its time server."),
        )


def _kept_right() -> bool | None:
    """By what systemd knows of it; None if there is nobody to ask."""
    with suppress(OSError, subprocess.TimeoutExpired):
        asked = subprocess.run(
            ["timedatectl", "show", "--property=NTPSynchronized", "--value"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=_ASK_S,
            check=False,
        )
        if asked.returncode == 0:
            return asked.stdout.strip() == "yes"
    return None


def disk(folder: Path, gateway: Gateway | None) -> Iterator[Finding]:
    """Room on the disk of the data folder, and how long a write takes there.

    Where a gateway runs, the disk is its own: it has measured at its start.
    """
    there = next(each for each in (folder.resolve(), *folder.resolve().parents) if each.is_dir())
    free = shutil.disk_usage(there).free
    room = f"{free / 1e9:.1f}"
    if free >= ENOUGH_BYTES:
        yield good(
            Sentence("%(room)s GB are free on the disk of %(path)s.", room=room, path=folder)
        )
    else:
        found = bad if free < LEAST_BYTES else warning
        yield found(
            Sentence("Only %(room)s GB are free on the disk of %(path)s.", room=room, path=folder),
            Sentence("Make room, or put [data] path on a larger disk."),
        )
    try:
        took = gateway.write_ms if gateway is not None else storage.write_ms(there)
    except OSError as error:
        yield bad(
            Sentence("%(path)s cannot be written: %(why)s.", path=there, why=error.strerror),
            Sentence("Give the folder to the user that runs the gateway."),
        )
        return
    if took is None:
        return
    if storage.slow(took) is None:
        yield good(Sentence("A write to that disk takes %(ms)s ms.", ms=f"{took:.1f}"))
        return
    yield warning(
        Sentence(
            "A write to that disk takes %(ms)s ms, and every press waits for one.", ms=f"{took:.0f}"
        ),
        Sentence("Put [data] path on an SSD, or use a better SD card."),
    )


def rights(config: Config, file: Path) -> Iterator[Finding]:
    """Whether others on the machine can read what is secret."""
    beside = file.resolve().parent
    secret = [config.data.path, beside / "devices", beside / authority.FOLDER / authority.CA_KEY]
    secret += [key for key in (config.web.tls_key, config.mqtt.tls_key) if key is not None]
    if _has_secrets(config):
        secret.append(file)
    others = [path for path in secret if path.exists() and path.stat().st_mode & 0o007]
    for path in dict.fromkeys(others):
        yield warning(
            Sentence("Everybody on this machine can read %(path)s, which has secrets.", path=path),
            Sentence("Run: chmod o= %(path)s", path=path),
        )
    if not others:
        yield good(Sentence("Only its owner can read what is secret."))


def _has_secrets(config: Config) -> bool:
    """Whether the file itself does. The address of a channel is one, wherever its token stands."""
    elsewhere = config.channel or config.webhook or config.report.to
    return bool(elsewhere) or "@" in urlsplit(config.mqtt.url).netloc

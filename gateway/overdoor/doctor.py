"""The command `overdoor doctor`: what somebody who helps needs to know, and no secret.

What is taken is named here; nothing is taken whole. And because a log says whatever it says, every
secret that the shop has is looked for in what came out, and struck out.
"""

import importlib.metadata
import json
import platform
import re
import sqlite3
import subprocess
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

import typer

from overdoor import __version__, authority, cards, checkup, keptfile, tags
from overdoor import config as configuration
from overdoor.backups.archive import FOLDERS
from overdoor.checkup.gateway import answer
from overdoor.config import Config, ConfigError
from overdoor.options import ConfigFile
from overdoor.store import FILE
from overdoor.store.store import connect

OUT = "(left out)"
_LOG_LINES = 5000
_ASK_S = 10.0
_LEAST = 6  # letters of a secret: shorter ones would strike out half the log
_TOKENS = re.compile(
    r"(?i)(/(?:join|s)/|[?&](?:token|e|c)=|bearer\s+|overdoor_session=)[\w%.-]{8,}"
)
# In the path of many a webhook, and in every log.
_NO_SECRETS = frozenset({"overdoor", "services", "webhook", "webhooks"})
_SAID_WHOLE = ("mqtt", "web")  # whose url has a host that helps, once its password is out


def doctor(
    target: Annotated[
        Path | None, typer.Argument(help="The zip file to write; named after the time if not said.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="A log to put in; else what journalctl -u overdoor has.")
    ] = None,
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Pack what somebody who helps needs: versions, settings, findings, numbers, the log.

    Passwords, keys, tokens, contacts and names of people are not in it. Look into it before you
    send it: `unzip -l FILE`, `unzip -p FILE log.txt`.

    Example: `overdoor doctor trouble.zip`
    """
    read = configuration.read(config)
    target = target or Path(f"overdoor-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip")
    if target.exists():
        raise ConfigError(f"{target} is there already. Name another file.")
    for folder in (read.data.path, *(config.resolve().parent / name for name in FOLDERS)):
        if folder.exists():
            any(folder.iterdir())  # whoever cannot read the secrets cannot strike them out
    strike = _Striking(secrets_of(read, config), _names_of(read.data.path / FILE))
    try:
        target.touch(0o600, exist_ok=False)
    except OSError as error:
        raise ConfigError(f"{target} cannot be written: {error.strerror}.") from None
    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle:
            for name, text in _texts(read, config, log):
                bundle.writestr(name, strike(text))
            names = bundle.namelist()
    except OSError as error:
        target.unlink(missing_ok=True)
        raise ConfigError(f"{target} cannot be written: {error.strerror}.") from None
    except ConfigError:  # of the log that was named
        target.unlink(missing_ok=True)
        raise
    typer.echo(f"{target} has {', '.join(names)}. Look into it before you send it.")


def _texts(config: Config, file: Path, log: Path | None) -> Iterator[tuple[str, str]]:
    yield "machine.txt", _machine()
    yield "config.json", json.dumps(_plain(config.model_dump(mode="json")), indent=2)
    found = checkup.look(config, file, checkup.ask(config))
    yield (
        "check.txt",
        "".join(f"{one.level.value:<3}{one.what} {one.mend or ''}\n" for one in found),
    )
    yield "ready.json", answer(config.web, "/readyz") or "The gateway does not answer.\n"
    yield "metrics.txt", answer(config.web, "/metrics") or ""
    yield "database.json", json.dumps(_database(config.data.path / FILE), indent=2)
    yield "log.txt", _log(log)


def _machine() -> str:
    installed = sorted(f"{each.name} {each.version}" for each in importlib.metadata.distributions())
    release = Path("/etc/os-release")
    return "\n".join(
        [
            f"overdoor {__version__}",
            f"python {platform.python_version()} on {platform.machine()}, {platform.platform()}",
            release.read_text(errors="replace") if release.is_file() else "",
            *installed,
            "",
        ]
    )


def _plain(said: Any, key: str = "", part: str = "") -> Any:
    """The settings, without what opens a door or says who somebody is."""
    if isinstance(said, dict):
        return {name: _plain(value, name, part or name) for name, value in said.items()}
    if isinstance(said, list):
        return [_plain(value, key, part) for value in said]
    if isinstance(said, str) and key in ("url", "to", "personal"):
        return _bare(said, part)
    return OUT if said is not None and key in ("secret", "contact") else said


def _bare(url: str, part: str) -> str:
    """Only the kind of a URL: elsewhere than in a broker's, a host can be a token."""
    split = urlsplit(url)
    if part not in _SAID_WHOLE or not split.hostname:
        return f"{split.scheme}://{OUT}" if split.scheme else url
    return f"{split.scheme}://{split.hostname}:{split.port or ''}"


def _database(file: Path) -> dict[str, Any]:
    """How much there is of everything, and how the devices did last. No calls, no people."""
    if not file.is_file():
        return {}
    try:
        with closing(connect(file)) as db:
            db.execute("PRAGMA query_only = ON")
            tables = [
                name
                for (name,) in db.execute(
                    "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
                )
            ]
            rows = {
                name: db.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
                for name in tables
            }
            schema = [name for (name,) in db.execute("SELECT name FROM _sqlite_migrations")]
            telemetry = db.execute(
                "SELECT device, max(at), rssi, heap_free, uptime_s, outbox FROM telemetry "
                "GROUP BY device"
            ).fetchall()
            (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return {"trouble": str(error)}
    return {
        "bytes": file.stat().st_size,
        "check": verdict,
        "schema": schema,
        "rows": rows,
        "telemetry": telemetry,
    }


def _log(file: Path | None) -> str:
    if file is not None:
        try:
            lines = file.read_text(errors="replace").splitlines()
        except OSError as error:
            raise ConfigError(f"{file} cannot be read: {error.strerror}.") from None
        return "\n".join(lines[-_LOG_LINES:])
    with suppress(OSError, subprocess.TimeoutExpired):
        asked = subprocess.run(  # noqa: S603 - all of it is said here
            ["journalctl", "-u", "overdoor", "-n", f"{_LOG_LINES}", "--no-pager"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=_ASK_S,
            check=False,
        )
        return asked.stdout
    return "There is no journal here. Give a log with --log.\n"


def secrets_of(config: Config, file: Path) -> set[str]:
    """Every secret of a shop, in each way in which it may be written."""
    said = {hook.secret for hook in config.webhook} | {*_passwords_of(config.mqtt.url)}
    for hook in config.webhook:
        said |= set(_parts_of(hook.url)) - _NO_SECRETS
    for url in (*(one.url for one in config.channel), *config.report.to):
        said |= set(_parts_of(url))
    for name in (tags.FILE, cards.FILE):
        with suppress(OSError, ValueError, TypeError):
            said.add(json.loads((config.data.path / name).read_text())["secret"])
    beside = file.resolve().parent
    for device in (beside / "devices").glob("*.json"):
        with suppress(OSError, ValueError):
            said |= set(_secrets_in(json.loads(device.read_text())))
    keys = [config.data.path / keptfile.PUSH_KEY, *(beside / authority.FOLDER).glob("*.key")]
    for key in (*keys, config.web.tls_key, config.mqtt.tls_key):
        if key is not None:
            with suppress(OSError):
                said |= {line for line in key.read_text().splitlines() if "-----" not in line}
    return {one for one in said if len(one) >= _LEAST}


def _passwords_of(url: str) -> Iterator[str]:
    """Of a broker's URL: its user is in every log, and helps."""
    password = urlsplit(url).password or ""
    yield from (password, unquote(password))


def _parts_of(url: str) -> Iterator[str]:
    """What of a URL may be a secret: all but its scheme."""
    split = urlsplit(url)
    parts = [split.username or "", split.password or "", *split.path.split("/")]
    if split.hostname and "." not in split.hostname:
        parts.append(split.netloc.rpartition("@")[2].partition(":")[0])
    parts += [value for pair in split.query.split("&") for value in pair.partition("=")[2:]]
    for part in parts:
        yield from (part, unquote(part))


def _secrets_in(said: Any) -> Iterator[str]:
    if isinstance(said, dict):
        for key, value in said.items():
            if isinstance(value, str) and ("password" in key or key.endswith("key")):
                yield value
            else:
                yield from _secrets_in(value)


def _names_of(file: Path) -> list[str]:
    """Who is on duty, and who has an account."""
    if not file.is_file():
        return []
    with suppress(sqlite3.Error), closing(connect(file)) as db:
        db.execute("PRAGMA query_only = ON")
        rows = db.execute("SELECT name FROM person UNION SELECT name FROM account")
        return [name for (name,) in rows]
    return []


class _Striking:
    """Strikes secrets, and names of people, out of a text."""

    def __init__(self, secrets: Iterable[str], names: Iterable[str]) -> None:
        written = {form for one in secrets for form in (one, json.dumps(one)[1:-1])}
        longest_first = sorted(written, key=len, reverse=True)
        said = [*map(re.escape, longest_first), *(rf"\b{re.escape(one)}\b" for one in names)]
        self._secrets = re.compile("|".join(said) or r"(?!)")

    def __call__(self, text: str) -> str:
        return _TOKENS.sub(rf"\1{OUT}", self._secrets.sub(OUT, text))

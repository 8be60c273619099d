"""The command `overdoor init`: five questions, and a `shop.toml` with comments."""

import json
import os
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar
from zoneinfo import available_timezones

import typer

from overdoor import config as configuration
from overdoor import durable
from overdoor.bus.broker import find_mosquitto
from overdoor.config import ConfigError

A = TypeVar("A")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HERE, ALWAYS = "here", "always"
_NAME_LIMIT, _ID_LIMIT = 80, 32
_ROOMS_LIMIT = 200  # of one zone

_HERE = """\
url = "embedded"    # Overdoor runs it; for one elsewhere: "mqtt://user:password@host:1883"
bind = "0.0.0.0"    # where devices reach it, with their passwords; it needs mosquitto installed\
"""
_ELSEWHERE = "url = {url}    # user and password are the gateway's own there"

Zones = list[tuple[str, int]]  # name, how many rooms
Hours = dict[str, str]  # day, from and to; empty: always open


def init(
    name: Annotated[str | None, typer.Option(help="What the shop is called.")] = None,
    rooms: Annotated[
        str | None, typer.Option(help="Zones and how many rooms: 'Women 4, Men 3'.")
    ] = None,
    hours: Annotated[
        str | None,
        typer.Option(help="'mon-sat 10:00-20:00, sun 11:00-18:00', or always."),
    ] = None,
    timezone: Annotated[str | None, typer.Option(help="Like Europe/Sofia.")] = None,
    broker: Annotated[
        str | None,
        typer.Option(help="'here' for one of Overdoor's own, or mqtt://user:password@host."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing; defaults for what is not said.")
    ] = False,
    config: Annotated[
        Path,
        typer.Option(
            "--config", "-c", help="The file to write; it must not exist.", show_default=True
        ),
    ] = Path("shop.toml"),
) -> None:
    """Ask five questions about a shop, and write its file.

    Each answer can be given as an option instead. The file has a comment at every line that one
    may want to change, and is never written over.

    Example: `overdoor init --name "Rose Street" --rooms "Women 4, Men 3" --yes`
    """
    if config.exists():
        raise ConfigError(f"{config} is there already. Change it by hand, or name another file.")
    ask = _Asking(yes)
    said_name = ask("What is the shop called?", name, "My Shop", a_name)
    said_rooms = ask(
        "Which zones, and how many rooms has each?", rooms, "Women 3, Men 2", some_zones
    )
    said_hours = ask("When is it open?", hours, "mon-sat 10:00-20:00", opening)
    said_zone = ask("In which time zone?", timezone, here_zone(), a_time_zone)
    said_broker = ask("Where is the broker, here or mqtt://…?", broker, HERE, a_broker)
    write(config, text_of(said_name, said_rooms, said_hours, said_zone, said_broker))
    count = sum(number for _, number in said_rooms)
    typer.echo(
        f"Wrote {config}: {said_name}, {len(said_rooms)} zones, {count} rooms. Next:\n"
        f"  overdoor check -c {config}     says what is missing yet\n"
        f"  overdoor run -c {config}       starts the gateway\n"
        f"  overdoor device add ROOM -c {config}     makes a room's device"
    )


class _Asking:
    """Asks on the terminal until an answer can be used. With `yes` nothing is asked."""

    def __init__(self, yes: bool) -> None:
        self._yes = yes

    def __call__(
        self, question: str, said: str | None, default: str, read: Callable[[str], A]
    ) -> A:
        """What was said, or is answered now. Raises `ConfigError` for an option that is wrong."""
        if said is not None or self._yes:
            return read(default if said is None else said)
        while True:
            try:
                return read(typer.prompt(question, default=default))
            except ConfigError as error:
                typer.echo(f"  {error}")


def a_name(said: str) -> str:
    """The name of a shop or a zone. Raises `ConfigError`."""
    name = said.strip()
    if not 0 < len(name) <= _NAME_LIMIT or not name.isprintable():
        raise ConfigError(f"A name has 1 to {_NAME_LIMIT} letters.")
    return name


def some_zones(said: str) -> Zones:
    """`Women 4, Men 3`. Raises `ConfigError`."""
    zones: Zones = []
    for part in said.split(","):
        match = re.fullmatch(r"\s*(.*?)\s*\b(\d{1,3})\s*", part)
        if match is None or not match[1] or not 0 < int(match[2]) <= _ROOMS_LIMIT:
            raise ConfigError(
                f"{part.strip()!r} is no zone with 1 to {_ROOMS_LIMIT} rooms; "
                "write 'Women 4, Men 3'."
            )
        zones.append((a_name(match[1]), int(match[2])))
    return zones


def opening(said: str) -> Hours:
    """`mon-sat 10:00-20:00, sun 11:00-18:00`, or `always`. Raises `ConfigError`."""
    if said.strip().lower() == ALWAYS:
        return {}
    hours: Hours = {}
    for part in said.lower().split(","):
        match = re.fullmatch(r"([a-z]{3})(?:-([a-z]{3}))? ([\d:]+-[\d:]+)", part.strip())
        first, last = (match[1], match[2] or match[1]) if match else ("", "")
        if match is None or first not in DAYS or last not in DAYS:
            raise ConfigError(
                f"{part.strip()!r} is no day with its hours; "
                "write 'mon-sat 10:00-20:00', or always."
            )
        begin, end = DAYS.index(first), DAYS.index(last)
        for day in range(begin, end + 1 if end >= begin else end + 8):
            hours[DAYS[day % 7]] = match[3]
    try:
        configuration.HoursPart(**hours)
    except ValueError:
        raise ConfigError("Hours are written like 09:30-20:00, and end after they begin.") from None
    return hours


def a_time_zone(said: str) -> str:
    """A name of the time zone database. Raises `ConfigError`."""
    known = {zone.lower(): zone for zone in available_timezones()}
    try:
        return known[said.strip().lower()]
    except KeyError:
        raise ConfigError(f"{said!r} is no time zone; write one like Europe/Sofia.") from None


def here_zone() -> str:
    """What this machine is set to; UTC if that cannot be told."""
    link = Path(os.path.realpath("/etc/localtime")).as_posix()
    zone = os.environ.get("TZ") or link.partition("/zoneinfo/")[2]
    return zone if zone in available_timezones() else "UTC"


def a_broker(said: str) -> str:
    """`here`, or the URL of a broker. Raises `ConfigError`."""
    said = said.strip()
    if said == HERE:
        return said
    try:
        return configuration.MqttPart(url=said).url
    except ValueError:
        raise ConfigError(
            f"{said!r} is no broker; write here, or mqtt://user:password@192.168.1.10:1883."
        ) from None


def an_id(name: str, otherwise: str, taken: set[str]) -> str:
    """An id like the name: a-z, 0-9 and -. A number makes it one of its own."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    wish = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: _ID_LIMIT - 4].strip("-") or otherwise
    found, number = wish, 1
    while found in taken:
        number += 1
        found = f"{wish}-{number}"
    taken.add(found)
    return found


def text_of(name: str, zones: Zones, hours: Hours, timezone: str, broker: str) -> str:
    """The file."""
    mqtt = _HERE if broker == HERE else _ELSEWHERE.format(url=_quoted(broker))
    if broker == HERE and find_mosquitto() is None:
        mqtt = mqtt.replace("\nbind", "\n# bind")
    parts = [
        f"""\
# {name}, made by `overdoor init`. What else can stand here: docs/protocol.md.
# After a change: overdoor check. A gateway that runs takes up most of it by itself.

[shop]
id = {_quoted(an_id(name, "shop", set()))}    # in every topic; leave it once there are devices
name = {_quoted(name)}
timezone = {_quoted(timezone)}
# language = "de"    # what cards, channels and pages speak to who does not say: bg bs de el en ru

[mqtt]
{mqtt}

[web]
bind = "0.0.0.0:8080"    # where the pages are served: here on every address of this machine
mdns = "overdoor"    # phones find it as overdoor.local; another name for a second gateway here
# tls_cert = "tls/web.pem"    # HTTPS: `overdoor ca` makes both, and says more
# tls_key = "tls/web.key"

[data]
path = "data"    # the database's folder, beside this file
keep_days = 30    # calls and their events; their numbers stay

[policy]
target_arrival_s = 60    # what the shop promises: somebody is there within so many seconds

# Whom to page, and when, until somebody takes the call.
[[policy.step]]
after_s = 0
page = "nearest"

[[policy.step]]
after_s = 20
page = "zone"

[[policy.step]]
after_s = 60
page = "shop"
""",
        _hours_part(hours),
    ]
    ids, room_ids = set[str](), set[str]()
    for zone, count in zones:
        zone_id = an_id(zone, "zone", ids)
        parts.append(f"[[zone]]\nid = {_quoted(zone_id)}\nname = {_quoted(zone)}\n")
        parts += [
            f"[[room]]\nid = {_quoted(an_id(f'{zone_id} {number}', 'room', room_ids))}\n"
            f"name = {_quoted(f'{zone[: _NAME_LIMIT - 4]} {number}')}\n"
            f"zone = {_quoted(zone_id)}\n"
            "# at = [4.0, 2.5]    # metres on the floor plan, so that the nearest is paged\n"
            for number in range(1, count + 1)
        ]
    return "\n".join(parts)


def _hours_part(hours: Hours) -> str:
    if not hours:
        return '# [hours]    # without them the shop is always open\n# mon = "10:00-20:00"\n'
    lines = [f'{day} = "{hours[day]}"' for day in DAYS if day in hours]
    return "\n".join(["[hours]    # a day that is not named is closed", *lines, ""])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def write(file: Path, text: str) -> None:
    """Writes the file for its owner only, once it is known to be good. Raises `ConfigError`.

    Nobody else reads it, because the broker's password may be in it.
    """
    configuration.parse(text, file)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        durable.create(file, text.encode())
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror}.") from None

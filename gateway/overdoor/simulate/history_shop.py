"""The shop of a made-up history: rooms enough for its calls, and its file."""

from json import dumps
from pathlib import Path

from overdoor.core.model import Plan, Policy, Room, Zone
from overdoor.simulate.history_truth import BY_HOUR, BY_WEEKDAY, Truth

TIMEZONE = "Europe/Berlin"
CALLS_OF_A_ROOM = 5  # in the busiest hour of a usual week
FEWEST = 3
PITCH_M = 2.2

_HEAD = """\
# A made-up shop. Nobody called, and nobody came; truth.json says what its days were drawn from.
# Everybody who opens its pages can see all of it: overdoor run --config {name}

[shop]
id = "history"
name = "Made-up Shop"
timezone = "{timezone}"

[mqtt]
url = "embedded"

[web]
bind = "127.0.0.1:8080"
"""


def a_plan(truth: Truth) -> Plan:
    """A shop with rooms for these calls, in one long row."""
    zones: dict[str, Zone] = {}
    rooms: dict[str, Room] = {}
    busiest = truth.calls_per_day * max(BY_WEEKDAY) * max(BY_HOUR)
    for zone, share in truth.zones.items():
        zones[zone] = Zone(zone, zone.capitalize())
        for number in range(1, max(FEWEST, round(busiest * share / CALLS_OF_A_ROOM)) + 1):
            id_ = f"{zone[0]}{number}"
            at = (round(len(rooms) * PITCH_M, 1), 0.0)
            rooms[id_] = Room(id_, f"{zone.capitalize()} {number}", zone, at, (f"cp-{id_}",))
    return Plan(zones=zones, rooms=rooms, policy=Policy(), timezone=TIMEZONE)


def write_file(plan: Plan, path: Path) -> None:
    """The `shop.toml` of such a shop."""
    lines = [_HEAD.format(name=path.name, timezone=plan.timezone)]
    lines += [
        f"[[zone]]\nid = {dumps(zone.id)}\nname = {dumps(zone.name)}\n"
        for zone in plan.zones.values()
    ]
    lines += [
        f"[[room]]\nid = {dumps(room.id)}\nname = {dumps(room.name)}\n"
        f"zone = {dumps(room.zone)}\nat = {dumps(room.at)}\ndevice = {dumps(room.devices[0])}\n"
        for room in plan.rooms.values()
    ]
    path.write_text("\n".join(lines), encoding="utf-8")

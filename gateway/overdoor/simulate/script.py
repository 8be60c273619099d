"""What will happen to a shop, drawn from a seed before anything does.

Only what comes from outside is in the script: shoppers, shifts, and faults. How associates answer
follows from what they are told. A script is data, so that a failing one can be made smaller.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import NamedTuple

from overdoor.core.hours import Hours
from overdoor.core.model import Mystery, Pager, Plan, Policy, Room, Step, Zone
from overdoor.simulate.devices import Build

MINUTE = 60_000
HOUR = 60 * MINUTE

NAMES = ("Ana", "Boris", "Chloe", "Daniel", "Elena", "Farid", "Greta", "Hristo")
NEEDS = ("another size", "another model", "question", "ready to pay", "other")
NEED_WORDS = ("another-size", "question")  # what a need button chooses from
ZONES = (("women", "Women"), ("men", "Men"), ("kids", "Kids"))


class Happening(NamedTuple):
    """One thing from outside: when, what, to whom, and how much of it."""

    at: int
    what: str
    who: str = ""
    much: int = 0


@dataclass(frozen=True)
class Manners:
    """How associates are, each a share of the occasions."""

    answers: float = 0.8  # of pages, acknowledged
    declines: float = 0.08
    comes: float = 0.85  # of acknowledgements; the rest forgets
    hands_off: float = 0.04
    undoes: float = 0.03
    regrets: float = 0.03  # of closings, undone in time or just too late
    presses_presence: float = 0.6  # on arrival; the rest taps, or does neither
    taps_arrived: float = 0.25
    closes: float = 0.6  # by presence or tap; the rest leaves it to the clock
    finds_nobody: float = 0.04
    replies: float = 0.0  # of calls taken, told something; half of them twice


@dataclass(frozen=True)
class Script:
    """A whole shop and all that will come upon it."""

    seed: int
    name: str
    opens: int
    closes: int
    plan: Plan
    builds: tuple[Build, ...]
    staff: tuple[str, ...]
    happenings: tuple[Happening, ...]
    manners: Manners = Manners()
    slow_ms: int = 300  # the longest that a message is under way
    doubles: float = 0.0  # share of messages that come twice
    pace: int = 1  # how leisurely people are
    keep_ms: int | None = None  # how long facts are kept; None: for ever

    @property
    def training_room(self) -> str | None:
        """The room that is for training, if there is one."""
        return next((room.id for room in self.plan.rooms.values() if room.training), None)

    def only(self, happenings: tuple[Happening, ...]) -> "Script":
        """The same shop with less happening."""
        return replace(self, happenings=happenings)


def a_plan(rooms: int, policy: Policy, hours: Hours | None) -> Plan:
    """Rooms in up to three zones along one wall."""
    zones = ZONES[: max(1, min(3, (rooms + 1) // 2))]
    placed: dict[str, Room] = {}
    for index in range(rooms):
        zone, name = zones[index * len(zones) // rooms]
        number = 1 + sum(room.zone == zone for room in placed.values())
        room_id = f"{zone[0]}{number}"
        place = (2.2 * index, 1.4)
        placed[room_id] = Room(room_id, f"{name} {number}", zone, place, (f"cp-{room_id}",))
    return Plan({id_: Zone(id_, name) for id_, name in zones}, placed, {}, policy, hours=hours)


HASTY = Policy(
    target_arrival_ms=15_000,
    acknowledgement_lapses_ms=25_000,
    close_after_ms=60_000,
    visit_gap_ms=60_000,
    stale_press_ms=40_000,
    give_up_ms=120_000,
    repage_ms=6_000,
    steps=(Step(0, "nearest"), Step(8_000, "zone"), Step(20_000, "shop")),
)


def rough_hour(seed: int, minutes: int = 25, favour: tuple[str, ...] | None = None) -> Script:
    """A small shop, a hasty policy, and far too many faults. Each seed is bad in its own way.

    `favour` names the only faults there are; else each seed draws some.
    """
    rng = Random(f"rough/{seed}")  # noqa: S311 - the same day again, not a secret
    rooms = rng.choice((1, 2, 2, 3))
    # In some of these hours the shop closes, with two minutes of grace.
    closing = Hours("UTC", ((540, 540 + minutes * 2 // 3),) * 7, grace_ms=2 * MINUTE)
    plan = a_plan(
        rooms,
        HASTY if rng.random() < 0.8 else Policy(),
        closing if rng.random() < 0.2 else None,
    )
    builds = tuple(
        Build(room, presence=rng.random() < 0.7, flash=rng.random() < 0.9) for room in plan.rooms
    )
    plan, builds = _more(rng, plan, builds, minutes)
    names = [build.name for build in builds]
    staff = NAMES[: rng.choice((0, 1, 2, 2, 3))]
    opens = 9 * HOUR
    end = opens + minutes * MINUTE
    happenings = _shifts(rng, plan, staff, opens, end)
    happenings += _shoppers(rng, names, opens, end, rng.choice((6, 10, 16)))
    happenings += _faults(rng, names, opens, end, rng.choice((0, 4, 8, 14)), favour)
    if any(room.training for room in plan.rooms.values()):
        happenings += [
            Happening(rng.randint(opens, end), "train", name) for name in staff for _ in range(2)
        ]
    pages = Random(f"pages/{seed}")  # noqa: S311 - apart, so that the rest stays as it was
    with_pages = pages.random() < 0.4
    if with_pages:
        happenings += _pages(pages, list(plan.rooms), opens, end, pages.choice((4, 8, 14)))
    for _ in range(rng.choice((0, 0, 0, 1, 3))):
        at, name = rng.randint(opens, end), rng.choice(names)
        happenings.append(Happening(at, "rehang", name, rng.randrange(rooms)))
    return Script(
        seed=seed,
        name="a rough hour",
        opens=opens,
        closes=end,
        plan=plan,
        builds=builds,
        staff=staff,
        happenings=tuple(sorted(happenings)),
        manners=Manners(
            answers=rng.choice((0.3, 0.7, 0.9)),
            declines=rng.choice((0.0, 0.1, 0.3)),
            comes=rng.choice((0.4, 0.8, 1.0)),
            hands_off=rng.choice((0.0, 0.1)),
            undoes=rng.choice((0.0, 0.1)),
            regrets=rng.choice((0.0, 0.2)),
            replies=pages.choice((0.3, 0.9)) if with_pages else 0.0,
        ),
        slow_ms=rng.choice((20, 300, 900)),
        doubles=rng.choice((0.0, 0.0, 0.05)),
        keep_ms=rng.choice((None, 3 * MINUTE, 8 * MINUTE)),
    )


def _more(
    rng: Random, plan: Plan, builds: tuple[Build, ...], minutes: int
) -> tuple[Plan, tuple[Build, ...]]:
    """What not every shop has: a second device in a room, need buttons, practice, tests, pagers."""
    rooms = dict(plan.rooms)
    needs = NEED_WORDS[:2] if rng.random() < 0.4 else ()
    builds = tuple(replace(build, needs=needs) for build in builds)
    if rng.random() < 0.3:
        second = Build(rng.choice(list(rooms)), presence=rng.random() < 0.5, second=True)
        room = rooms[second.room]
        rooms[second.room] = replace(room, devices=(*room.devices, second.device))
        builds = (*builds, second)
    if rng.random() < 0.3:
        rooms["t1"] = Room("t1", "Training", next(iter(plan.zones)), (0.0, 4.0), (), training=True)
    mystery = None
    if rng.random() < 0.5:
        times = tuple(range(542, 540 + minutes, rng.choice((4, 9))))
        mystery = Mystery("simulated", tuple(plan.rooms), times=times)
    pagers = {"pg-1": Pager("pg-1")} if rng.random() < 0.3 else {}
    return replace(plan, rooms=rooms, mystery=mystery, pagers=pagers), builds


def _shifts(
    rng: Random, plan: Plan, staff: tuple[str, ...], opens: int, end: int
) -> list[Happening]:
    zones = len(plan.zones)
    found = []
    for name in staff:
        found.append(
            Happening(opens + rng.randint(0, 20_000), "sign on", name, rng.randrange(zones))
        )
        for _ in range(rng.choice((0, 1, 2))):
            at = rng.randint(opens, end)
            what = rng.choice(("break", "break", "sign off", "move"))
            found.append(Happening(at, what, name, rng.randrange(zones)))
            back = at + rng.randint(5_000, 4 * MINUTE)
            found.append(Happening(back, "sign on", name, rng.randrange(zones)))
    return found


def _shoppers(rng: Random, rooms: list[str], opens: int, end: int, count: int) -> list[Happening]:
    found = []
    for _ in range(count):
        at, room = rng.randint(opens + 5_000, end), rng.choice(rooms)
        found.append(Happening(at, "press", room, rng.randint(60, 500)))
        while rng.random() < 0.45:
            at += rng.choice((300, 1_500, 4_000, 9_000, 30_000)) + rng.randint(0, 2_000)
            found.append(Happening(at, "press", room, rng.randint(60, 500)))
        if rng.random() < 0.4:
            said = at + rng.randint(-20_000, 20_000)
            found.append(Happening(max(opens, said), "need", room, rng.randrange(len(NEEDS))))
            found.append(Happening(max(opens, said + 700), "choose", room, 150))
        if rng.random() < 0.12:
            at += rng.randint(2_000, 60_000)
            found.append(Happening(at, "press", room, rng.choice((900, 1_400, 3_300))))
        if rng.random() < 0.08:
            found.append(Happening(at + rng.randint(500, 40_000), "presence", room, 200))
    return found


def _pages(rng: Random, rooms: list[str], opens: int, end: int, count: int) -> list[Happening]:
    """Phones that scanned the card: a call, what is said of it, and two questions afterwards."""
    found = []
    for _ in range(count):
        at, room = rng.randint(opens + 5_000, end), rng.choice(rooms)
        found.append(Happening(at, "page asks", room, rng.randrange(3)))
        while rng.random() < 0.6:
            at += rng.choice((300, 2_000, 8_000, 25_000)) + rng.randint(0, 2_000)
            what = "page asks" if rng.random() < 0.2 else "page says"
            found.append(Happening(at, what, room, rng.randrange(4)))
        at += rng.choice((20_000, 60_000, 120_000))
        for _ in range(rng.choice((0, 1, 3))):
            found.append(Happening(at, "page rates", room, rng.randrange(8)))
            at += rng.randint(100, 8_000)
    return found


_FAULTS = (
    "reboot",
    "reboot in the dark",
    "restart",
    "flash breaks",
    "cut",
    "cut",
    "half-open",
    "gateway crash",
    "gateway crash",
    "gateway cut",
    "gateway half-open",
    "broker dies",
    "disk full",
    "disk locked",
    "clock jumps",
)


def _faults(
    rng: Random,
    rooms: list[str],
    opens: int,
    end: int,
    count: int,
    favour: tuple[str, ...] | None,
) -> list[Happening]:
    found = []
    favoured = favour or rng.sample(_FAULTS, 5)  # not every bad day is bad in every way
    for _ in range(count):
        at, what = rng.randint(opens, end), rng.choice(favoured)
        if what == "reboot in the dark":
            found += _reboot_in_the_dark(rng, at, rng.choice(rooms))
            continue
        much = {
            "reboot": 0,
            "cut": rng.choice((2_000, 20_000, 90_000)),
            "flash breaks": rng.choice((2_000, 40_000, 200_000)),
            "gateway crash": rng.randint(0, 30),
            "broker dies": rng.choice((500, 5_000, 60_000)),
            "disk full": rng.choice((300, 5_000, 40_000)),
            "disk locked": rng.choice((300, 5_000, 40_000)),
            "clock jumps": rng.choice((-5, -1, 1, 3)),
        }.get(what, 0)
        who = rng.choice(rooms)
        if what in ("gateway crash", "broker dies"):
            who = (
                rng.choice(("soon", "later"))
                if what == "gateway crash"
                else rng.choice(("keeps", "forgets"))
            )
        found.append(Happening(at, what, who, much))
        if what == "clock jumps":  # it shows only at the next start
            found.append(Happening(at + rng.randint(100, 60_000), "gateway crash", "soon", 3))
    return found


def _reboot_in_the_dark(rng: Random, at: int, room: str) -> list[Happening]:
    """Wi-Fi goes, somebody presses, and then the power goes with the press still in hand."""
    return [
        Happening(at, "cut", room, rng.choice((10_000, 60_000))),
        Happening(at + rng.randint(1_000, 5_000), "press", room, 200),
        Happening(at + rng.randint(6_000, 30_000), "reboot", room),
    ]


def calm_day(seed: int, days: int = 1, rooms: int = 6) -> Script:
    """An ordinary shop from nine to seven, with the few faults that ordinary days have."""
    rng = Random(f"calm/{seed}")  # noqa: S311 - the same day again, not a secret
    plan = a_plan(rooms, Policy(), Hours("UTC", ((9 * 60, 19 * 60),) * 7))
    staff = NAMES[:4]
    happenings: list[Happening] = []
    for day in range(days):
        start = day * 24 * HOUR
        opens, closes = start + 9 * HOUR, start + 19 * HOUR
        happenings += _working_day(rng, plan, staff, opens, closes)
    return Script(
        seed=seed,
        name="a day in the shop",
        opens=9 * HOUR,
        closes=(days - 1) * 24 * HOUR + 19 * HOUR,
        plan=plan,
        builds=tuple(Build(room) for room in plan.rooms),
        staff=staff,
        happenings=tuple(sorted(happenings)),
        pace=3,
        doubles=0.002,
    )


def _working_day(
    rng: Random, plan: Plan, staff: tuple[str, ...], opens: int, closes: int
) -> list[Happening]:
    zones = len(plan.zones)
    found: list[Happening] = []
    for index, name in enumerate(staff):
        begins = opens - rng.randint(1, 10) * MINUTE
        found.append(Happening(begins, "sign on", name, index % zones))
        lunch = opens + (3 + index % 3) * HOUR + rng.randint(0, 30) * MINUTE
        found.append(Happening(lunch, "break", name))
        found.append(Happening(lunch + 30 * MINUTE, "sign on", name, index % zones))
        found.append(Happening(closes + rng.randint(0, 8) * MINUTE, "sign off", name))
    for hour, visits in enumerate((2, 3, 4, 6, 6, 4, 4, 6, 7, 4)):
        begin = opens + hour * HOUR
        found += _shoppers(rng, list(plan.rooms), begin, begin + HOUR - 5 * MINUTE, visits)
    faults = [
        Happening(0, "cut", rng.choice(list(plan.rooms)), rng.randint(20, 200) * 1000),
        Happening(0, "reboot", rng.choice(list(plan.rooms))),
        Happening(0, "gateway crash", "later", rng.randint(0, 12)),
        Happening(0, "broker dies", rng.choice(("keeps", "forgets")), rng.randint(3, 25) * 1000),
        Happening(0, "disk full", "", rng.randint(10, 60) * 1000),
        Happening(0, "half-open", rng.choice(list(plan.rooms))),
    ]
    presses = [it for it in found if it.what == "press"]
    for fault in rng.sample(faults, rng.randint(3, 5)):
        # Just before somebody presses, so that it matters; in that room, if it is about a room.
        press = rng.choice(presses)
        who = press.who if fault.who in plan.rooms else fault.who
        found.append(fault._replace(at=press.at - rng.randint(-2_000, 8_000), who=who))
    return found

"""Every measure, once: the API, the pages, the docs and the exports take its words from here."""

from dataclasses import dataclass
from enum import StrEnum

from overdoor.core.sentence import Sentence
from overdoor.insight.intervals import ENOUGH

FEWEST = 5  # of fewer calls a share would tell of single people, so it is not shown


class Unit(StrEnum):
    """What a number counts."""

    MS = "ms"
    SHARE = "share"  # 0 to 1, shown in per cent
    PER_CALL = "per call"
    PER_VISIT = "per visit"
    PER_HOUR = "per person and hour"
    CALLS = "calls"
    SCORE = "1 to 5"


class Better(StrEnum):
    """Which way is good. A band: too much is as bad as too little."""

    LOWER = "lower"
    HIGHER = "higher"
    BAND = "band"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure. `needs` is the n below which calls are drawn one by one, or nothing is."""

    id: str
    name: Sentence
    unit: Unit
    better: Better
    needs: int
    definition: Sentence
    formula: Sentence
    source: str


CALLS = Measure(
    "calls",
    Sentence("Calls"),
    Unit.CALLS,
    Better.NEITHER,
    0,
    Sentence(
        "Presses that became a call. Wrong presses (cancelled within 5 s), test, training and "
        "mystery calls and voided calls are left out."
    ),
    Sentence("count"),
    "count",
)
ARRIVAL_TIME = Measure(
    "arrival_time",
    Sentence("Arrival time"),
    Unit.MS,
    Better.LOWER,
    ENOUGH,
    Sentence(
        "From the press until somebody stands there, of the calls that somebody arrived at. "
        "The headline takes arrivals of evidence A and B."
    ),
    Sentence("arrived − raised; p50 and p90 with order-statistic intervals"),
    "David & Nagaraja 2003",
)
RESPONSE_TIME = Measure(
    "response_time",
    Sentence("Response time"),
    Unit.MS,
    Better.LOWER,
    ENOUGH,
    Sentence("From the press until somebody says that they are coming."),
    Sentence("acknowledged − raised; p50 and p90 with order-statistic intervals"),
    "David & Nagaraja 2003",
)
SERVICE_TIME = Measure(
    "service_time",
    Sentence("Service time"),
    Unit.MS,
    Better.NEITHER,
    ENOUGH,
    Sentence(
        "From the arrival until the call is over. Where nobody said that it was, the end is "
        "estimated and counted apart."
    ),
    Sentence("closed − arrived; p50 and p90 with order-statistic intervals"),
    "David & Nagaraja 2003",
)
SERVICE_LEVEL = Measure(
    "service_level",
    Sentence("Service level"),
    Unit.SHARE,
    Better.HIGHER,
    FEWEST,
    Sentence(
        "Calls that somebody arrived at within the shop's target, of all calls. A call that was "
        "abandoned is a failure. Cancels within 5 s of the press are wrong presses and left out."
    ),
    Sentence("arrived within the target ÷ calls; Wilson interval"),
    "Wilson 1927",
)
ABANDONMENT = Measure(
    "abandonment",
    Sentence("Abandonment"),
    Unit.SHARE,
    Better.LOWER,
    FEWEST,
    Sentence(
        "Calls that were cancelled before anybody came, that were left (nobody was there any "
        "more), or that nobody answered; beside arrival, as the two compete."
    ),
    Sentence("cumulative incidence: Σ S(t−) · abandoned at t ÷ waiting at t"),
    "Aalen & Johansen 1978",
)
TO_BE_HELPED = Measure(
    "to_be_helped",
    Sentence("Time to be helped"),
    Unit.MS,
    Better.LOWER,
    ENOUGH,
    Sentence(
        "How long it takes until somebody stands there, had everybody waited for it: those who "
        "gave up count as long as they waited."
    ),
    Sentence("S(t) = ∏ (1 − came ÷ waiting); cancelled and unanswered calls are censored"),
    "Kaplan & Meier 1958; Brookmeyer & Crowley 1982",
)
PATIENCE = Measure(
    "patience",
    Sentence("Patience"),
    Unit.MS,
    Better.NEITHER,
    ENOUGH,
    Sentence(
        "How long people wait before they give up, had nobody come. Of those who left is only "
        "known that it was before somebody came."
    ),
    Sentence(
        "S(t) = ∏ (1 − gave up ÷ waiting); arrivals are right-censored, left calls left-censored"
    ),
    "Turnbull 1974; Brown et al. 2005",
)
INSTANT_SHARE = Measure(
    "instant_share",
    Sentence("Instant share"),
    Unit.SHARE,
    Better.HIGHER,
    FEWEST,
    Sentence("Calls at whose press an associate was free, of all calls."),
    Sentence("free at the press ÷ calls; Wilson interval"),
    "Wilson 1927",
)
QUEUE_WAIT = Measure(
    "queue_wait",
    Sentence("Queue wait"),
    Unit.MS,
    Better.LOWER,
    ENOUGH,
    Sentence(
        "From the press until an associate became free, of the calls at whose press none was."
    ),
    Sentence("first free − raised; p50 and p90 with order-statistic intervals"),
    "David & Nagaraja 2003",
)
FIRST_CONTACT = Measure(
    "first_contact",
    Sentence("First-contact resolution"),
    Unit.SHARE,
    Better.HIGHER,
    FEWEST,
    Sentence(
        "Visits with one call, of all visits. A visit is calls of one room with less than 10 "
        "minutes between them."
    ),
    Sentence("visits with one call ÷ visits; Wilson interval"),
    "Wilson 1927",
)
CALLS_PER_VISIT = Measure(
    "calls_per_visit",
    Sentence("Calls per visit"),
    Unit.PER_VISIT,
    Better.LOWER,
    FEWEST,
    Sentence("How many calls a visit has."),
    Sentence("calls ÷ visits"),
    "count",
)
REPEAT_PRESSES = Measure(
    "repeat_presses",
    Sentence("Repeat presses"),
    Unit.PER_CALL,
    Better.LOWER,
    FEWEST,
    Sentence("Presses beyond the first while a call is open: somebody doubts that it was heard."),
    Sentence("(presses − calls) ÷ calls"),
    "count",
)
HAND_OFFS = Measure(
    "hand_offs",
    Sentence("Hand-offs"),
    Unit.PER_CALL,
    Better.LOWER,
    FEWEST,
    Sentence("How often a call went on to another zone or person."),
    Sentence("hand-offs ÷ calls"),
    "count",
)
LAPSES = Measure(
    "lapses",
    Sentence("Lapses"),
    Unit.PER_CALL,
    Better.LOWER,
    FEWEST,
    Sentence("Acknowledgements that ran out before anybody arrived."),
    Sentence("lapses ÷ calls"),
    "count",
)
HANDLING_TIME = Measure(
    "handling_time",
    Sentence("Time per call"),
    Unit.MS,
    Better.NEITHER,
    ENOUGH,
    Sentence("How long a call keeps somebody busy, by reason."),
    Sentence("closed − acknowledged; p50 and p90 with order-statistic intervals"),
    "David & Nagaraja 2003",
)
OCCUPANCY = Measure(
    "occupancy",
    Sentence("Occupancy"),
    Unit.SHARE,
    Better.BAND,
    FEWEST,
    Sentence("The share of the time on duty that calls take, by zone and hour; never of a person."),
    Sentence("time from acknowledged to closed ÷ time on duty"),
    "ratio",
)
BACKLOG = Measure(
    "backlog",
    Sentence("Backlog"),
    Unit.CALLS,
    Better.LOWER,
    0,
    Sentence("Calls that came in and did not go out yet, running through the day."),
    Sentence("calls raised − calls closed"),
    "count",
)
REASONS = Measure(
    "reasons",
    Sentence("Reasons"),
    Unit.SHARE,
    Better.NEITHER,
    FEWEST,
    Sentence(
        "What was asked for, as shares of the calls that said so. One above 3 % that a sign or a "
        "shelf could answer is flagged."
    ),
    Sentence("calls of a reason ÷ calls with a reason; Wilson interval"),
    "Wilson 1927",
)
SATISFACTION = Measure(
    "satisfaction",
    Sentence("Satisfaction"),
    Unit.SCORE,
    Better.HIGHER,
    FEWEST,
    Sentence("What shoppers answered who were asked afterwards and wanted to; most do not."),
    Sentence("mean of the answers, with the share of calls that answered"),
    "count",
)
KNEW_HOW_LONG = Measure(
    "knew_how_long",
    Sentence("Knew how long"),
    Unit.SHARE,
    Better.HIGHER,
    FEWEST,
    Sentence("Shoppers who said that they knew how long it would take, of those who answered."),
    Sentence("yes ÷ answers; Wilson interval"),
    "Wilson 1927",
)
PAGES_PER_CALL = Measure(
    "pages_per_call",
    Sentence("Pages per call"),
    Unit.PER_CALL,
    Better.LOWER,
    FEWEST,
    Sentence("How many people a call alerts until one comes."),
    Sentence("pages ÷ calls"),
    "count",
)
PAGES_PER_HOUR = Measure(
    "pages_per_hour",
    Sentence("Interruptions"),
    Unit.PER_HOUR,
    Better.LOWER,
    FEWEST,
    Sentence("How often somebody on duty is paged; over all of them, never of a person."),
    Sentence("pages ÷ hours on duty"),
    "count",
)
EVIDENCE = Measure(
    "evidence",
    Sentence("Evidence"),
    Unit.SHARE,
    Better.HIGHER,
    FEWEST,
    Sentence(
        "How arrivals are known: A presence button, or the call button held while acknowledged; "
        "B signed tag; C code, badge, or the button held while raised; D a tap in the app."
    ),
    Sentence("arrivals of a grade ÷ arrivals; Wilson interval"),
    "Wilson 1927",
)
FAR_AWAY = Measure(
    "far_away",
    Sentence("Acknowledged while far away"),
    Unit.CALLS,
    Better.LOWER,
    0,
    Sentence("Acknowledgements from more than 30 m of walking away."),
    Sentence("count, with how many were known by distance"),
    "count",
)
NO_DWELL = Measure(
    "no_dwell",
    Sentence("Closed without a stay"),
    Unit.CALLS,
    Better.LOWER,
    0,
    Sentence("Calls closed as served within 10 s of the arrival."),
    Sentence("count, with how many were served"),
    "count",
)
QUICK_CANCEL = Measure(
    "quick_cancel",
    Sentence("Cancelled right after the press"),
    Unit.CALLS,
    Better.LOWER,
    0,
    Sentence("Calls cancelled within 5 s of the press. They are in no other measure."),
    Sentence("count, with how many were raised"),
    "count",
)
PRESSED_AFTER_CLOSE = Measure(
    "pressed_after_close",
    Sentence("Pressed again after a close"),
    Unit.CALLS,
    Better.LOWER,
    0,
    Sentence("Calls raised within 60 s after a call of the same room was closed as served."),
    Sentence("count, with how many were served"),
    "count",
)

MEASURES = (
    CALLS,
    ARRIVAL_TIME,
    RESPONSE_TIME,
    SERVICE_TIME,
    SERVICE_LEVEL,
    ABANDONMENT,
    TO_BE_HELPED,
    PATIENCE,
    INSTANT_SHARE,
    QUEUE_WAIT,
    FIRST_CONTACT,
    CALLS_PER_VISIT,
    REPEAT_PRESSES,
    HAND_OFFS,
    LAPSES,
    HANDLING_TIME,
    OCCUPANCY,
    BACKLOG,
    REASONS,
    SATISFACTION,
    KNEW_HOW_LONG,
    PAGES_PER_CALL,
    PAGES_PER_HOUR,
    EVIDENCE,
    FAR_AWAY,
    NO_DWELL,
    QUICK_CANCEL,
    PRESSED_AFTER_CLOSE,
)

BY_ID = {measure.id: measure for measure in MEASURES}


def table() -> str:
    """The measures as the Markdown table of `docs/metrics.md`."""
    rows = (
        f"| **{m.name}** `{m.id}` | {m.definition} | {m.formula} | {m.unit} | {m.better} "
        f"| {m.needs or '–'} | {m.source} |"
        for m in MEASURES
    )
    head = "| measure | definition | formula | unit | better | from n | source |"
    return "\n".join((head, "|" + "---|" * 7, *rows))

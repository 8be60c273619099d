"""Bugs of one line each, to show that the simulation would find them.

A bug is planted by compiling the function with one line changed and lending it that code, so
every module that knows the function sees the bug. Each names the faults that bring it out; the
seeds are those of `rough_hour`.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType
from typing import Any

from overdoor.bus import payloads
from overdoor.bus.client import Bus
from overdoor.core import answers, dispatch, escalation, mystery, replies, shopper, step, turn
from overdoor.core.ledger import Boot
from overdoor.engine import Engine
from overdoor.firmware import module
from overdoor.simulate import Trial, play, rough_hour
from overdoor.store import projections, retention

Outbox = module("outbox").Outbox
Journal = module("journal").Journal


@dataclass(frozen=True)
class Planted:
    """One line of one function, and what it is to become."""

    name: str
    function: Callable[..., Any]
    line: str
    becomes: str
    faults: tuple[str, ...] | None = None  # None: those that each seed draws

    def __str__(self) -> str:
        return self.name


BUGS = (
    Planted(
        "acknowledge before commit",
        Engine.submit,
        "self._writer.put(Turned(before, after, events, effects, also, written))",
        "self._writer.put(turned := Turned(before, after, events, effects, also, written)); "
        "self._stored(turned)",
    ),
    Planted(
        "page without commit",
        Engine.submit,
        "self._not_stored(error)",
        "self._not_stored(error); self._stored(turned)",
        ("disk full", "disk locked"),
    ),
    Planted(
        "what was not stored is not forgotten",
        Engine._not_stored,
        "self._shop = self.committed",
        "pass",
        ("disk full", "disk locked"),
    ),
    Planted(
        "no fence",
        step._timer_fired,
        "or call.fence != timer.fence",
        "",
    ),
    Planted(
        "rev reset: by the clock alone",
        turn.Turn._next_rev,
        "max(self.now, self.shop.rev + 1)",
        "self.now",
    ),
    Planted(
        "rev reset: forgotten at restart",
        projections.load,
        "rev=rev[0] if rev else 0,",
        "rev=0,",
        ("clock jumps", "gateway cut"),
    ),
    Planted(
        "n reused",
        Outbox.add,
        "self.last_n += 1",
        "self.last_n = 1 + max([it.n for it in self._events if it.boot == self.boot] or [0])",
    ),
    Planted(
        "null age taken as 0",
        payloads.parse_event,
        'age_ms=said.get("age_ms"),',
        'age_ms=said.get("age_ms") or 0,',
        ("reboot in the dark",),
    ),
    Planted(
        "retained state not said again",
        Bus._greet,
        "self._engine.submit(Restate())",
        "pass",
        ("broker dies", "gateway cut"),
    ),
    Planted(
        "receipt past a gap",
        turn.Turn.receipt,
        "(boot.id, boot.upto)",
        "(boot.id, max((boot.upto, *boot.beyond)))",
        ("gateway half-open", "half-open"),
    ),
    Planted(
        "timer replayed after restart",
        escalation.step_due,
        "return due[-1]",
        "return due[0]",
        ("gateway crash",),
    ),
    Planted(
        "timers not asked for again after restart",
        turn.Turn._say_everything,
        "self._effects += [Wake(timer) for timer in timers(call)] if call else []",
        "pass",
        ("gateway crash",),
    ),
    Planted(
        "a lapse that pages its owner first",
        dispatch.Candidate.order,
        "self.lapsed or ",
        "",
    ),
    Planted(
        "duty not checked: a break",
        dispatch.choose,
        "if not duty.paused and",
        "if",
    ),
    Planted(
        "coalescing that drops the first press",
        Outbox.add,
        "tail = self._events[-2:]",
        "tail = self._events[-1:] * 2",
        ("cut", "broker dies"),
    ),
    Planted(
        "a device that says too high a low",
        Outbox.low,
        "return min([",
        "return max([",
        ("gateway half-open", "half-open"),
    ),
    Planted(
        "a journal that is not read back",
        Journal.load,
        "outbox.restore(events)",
        "pass",
        ("reboot in the dark",),
    ),
    Planted(
        "a receipt of one boot that lets go of every boot",
        Outbox.cover,
        "if event.boot == boot and event.n <= n]",
        "if event.n <= n]",
        ("reboot in the dark", "reboot"),
    ),
    Planted(
        "presses that were counted in RAM only",
        Outbox.add,
        "if tail[1] not in self.unsaved:",
        "if False:",
        ("reboot in the dark",),
    ),
    Planted(
        "ages that leave out the restart",
        Journal.load,
        "event.at_ms - _RESTART_MS if",
        "event.at_ms if",
        ("restart", "cut"),
    ),
    Planted(
        "a repeat counts again",
        Boot.has,
        "n <= self.upto or n in self.beyond",
        "n in self.beyond",
    ),
    Planted(
        "an acknowledgement lapses by the clock of the call",
        escalation.timers,
        "call.since + policy.acknowledgement_lapses_ms",
        "call.raised_at + policy.acknowledgement_lapses_ms",
    ),
    Planted(
        "paged past the give-up",
        turn.Turn.escalate,
        "if self.now >= give_up_at:",
        "if False:",
        ("gateway crash", "clock jumps"),
    ),
    Planted(
        "pages that are not written to their duty",
        projections._duties,
        '{event.duty, *event.data.get("duties", ())}',
        "{event.duty}",
    ),
    Planted(
        "a closing can be undone for ever",
        answers.undoable,
        "and now - closing.noted_at <= UNDO_MS",
        "",
    ),
    Planted(
        "a mystery call where somebody was a moment ago",
        mystery.why_not,
        "if now - used_at < shop.plan.policy.visit_gap_ms:",
        "if False:",
    ),
    Planted(
        "a training call pages whoever is nearest",
        dispatch.choose,
        "if call.only is not None:",
        "if False:",
    ),
    Planted(
        "a promise that can be renewed for ever",
        replies.reply,
        "elif said.phrase is Phrase.WAIT and call.promised_until is not None:",
        "elif False:",
    ),
    Planted(
        "a promise that the lapse does not wait for",
        escalation.timers,
        "lapses_at = max(lapses_at, call.promised_until or 0)",
        "pass",
    ),
    Planted(
        "anybody replies to the shopper",
        replies.may_reply,
        "return call.by == by and call.state",
        "return call.state",
    ),
    Planted(
        "a question that is answered twice",
        shopper.shopper_rates,
        "if value is not None and getattr(last, key) is None",
        "if value is not None",
    ),
    Planted(
        "facts that go without a trace",
        retention._fold,
        "base.write(db, shop, after)",
        "pass",
    ),
    Planted(
        "receipts that are forgotten with their facts",
        retention._fold,
        "base.write_ledgers(db, events)",
        "pass",
    ),
    Planted(
        "an open call that is taken apart",
        retention._oldest,
        "or call in kept",
        "",
    ),
)


@contextmanager
def plant(bug: Planted) -> Iterator[None]:
    """Lends a function the code of its broken self."""
    function: Any = bug.function
    right: CodeType = function.__code__
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(bug.line) == 1, f"{bug.name}: {bug.line!r} is not there once; choose anew"
    broken = compile(ast.parse(source.replace(bug.line, bug.becomes)), "planted", "exec")
    scope: dict[str, Any] = {}
    exec(broken, function.__globals__ | {"__name__": "planted"}, scope)
    function.__code__ = scope[function.__name__].__code__
    try:
        yield
    finally:
        function.__code__ = right


def find(bug: Planted, seeds: range) -> tuple[int, Trial] | None:
    """How many seeds it took, and how it was found."""
    with plant(bug):
        for tried, seed in enumerate(seeds, 1):
            trial = play(rough_hour(seed, favour=bug.faults))
            if trial.broken is not None:
                return tried, trial
    return None


if __name__ == "__main__":  # the table of docs/simulation.md
    for planted in BUGS:
        found = find(planted, range(1000))
        how = f"{found[0]} | {found[1].broken}" if found else "not in 1000 | "
        print(f"| {planted} | {how} |", flush=True)

"""How the webhooks do: `notify` writes it down here, the web shows it. Neither knows the other."""

from dataclasses import dataclass, field

from overdoor.core.model import Millis
from overdoor.core.times import rfc3339

SOON_MS = 60_000  # a receiver that starts anew is no trouble


@dataclass
class Hook:
    """One webhook since the start: events taken, tries that failed, events given up."""

    delivered: int = 0
    failures: int = 0
    given_up: int = 0
    waiting: int = 0
    failing_since: Millis | None = None
    why: str = ""

    def took(self) -> None:
        """It took an event."""
        self.delivered += 1
        self.failing_since = None

    def failed(self, why: str, now: Millis) -> bool:
        """A try failed; whether that is news."""
        news = self.failing_since is None or self.why != why
        self.failures += 1
        self.failing_since = self.failing_since or now
        self.why = why
        return news


@dataclass
class Hooks:
    """All webhooks of the shop, by id."""

    by_id: dict[str, Hook] = field(default_factory=dict)

    def warnings(self, now: Millis) -> list[str]:
        """What whoever looks after the shop should know."""
        said = []
        for id_, hook in self.by_id.items():
            if hook.failing_since is not None and now - hook.failing_since > SOON_MS:
                since = rfc3339(hook.failing_since)
                said.append(f"webhook {id_} has taken nothing since {since}: {hook.why}")
            if hook.given_up:
                said.append(f"webhook {id_} was never told of {hook.given_up} events")
        return said

"""What the manager notes beside the numbers: "sale started", "new rooms". No facts of the shop."""

import secrets
from dataclasses import dataclass
from datetime import date

from overdoor.store.projections import Statement
from overdoor.store.store import ReadOnly, Store

TEXT_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Annotation:
    """From which day on something is different, in words. `zone` None: everywhere."""

    id: str
    day: date
    text: str
    zone: str | None


def new(day: date, text: str, zone: str | None) -> Annotation:
    """One that is not written down yet."""
    return Annotation(secrets.token_hex(8), day, " ".join(text.split()), zone)


def adding(annotation: Annotation) -> list[Statement]:
    """Writes it down."""
    values = (annotation.id, str(annotation.day), annotation.text, annotation.zone)
    return [("INSERT INTO annotation VALUES (?, ?, ?, ?)", values)]


def removing(id_: str) -> list[Statement]:
    """Takes it away."""
    return [("DELETE FROM annotation WHERE id = ?", (id_,))]


def between(
    store: Store | ReadOnly,
    first: date | None = None,
    last: date | None = None,
    zone: str | None = None,
) -> list[Annotation]:
    """Those of some days, in order; of a zone, with what is said of all zones."""
    rows = store.reader().execute(
        "SELECT id, day, text, zone FROM annotation WHERE day BETWEEN ? AND ? "
        "AND (?3 IS NULL OR zone IS NULL OR zone = ?3) ORDER BY day, rowid",
        (str(first or date.min), str(last or date.max), zone),
    )
    return [Annotation(id_, date.fromisoformat(day), *about) for id_, day, *about in rows]

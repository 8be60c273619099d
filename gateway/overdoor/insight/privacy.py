"""What of a cell may be seen outside: nothing that is about one or two people.

Every query of the numbers gives `Shown` and never a bare cell, so this is the one place. A group of
fewer than five calls, or about fewer than three associates, is hidden: only how many calls there
were is said, which tells of shoppers and not of staff. Where nobody was signed on and no pager was
used, the record knows of no associate, and only the five calls are asked for.

How many associates a group is about is a lower bound (`cells.Cell.merged`, `tally.at_once`), so
what is hidden may be too much and is never too little. Whoever sees a whole and all of its parts
but one can subtract; this rule does not prevent that.
"""

from dataclasses import dataclass
from enum import StrEnum

from overdoor.insight.cells import Cell


class Hidden(StrEnum):
    """Why the numbers of a group are not shown."""

    FEW_CALLS = "fewer than five calls"
    FEW_ASSOCIATES = "fewer than three associates"


@dataclass(frozen=True, slots=True)
class Shown:
    """A group as it may be seen: its cell, or why not. `calls` is said in any case."""

    calls: int
    cell: Cell | None
    hidden: Hidden | None


@dataclass(frozen=True, slots=True)
class Rule:
    """From how many calls and associates on a group is shown."""

    calls: int = 5
    associates: int = 3

    def show(self, cell: Cell) -> Shown:
        """The cell, if nobody can be made out in it."""
        hidden = None
        if cell.calls < self.calls:
            hidden = Hidden.FEW_CALLS
        elif 0 < cell.associates < self.associates:
            hidden = Hidden.FEW_ASSOCIATES
        return Shown(cell.calls, None if hidden else cell, hidden)


AGREED = Rule(calls=0, associates=0)  # the shop's staff agreed that small groups are shown, too

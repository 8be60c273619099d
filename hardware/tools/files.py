"""Where the data of the hardware is, and reading it."""

import csv
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HARDWARE = Path(__file__).parents[1]


def toml(name: str) -> dict[str, Any]:
    """A TOML file of the hardware folder."""
    return tomllib.loads((HARDWARE / name).read_text(encoding="utf-8"))


def table(name: str) -> list[dict[str, str]]:
    """The rows of a CSV file of the hardware folder, by column."""
    with (HARDWARE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def markdown(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table; columns whose cells all begin with a digit or a dash are set right."""
    right = [all(row[n][:1].isdigit() or row[n] == "–" for row in rows) for n in range(len(head))]
    rule = tuple("--:" if each else "---" for each in right)
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, rule, *rows))

"""How soon the manager's page is there, with ten years of calls behind it."""

import os
import statistics
import time
from datetime import date
from pathlib import Path

import httpx

from tests.bench.place import gateway
from tests.conftest import free_port

STARTS, ROUNDS = 7, 15
CHARTS = ("to_be_helped", "abandonment", "service_level", "calls", "patience")
PARTS = {
    "a day": "period=day",
    "a week": "period=week",
    "a month": "period=month",
    "a year": "period=year",
    "all time": "period=ever",
    **{f"the days of a year: {name}": f"period=year&measure={name}" for name in CHARTS},
}


async def pages(shop: Path, data: Path, day: date) -> tuple[list[float], dict[str, list[float]]]:
    """Milliseconds of the first page after each start, and of the parts of a page that was open.

    `day` is a day of the periods that are asked for.
    """
    first: list[float] = []
    parts: dict[str, list[float]] = {name: [] for name in PARTS}
    web = f"127.0.0.1:{free_port()}"
    settings = {
        "OVERDOOR_WEB__BIND": web,
        "OVERDOOR_MQTT__PORT": str(free_port()),
        "OVERDOOR_DATA__PATH": str(data),
        "OVERDOOR_DATA__KEEP_DAYS": "36500",  # nothing goes while this is measured
    }
    for start in range(STARTS):
        async with (
            gateway(shop, os.environ | settings),
            httpx.AsyncClient(base_url=f"http://{web}", timeout=60) as http,
        ):
            first.append(await _took(http, f"/?period=week&day={day}"))
            if start == STARTS - 1:
                for _ in range(ROUNDS):
                    for name, query in PARTS.items():
                        parts[name].append(await _took(http, f"/numbers?{query}&day={day}"))
    return first, parts


async def _took(http: httpx.AsyncClient, path: str) -> float:
    began = time.perf_counter()
    (await http.get(path)).raise_for_status()
    return (time.perf_counter() - began) * 1000


def told(first: list[float], parts: dict[str, list[float]]) -> str:
    """As lines."""
    lines = [
        f"\nThe manager's page, first after a start ({STARTS} x): median "
        f"{statistics.median(first):.0f} ms, longest {max(first):.0f} ms. The goal is 300 ms.",
        f"Its numbers, when another period or measure is picked ({ROUNDS} x each):",
        f"  {'':36}{'median ms':>10}{'longest':>9}",
    ]
    for name, took in parts.items():
        lines.append(f"  {name:36}{statistics.median(took):10.0f}{max(took):9.0f}")
    return "\n".join(lines)

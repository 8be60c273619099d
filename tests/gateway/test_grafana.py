"""The Grafana dashboard asks only for numbers that there are."""

import json
import re
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from overdoor.web import metrics

from .api import Client
from .test_upkeep import certificate

DASHBOARD = Path(__file__).parents[2] / "operations" / "grafana.json"
FUNCTIONS = {"time", "rate", "increase", "deriv", "label_values"}
NAME = re.compile(r"\b[a-z][a-z_]+\b(?!\s*=)")


def expressions() -> list[str]:
    said: dict[str, Any] = json.loads(DASHBOARD.read_text())
    asked = [target["expr"] for panel in said["panels"] for target in panel["targets"]]
    queries = [one["query"] for one in said["templating"]["list"]]
    return asked + [query["query"] for query in queries if isinstance(query, dict)]


def asked_for(expression: str) -> set[str]:
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|, job\)", "", expression)
    return {*NAME.findall(bare)} - FUNCTIONS


async def test_every_query_names_a_number_that_there_is(shop: Client) -> None:
    shop.engine.write_ms = 3.0
    said = metrics.render(shop.engine, shop.app.state.hooks, certificate(100))
    families = [*text_string_to_metric_families(said)]
    there = {sample.name for family in families for sample in family.samples}
    there |= {f"{one.name}_total" if one.type == "counter" else one.name for one in families}
    wanted = set[str]().union(*map(asked_for, expressions()))
    assert len(wanted) > 10
    assert wanted <= there


async def test_no_two_panels_lie_on_each_other() -> None:
    taken = set[tuple[int, int]]()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


async def test_how_the_machine_does_is_in_the_numbers(shop: Client) -> None:
    shop.engine.broker(up=True)
    await shop.raised()
    said = (await shop.http.get("/metrics")).text
    numbers = {
        sample.name: sample.value
        for family in text_string_to_metric_families(said)
        for sample in family.samples
    }
    assert numbers["overdoor_ready"] == 1
    assert numbers["overdoor_database_bytes"] > 10_000
    assert numbers["overdoor_disk_free_bytes"] > 0
    assert numbers["process_resident_memory_bytes"] > 0
    assert numbers["overdoor_longest_wait_seconds"] >= 0

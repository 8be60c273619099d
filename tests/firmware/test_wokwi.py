"""The Wokwi project is wired as the firmware expects. To run it needs their servers."""

import json
import tomllib

from overdoor import firmware

from .conftest import FIRMWARE

WOKWI = FIRMWARE / "wokwi"


def test_every_part_is_wired_to_the_pin_of_the_default_configuration() -> None:
    diagram = json.loads((WOKWI / "diagram.json").read_text())
    parts = {part["id"]: part for part in diagram["parts"]}
    wires = [set(wire[:2]) for wire in diagram["connections"]]
    pins = {**firmware.module("config").DEFAULT_PINS, "presence": 14}
    for end, name in (("call:1.l", "call"), ("presence:1.l", "presence"), ("ring:DIN", "ring")):
        assert {end, f"esp:{pins[name]}"} in wires
    assert {f"esp:{pins['lamp']}", "r1:1"} in wires
    assert all(end.split(":")[0] in {*parts, "$serialMonitor"} for wire in wires for end in wire)
    assert parts["ring"]["attrs"]["pixels"] == "12"


def test_its_settings_and_its_configuration_can_be_read() -> None:
    assert tomllib.loads((WOKWI / "wokwi.toml").read_text())["wokwi"]["version"] == 1
    text = (WOKWI / "README.md").read_text()
    start = text.index("```json\n") + len("```json\n")
    firmware.module("config").parse(text[start : text.index("```", start)])

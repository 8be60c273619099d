"""The arithmetic of currents, cables and cells."""

import re

import pytest
from hardware.tools import netlist, power
from hardware.tools.files import HARDWARE, toml
from hypothesis import given
from hypothesis import strategies as st

from overdoor import firmware

NUMBERS = power.load()
WORST = NUMBERS.states()[-1]
VOLTS = st.sampled_from([5, 12, 24])


@given(VOLTS, st.floats(0, 30), st.floats(0.1, 10))
def test_what_arrives_and_what_is_lost_are_what_was_sent(
    volt: int, metres: float, watts: float
) -> None:
    arrives = NUMBERS.arrives(volt, metres, watts)
    if arrives is None:
        assert volt**2 / (4 * NUMBERS.resistance(metres)) < watts  # more than a cable can carry
    else:
        amps = watts / arrives
        assert arrives + amps * NUMBERS.resistance(metres) == pytest.approx(volt)


@given(VOLTS, st.floats(0, 29))
def test_a_longer_cable_brings_less(volt: int, metres: float) -> None:
    watts = NUMBERS.watts(WORST, volt)
    near, far = (NUMBERS.arrives(volt, m, watts) for m in (metres, metres + 1))
    assert far is None or (near is not None and far < near)


def test_a_cable_by_hand() -> None:
    # 2 · 20 · 0.0178 / 0.75 Ω; 12 W from 24 V: (24 + √(576 - 45.6)) / 2
    assert NUMBERS.resistance(20) == pytest.approx(0.9493, abs=1e-4)
    assert NUMBERS.arrives(24, 20, 12) == pytest.approx(23.515, abs=1e-3)


def test_24_volts_reach_30_metres_and_5_do_not() -> None:
    for volt, enough in ((24, True), (12, True), (5, False)):
        arrives = NUMBERS.arrives(volt, 30, NUMBERS.watts(WORST, volt))
        assert (arrives is not None and arrives >= NUMBERS.least(volt)) is enough


def test_the_fuses_of_the_carrier_bear_the_worst() -> None:
    made, ratings = netlist.carrier("callpoint"), toml("ratings.toml")
    hold = {ref: ratings[made.parts[ref].part]["hold"] for ref in ("F1", "F2", "F3")}
    amps = NUMBERS.worst_amps(24, 30)
    assert amps is not None
    assert hold["F1"] == NUMBERS.fuse_for(amps)
    assert hold["F2"] >= NUMBERS.wired["ring_leds"] * NUMBERS.wired["ring_led"]
    assert hold["F3"] * NUMBERS.fuse["derate"] >= NUMBERS.wired["lamp"]
    assert WORST.amps_5v <= NUMBERS.wired["converter_out"]


def test_a_supply_is_full_but_not_too_full() -> None:
    rooms, worst = NUMBERS.rooms_per_supply(), NUMBERS.watts(WORST, 24)
    may = NUMBERS.supply["rated"] * NUMBERS.supply["use"]
    assert rooms * worst <= may < (rooms + 1) * worst


def test_the_lights_are_those_of_the_firmware() -> None:
    patterns = firmware.module("patterns")
    period = range(patterns._BREATH_MS)
    mean = sum(patterns.brightness("raised", ms) for ms in period) / len(period) / 255
    raised, green = (sum(patterns.COLOURS[name]) / 765 for name in ("raised", "acknowledged"))
    full = NUMBERS.wired["ring_leds"] * NUMBERS.wired["ring_led"]
    _, breathing, steady, _ = (
        state.amps_5v - NUMBERS.wired["chip_receive"] for state in NUMBERS.states()
    )
    assert breathing == pytest.approx(full * raised * mean, rel=0.02)
    assert steady == pytest.approx(full * green)
    assert (
        NUMBERS.wired["ring_leds"]
        == firmware.module("config")
        .parse(
            '{"shop":"s","device":"d","model":"m","broker":{"host":"b"},"wifi":{"ssid":"s","password":""}}'
        )
        .ring_leds
    )


def test_a_press_without_dark_leds_is_what_the_firmwares_readme_says() -> None:
    text = (HARDWARE.parent / "firmware" / "README.md").read_text(encoding="utf-8")
    told = re.search(r"\*\*(\d+) mC = ", text)
    assert told is not None
    b = NUMBERS.battery
    dark = b["awake"] * (NUMBERS.wired["ring_leds"] - b["lit"]) * NUMBERS.wired["ring_led_dark"]
    assert (NUMBERS.press() - dark) * 1000 == pytest.approx(int(told[1]), abs=1)


@given(st.floats(0.5, 5), st.integers(0, 100))
def test_more_presses_empty_a_cell_sooner(ampere_hours: float, presses: int) -> None:
    assert NUMBERS.years(ampere_hours, presses + 1) < NUMBERS.years(ampere_hours, presses)


@pytest.mark.parametrize(
    "raw", [{"a": 5}, {"a": {"value": 5}}, {"a": {"b": {"value": 5, "source": ""}}}]
)
def test_a_number_without_a_source_is_refused(raw: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="without a source"):
        power.values(raw)

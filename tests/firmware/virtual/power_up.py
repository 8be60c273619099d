"""Holding the call button at power-up, on simulated hardware in virtual time."""

import json
import os
import time

import esp32
import machine
import neopixel

from overdoor import start
from overdoor.nvs import Numbers

PATH = "config.json"
CONFIG = {
    "shop": "test",
    "device": "cp-w1",
    "model": "sim",
    "broker": {"host": "10.0.0.1"},
    "wifi": {"ssid": "shop", "password": "x"},
}
DARK, SETUP, ERASE = "000000", "aa3cff", "ffffff"


def power_up(held_ms, config=True):
    """Hold the button for so long. Returns (whether it waits for set-up, colours of the ring)."""
    if config:
        with open(PATH, "w") as file:
            json.dump(CONFIG, file)
        with open("outbox.log", "w") as file:
            file.write("presses")
    elif PATH in os.listdir():
        os.remove(PATH)
    began = time.ticks_ms()
    colours = []
    machine.set_contact(32, 0 if held_ms else 1)

    def let_go():
        if time.ticks_ms() - began >= held_ms:
            machine.input_pin(32).drive(1)

    def look():
        colours.append(neopixel.ring(4).shown()[0])

    time.on_advance[:] = [let_go]
    machine.on_output(look)
    waits = start.set_up(PATH)
    machine._on_output.remove(look)
    time.on_advance[:] = []
    return waits, colours


def test_nobody_holds_it():
    assert power_up(0) == (False, [])


def test_a_press_while_the_power_comes_back_changes_nothing():
    assert power_up(2500) == (False, [])


def test_three_seconds_are_set_up():
    waits, colours = power_up(5000)
    assert waits
    assert colours == [SETUP, DARK, SETUP]
    assert PATH in os.listdir()


def test_ten_seconds_forget_everything():
    numbers = Numbers(esp32.NVS("overdoor"))
    numbers.set("boots", 9)
    waits, colours = power_up(12000)
    assert waits
    assert colours == [SETUP, ERASE, DARK, SETUP]
    assert PATH not in os.listdir()
    assert "outbox.log" not in os.listdir()
    assert numbers.get("boots") == 0


def test_a_contact_that_is_stuck_forgets_nothing_and_serves():
    waits, colours = power_up(10**9)
    assert not waits
    assert colours == [SETUP, ERASE, DARK]
    assert PATH in os.listdir()


def test_a_board_without_configuration_waits_for_it():
    assert power_up(0, config=False) == (True, [SETUP])

"""Overdoor's device side. Runs unchanged on ESP32 boards and on MicroPython's unix port."""

VERSION = "0.1.0"
PROTOCOL = 1

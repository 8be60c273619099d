"""Checks and generated files of the hardware: `python -m hardware.tools --help`."""

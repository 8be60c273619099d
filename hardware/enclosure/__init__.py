"""Parametric models of the boxes: `python -m hardware.enclosure --help`, in `.venv-hardware`."""

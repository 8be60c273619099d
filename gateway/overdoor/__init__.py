"""Overdoor: an open fitting-room call system."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("overdoor")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0"

"""Devices on the maker's bench and in the shop: `overdoor device ...`."""

from overdoor.device.command import app
from overdoor.device.problem import DeviceError

__all__ = ["DeviceError", "app"]

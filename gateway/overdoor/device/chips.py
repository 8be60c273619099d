"""Which pins of a chip can carry a button, a ring or a lamp.

From Espressif's datasheets: pins that lead out, have a pull-up, can be outputs, and are not taken
by the flash memory. Boards may lead out fewer.
"""

import json
from typing import Any

from overdoor import firmware
from overdoor.device.problem import DeviceError

# Inputs without a pull-up inside; the board of a pager may have one for its keys.
_KEYS = {"ESP32": set(range(34, 40))}
_USABLE = {
    "ESP32": {*range(6), *range(12, 20), *range(21, 24), 25, 26, 27, 32, 33},
    "ESP32S3": {*range(22), *range(33, 49)},
    "ESP32C3": {*range(11), *range(18, 22)},
}


def check_pins(config: dict[str, Any], chip: str) -> None:
    """Raises `DeviceError` if a device's config names a pin that its chip does not have."""
    usable = _USABLE.get(chip)
    if usable is None:
        return
    parsed = firmware.module("config").parse(json.dumps(config))
    keys = _KEYS.get(chip, set()) if parsed.kind == "pager" else set()
    wrong = [
        f"{name} is on GPIO{number}"
        for name, number in parsed.pins.items()
        if number not in usable and not (name in ("a", "b") and number in keys)
    ]
    if wrong:
        raise DeviceError(
            f"The board has an {chip}, where this cannot work: {', '.join(wrong)}. Say others "
            f'under "pins" in devices/{config["device"]}.json, and run this again.'
        )

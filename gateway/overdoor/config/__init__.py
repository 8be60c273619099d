"""`shop.toml`: the shop as its people describe it.

Every value can also come from the environment, which wins: `OVERDOOR_MQTT__URL` is `[mqtt] url`.
A mistake is told in one sentence, with its line. `parts` says what can stand in the file, with
`machine`, `floor`, `calling`, `planning` and `programs` for its tables; `reading` reads it.
"""

from overdoor.config.calling import HoursPart
from overdoor.config.machine import MqttPart, WebPart
from overdoor.config.parts import Config, ShopPart
from overdoor.config.planning import ReportPart, StaffingPart
from overdoor.config.reading import ConfigError, parse, read
from overdoor.config.values import SIZE

__all__ = [
    "SIZE",
    "Config",
    "ConfigError",
    "HoursPart",
    "MqttPart",
    "ReportPart",
    "ShopPart",
    "StaffingPart",
    "WebPart",
    "parse",
    "read",
]

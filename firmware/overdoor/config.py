"""The device's `config.json`: read it, check it, say what is wrong in one sentence."""

import binascii
import json

from .checks import (
    ConfigError,
    check_id,
    check_keys,
    check_one_of,
    check_text,
    is_whole,
)
from .compat import const
from .payload import is_address

DEFAULT_PINS = {"call": 32, "ring": 4, "lamp": 33}
# By screen. The second is the M5StickC Plus2, whose `hold` keeps the battery connected.
_PAGER_PINS = {
    "ssd1306": {"a": 32, "b": 33, "sda": 21, "scl": 22, "buzzer": 25},
    "st7789": {
        "a": 37,
        "b": 39,
        "clock": 13,
        "out": 15,
        "select": 5,
        "data": 14,
        "reset": 12,
        "light": 27,
        "hold": 4,
        "buzzer": 2,
    },
}
_NEEDS = ("another-size", "another-model", "question", "ready-to-pay", "other")
_MAX_PIN = const(48)  # GPIO48 is the highest of an ESP32-S3


class Config:
    """A checked configuration.

    `kind` is callpoint or pager, `power` mains or battery; `pins` maps what is there to numbers;
    `screen`, of a pager, is ssd1306 or st7789; `badges` is the UUID of those that are listened for,
    16 bytes, or None.

    `ip` is where the broker was found last, or None; `ca` the certificate (DER) that vouches for
    it, or None for a connection without TLS. `update_key`: what the shop signs updates for this
    device with, or None.

    `password_number`: which of the device's passwords `password` is.

    `needs` is what the need button says, one after the other; empty without that button.
    """

    def __init__(
        self,
        shop,
        device,
        model,
        broker,
        wifi,
        kind,
        power,
        screen,
        pins,
        ring_leds,
        needs,
        badges,
        update_key,
    ):
        self.shop = shop
        self.device = device
        self.model = model
        self.host, self.ip, self.port, self.user, *login = broker
        self.password, self.password_number, self.ca_file = login
        self.ca = None
        self.wifi_ssid, self.wifi_password = wifi
        self.kind = kind
        self.power = power
        self.screen = screen
        self.pins = pins
        self.badges = badges
        self.ring_leds = ring_leds
        self.needs = needs
        self.update_key = update_key


def load(path: str) -> Config:
    """Read and check a file, and the CA that it names. Raises ConfigError."""
    try:
        config = parse(str(_read(path), "utf-8"))
    except UnicodeError:
        raise ConfigError("%s is not a text in UTF-8." % path) from None
    if config.ca_file is not None:
        config.ca = _read(path[: path.rfind("/") + 1] + config.ca_file)
        if config.ca[:1] != b"\x30":  # the SEQUENCE that every certificate is; PEM is text
            raise ConfigError("%s is no certificate in DER." % config.ca_file)
    return config


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ConfigError("%s cannot be read (%s)." % (path, error)) from None


def parse(text: str) -> Config:
    """Check a configuration given as JSON text. Raises ConfigError."""
    try:
        raw = json.loads(text)
    except (ValueError, RuntimeError) as error:
        raise ConfigError("config.json is not JSON (%s)." % error) from None
    check_keys(
        "config.json",
        raw,
        ("shop", "device", "model", "broker", "wifi"),
        ("kind", "power", "screen", "pins", "ring_leds", "needs", "badges", "update_key"),
    )
    for key in ("shop", "device"):
        check_id(key, raw[key])
    leds = raw.get("ring_leds", 12)
    if not is_whole(leds, 1, 60):
        raise ConfigError('"ring_leds" must be a whole number from 1 to 60.')
    kind = check_one_of('"kind"', raw.get("kind", "callpoint"), ("callpoint", "pager"))
    power = check_one_of('"power"', raw.get("power", "mains"), ("mains", "battery"))
    if power == "battery" and kind == "pager":
        raise ConfigError('"power" is for call points; a pager never sleeps.')
    screen = None
    if kind == "pager":
        screen = check_one_of('"screen"', raw.get("screen", "ssd1306"), tuple(_PAGER_PINS))
        defaults, more = _PAGER_PINS[screen], ("motor",)
    elif "screen" in raw:
        raise ConfigError('"screen" is for pagers, with "kind": "pager".')
    else:
        defaults, more = DEFAULT_PINS, ("presence", "need", "ring_power")
    pins = _pins(raw.get("pins", {}), defaults, more)
    return Config(
        raw["shop"],
        raw["device"],
        check_text('"model"', raw["model"], 1, 64),
        _broker(raw["broker"]),
        _wifi(raw["wifi"]),
        kind,
        power,
        screen,
        pins,
        leds,
        _needs(raw.get("needs"), pins),
        _uuid(raw.get("badges")),
        _key(raw.get("update_key")),
    )


def _key(text):
    if text is None:
        return None
    check_text('"update_key"', text, 64, 64)
    try:
        return binascii.unhexlify(text)
    except ValueError:
        raise ConfigError('"update_key" must be 64 hexadecimal digits.') from None


def _needs(raw, pins: dict) -> tuple:
    if "need" not in pins:
        if raw is not None:
            raise ConfigError('"needs" wants a button: name its pin in "pins.need".')
        return ()
    if raw is None:
        return _NEEDS[:1]
    valid = isinstance(raw, list) and len(raw) > 0
    if not valid or any(need not in _NEEDS for need in raw) or len(set(raw)) < len(raw):
        raise ConfigError('"needs" must be a list of %s, each once.' % ", ".join(_NEEDS))
    return tuple(raw)


def _broker(raw) -> tuple:
    check_keys(
        '"broker"', raw, ("host",), ("ip", "port", "user", "password", "password_number", "ca")
    )
    ca_file = raw.get("ca")
    if ca_file is not None:
        check_text('"broker.ca"', ca_file, 1, 64)
    port = raw.get("port", 1883 if ca_file is None else 8883)
    if not is_whole(port, 1, 65535):
        raise ConfigError('"broker.port" must be a whole number from 1 to 65535.')
    user = raw.get("user")
    password = raw.get("password")
    if user is not None:
        check_text('"broker.user"', user, 1, 256)
    if password is not None:
        check_text('"broker.password"', password, 0, 256)
        if user is None:
            raise ConfigError('"broker.password" needs a "broker.user".')
    number = raw.get("password_number", 0)
    if not is_whole(number, 0, 65535):
        raise ConfigError('"broker.password_number" must be a whole number from 0 to 65535.')
    host = check_text('"broker.host"', raw["host"], 1, 253)
    ip = raw.get("ip")
    if ip is not None and not (isinstance(ip, str) and is_address(ip)):
        raise ConfigError('"broker.ip" must be an address like 192.168.1.10.')
    return host, ip, port, user, password, number, ca_file


def _wifi(raw) -> tuple:
    check_keys('"wifi"', raw, ("ssid", "password"), ())
    return (
        check_text('"wifi.ssid"', raw["ssid"], 1, 32),
        check_text('"wifi.password"', raw["password"], 0, 64),
    )


def _uuid(raw):
    """The 16 bytes of a UUID, however it is hyphenated; None if there is none."""
    if raw is None:
        return None
    digits = raw.replace("-", "") if isinstance(raw, str) else ""
    if len(digits) != 32 or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
        raise ConfigError('"badges" must be a UUID, 32 hexadecimal digits.')
    return bytes([int(digits[at : at + 2], 16) for at in range(0, 32, 2)])


def _pins(raw, defaults: dict, more: tuple) -> dict:
    check_keys('"pins"', raw, (), tuple(defaults) + more)
    pins = dict(defaults)
    pins.update(raw)
    if "buzzer" in pins and pins["buzzer"] is None:  # there is a motor, or a quiet house
        del pins["buzzer"]
    users = {}
    for name, number in pins.items():
        if not is_whole(number, 0, _MAX_PIN):
            raise ConfigError('"pins.%s" must be a whole number from 0 to %d.' % (name, _MAX_PIN))
        if number in users:
            raise ConfigError(
                '"pins.%s" and "pins.%s" are both %d.' % (users[number], name, number)
            )
        users[number] = name
    return pins

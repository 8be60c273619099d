"""Reading a `shop.toml`: what is wrong with it is said in one sentence, with its line."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from overdoor.config.parts import Config
from overdoor.owner import owner


class ConfigError(Exception):
    """The file cannot be used. The message is one sentence that says where and why."""


class _FileAndEnvironment(BaseSettings, Config):
    model_config = SettingsConfigDict(env_prefix="OVERDOOR_", env_nested_delimiter="__")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return _Environment(settings_cls, env_settings), init_settings


class _Environment(PydanticBaseSettingsSource):
    """Values of the environment, which are texts: those of a number are read as one."""

    def __init__(self, settings: type[BaseSettings], texts: PydanticBaseSettingsSource) -> None:
        super().__init__(settings)
        self._texts = texts

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._texts.get_field_value(field, field_name)

    def __call__(self) -> dict[str, Any]:
        found = self._texts()
        for name, values in found.items():
            part = Config.model_fields[name].annotation
            if isinstance(values, dict) and isinstance(part, type) and issubclass(part, BaseModel):
                found[name] = {key: _number(part, key, value) for key, value in values.items()}
        return found


def _number(part: type[BaseModel], key: str, value: object) -> object:
    kind = part.model_fields[key].annotation if key in part.model_fields else None
    if kind is None or not isinstance(value, str):
        return value
    try:
        read: object = TypeAdapter(kind).validate_strings(value)
    except ValidationError:
        return value  # what is wrong with it is said of the whole
    return read if isinstance(read, int | float) else value


def read(path: Path) -> Config:
    """Reads and checks a `shop.toml`. Raises `ConfigError`."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # Windows writes a mark in front
    except FileNotFoundError:
        raise ConfigError(
            f"There is no file {path}. overdoor init writes one; or give --config."
        ) from None
    except PermissionError:
        raise ConfigError(
            f"{path} is not for this user to read. Run it as the user of the shop: "
            f"sudo -u {owner(path)} overdoor ..."
        ) from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}, line {line}: this is not UTF-8. Save it as UTF-8.") from None
    return parse(text, path)


def parse(text: str, path: Path) -> Config:
    """Checks the text of a `shop.toml` that is, or will be, at this path. Raises `ConfigError`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from None
    for key in data.keys() - Config.model_fields.keys():
        raise ConfigError(f"{path}{_line(text, (key,))}: {key} is not a key that Overdoor knows.")
    try:
        config: Config = _FileAndEnvironment(**data)
    except SettingsError as error:
        field = re.search(r'field "(\w+)"', str(error))
        variable = f"OVERDOOR_{field[1].upper()}" if field else "OVERDOOR_..."
        raise ConfigError(
            f"{variable} in the environment is not JSON, as a whole part of the file is said there."
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        location = tuple(part for part in first["loc"] if part != "function-after")
        raise ConfigError(f"{_where(path, text, location)}: {_sentence(first, location)}") from None
    for location, sentence in _contradictions(config):
        raise ConfigError(f"{path}{_line(text, location)}: {sentence}")
    kept = config.data.model_copy(update={"path": path.parent / config.data.path})
    web, mqtt = config.web, config.mqtt
    if web.tls_cert is not None and web.tls_key is not None:
        files = {"tls_cert": path.parent / web.tls_cert, "tls_key": path.parent / web.tls_key}
        web = web.model_copy(update=files)
    beside = {"ca": mqtt.ca, "tls_cert": mqtt.tls_cert, "tls_key": mqtt.tls_key}
    found = {key: path.parent / file for key, file in beside.items() if file is not None}
    mqtt = mqtt.model_copy(update=found)
    return config.model_copy(update={"data": kept, "web": web, "mqtt": mqtt})


def _where(path: Path, text: str, location: tuple[Any, ...]) -> str:
    """The line of the file; or the variable of the environment, which wins."""
    variable = f"OVERDOOR_{'__'.join(map(str, location))}".upper()
    if any(name.upper() == variable for name in os.environ):
        return f"{variable} in the environment"
    return f"{path}{_line(text, location)}"


def _sentence(error: Any, location: tuple[Any, ...]) -> str:
    key = _dotted(location)
    match error["type"]:
        case "extra_forbidden":
            return f"{key} is not a key that Overdoor knows."
        case "missing":
            return f"{key} is missing."
        case "string_pattern_mismatch" if error["ctx"]["pattern"].startswith("^[a-z0-9-]"):
            return f"{key} is {error['input']!r}; an id has 1 to 32 of a-z, 0-9 and -."
        case "string_pattern_mismatch":
            return (
                f"{key} is {error['input']!r}; it is nearest, zone, shop, manager or channel:name."
            )
        case "too_short":
            return f"{key} is empty; at least one is needed."
        case "tuple_type" | "too_long" if location[-1] == "at":
            return f"{key} is {error['input']!r}; it is a place in metres, like [4.0, 2.5]."
        case "tuple_type":
            return f"{key} is {error['input']!r}; it is a list."
        case "value_error":
            return f"{key}: {error['ctx']['error']}."
        case _:
            reason = error["msg"][0].lower() + error["msg"][1:]
            return f"{key} is {error['input']!r}; {reason}."


def _dotted(location: tuple[Any, ...]) -> str:
    """`('room', 2, 'at')` as a person would point at it: `room[3].at`."""
    parts = (f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".")


def _contradictions(config: Config) -> Iterator[tuple[tuple[Any, ...], str]]:
    """What single values cannot tell: ids given twice, zones that are not there."""
    zones = set[str]()
    for index, zone in enumerate(config.zone):
        if zone.id in zones:
            yield ("zone", index, "id"), f"two zones have the id {zone.id!r}."
        zones.add(zone.id)
    rooms, homes = set[str](), dict[str, str]()
    for index, room in enumerate(config.room):
        if room.id in rooms:
            yield ("room", index, "id"), f"two rooms have the id {room.id!r}."
        rooms.add(room.id)
        if room.zone not in zones:
            yield (
                ("room", index, "zone"),
                f"room {room.id!r} is in zone {room.zone!r}, and there is no such zone.",
            )
        if room.training and room.all_devices():
            yield ("room", index, "training"), f"training room {room.id!r} cannot have devices."
        for device in room.all_devices():
            if device in homes:
                yield (
                    ("room", index, "device"),
                    f"device {device!r} is in room {homes[device]!r} and in room {room.id!r}.",
                )
            homes[device] = room.id
    channels = [channel.id for channel in config.channel]
    yield from _twice("channel", channels)
    yield from _twice("webhook", [hook.id for hook in config.webhook])
    for index, step in enumerate(config.policy.step):
        kind, _, name = step.page.partition(":")
        if kind == "channel" and name not in channels:
            yield ("policy", "step", index, "page"), f"there is no channel {name!r}."
        for zone_id in set(step.zones) - zones:
            yield ("policy", "step", index, "zones"), f"there is no zone {zone_id!r} for this step."
    if config.policy.stale_press_s > config.policy.give_up_s:
        yield (
            ("policy", "stale_press_s"),
            "stale_press_s is longer than give_up_s, so a press could be given up as it is raised.",
        )
    yield from _planned_nowhere(config, zones)
    yield from _mystery_contradictions(config, zones, rooms)
    pagers = set[str]()
    for index, pager in enumerate(config.pager):
        if pager.device in pagers:
            yield ("pager", index, "device"), f"pager {pager.device!r} is there twice."
        pagers.add(pager.device)
        if pager.device in homes:
            yield ("pager", index, "device"), f"device {pager.device!r} is a pager and in a room."
        if pager.zone is not None and pager.zone not in zones:
            yield ("pager", index, "zone"), f"there is no zone {pager.zone!r} for this pager."


def _twice(kind: str, ids: list[str]) -> Iterator[tuple[tuple[Any, ...], str]]:
    for index, id_ in enumerate(ids):
        if id_ in ids[:index]:
            yield (kind, index, "id"), f"two {kind}s have the id {id_!r}."


def _planned_nowhere(config: Config, zones: set[str]) -> Iterator[tuple[tuple[Any, ...], str]]:
    for index, planned in enumerate(config.staffing.plan):
        if planned.zone not in zones:
            yield (
                ("staffing", "plan", index, "zone"),
                f"there is no zone {planned.zone!r} for this plan.",
            )


def _mystery_contradictions(
    config: Config, zones: set[str], rooms: set[str]
) -> Iterator[tuple[tuple[Any, ...], str]]:
    part = config.mystery
    if part is None:
        return
    for room_id in set(part.rooms) - rooms:
        yield ("mystery", "rooms"), f"there is no room {room_id!r} for mystery calls."
    for zone_id in set(part.zones) - zones:
        yield ("mystery", "zones"), f"there is no zone {zone_id!r} for mystery calls."
    if not config.mystery_rooms():
        yield ("mystery",), "no room with a device is left for mystery calls."
    if config.hours is None and part.per_day is not None:
        yield ("mystery", "per_day"), "mystery calls a day need [hours], so that none is at night."
    open_at = [span for span in config.hours.spans() if span] if config.hours else [(0, 1440)]
    for time, minute in zip(part.times, part.minutes(), strict=True):
        if not any(opens <= minute < closes for opens, closes in open_at):
            yield ("mystery", "times"), f"the shop is never open at {time}."


def _line(text: str, location: tuple[Any, ...]) -> str:
    """`, line 12` for the key at this place; nothing if it stands nowhere (a default, a lack)."""
    tables = [part for part in location if isinstance(part, str)]
    index = next((part for part in location if isinstance(part, int)), 0)
    for depth in (len(tables), len(tables) - 1):
        name, key = ".".join(tables[:depth]), tables[depth] if depth < len(tables) else None
        seen = -1
        inside = found = 0
        for number, line in enumerate(text.splitlines(), 1):
            header = re.match(r"\s*(\[{1,2})\s*([\w.-]+)\s*\]", line)
            if header:
                seen += header[2] == name
                inside = header[2] == name and seen == (index if header[1] == "[[" else 0)
                found = found or (number if inside else 0)
            elif (
                key
                and (inside or not name)
                and re.match(rf"\s*(\"{re.escape(key)}\"|{re.escape(key)}s?)\s*=", line)
            ):
                return f", line {number}"
        if found:
            return f", line {found}"
    return ""

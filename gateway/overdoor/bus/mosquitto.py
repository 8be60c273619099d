"""What a mosquitto knows devices and programs by: passwords, what they may do, settings."""

import hashlib
import json
import os
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

DEVICES = "devices"  # the folder beside shop.toml in which `overdoor device add` writes them
SITE = "site.json"  # what all devices share; the other *.json are one device each
PASSWORDS = "mosquitto.passwords"
PROGRAMS = "mosquitto.programs"  # which there are; mosquitto itself does not read it
ACCESS = "mosquitto.acl"
SETTINGS = "mosquitto.conf"
GATEWAY = "gateway"  # the gateway's user, where its URL names none
# A result of a device has 64 KiB at most, an info less than one; the gateway reads nothing larger.
MAX_PACKET = 128 * 1024
# As mosquitto_passwd of 2.0 does it. More would not help: the passwords are random, 192 bits.
_ROUNDS = 101
_SALT_BYTES = 12
# What a program may read of each device. Not `page`, `sighting`: they say who. Not `event`,
# `result` and what the gateway answers: `room/` says what they came to.
_OF_DEVICES = ("status", "info", "signal", "shown")


@dataclass(frozen=True, slots=True)
class Program:
    """A program with a user of its own. `password`: hashed, as a `password_file` has it."""

    name: str
    password: str
    added: str  # RFC 3339
    home_assistant: bool = False  # reads what is announced to it, and says that it started

    @property
    def line(self) -> str:
        """Of a `password_file`."""
        return f"{self.name}:{self.password}\n"


def programs_in(folder: Path) -> dict[str, Program]:
    """Those that have a user, by name; the folder is `DEVICES`. Raises `OSError`, `ValueError`."""
    try:
        said = json.loads((folder / PROGRAMS).read_text(encoding="utf-8"))
        return {name: Program(name, **about) for name, about in said.items()}
    except FileNotFoundError:
        return {}  # none was added yet
    except (TypeError, AttributeError):
        raise ValueError("it is not what Overdoor wrote there") from None


def devices_in(folder: Path) -> list[str]:
    """Those that were set up, by their ids; the folder is `DEVICES`."""
    return sorted(file.stem for file in folder.glob("*.json") if file.name != SITE)


def listed(programs: Iterable[Program]) -> dict[str, Any]:
    """What `programs_in` reads, as JSON."""
    return {
        one.name: {key: value for key, value in asdict(one).items() if key != "name"}
        for one in programs
    }


def passwords(users: Mapping[str, str], programs: Iterable[Program] = ()) -> str:
    """A `password_file`: salted PBKDF2-SHA512, so the file tells no password."""
    own = "".join(f"{user}:{hashed(password)}\n" for user, password in users.items())
    return own + "".join(one.line for one in programs)


def checker(gateway: str) -> str:
    """The user with whom `overdoor check` asks which broker it is: the gateway's is taken."""
    return f"{gateway}-check"


def access(
    shop: str, gateway: str, discovery: str | None = None, programs: Iterable[Program] = ()
) -> str:
    """An `acl_file`: a device writes under its own id only, and reads there (docs/protocol.md).

    `discovery`: where the gateway announces the shop to Home Assistant, if it does.
    """
    announcing = (
        f"topic readwrite {discovery}/+/overdoor-{shop}/+/config\ntopic read {discovery}/status\n"
        if discovery is not None
        else ""
    )
    return (
        f"user {checker(gateway)}\n"
        f"topic read $SYS/broker/version\n"
        f"user {gateway}\n"
        f"topic readwrite overdoor/1/{shop}/#\n{announcing}"
        f"{''.join(_of_program(one, shop, discovery) for one in programs)}"
        f"pattern readwrite overdoor/1/{shop}/device/%u/#\n"
        f"pattern read overdoor/1/{shop}/gateway/status\n"
    )


def _of_program(program: Program, shop: str, discovery: str | None) -> str:
    """It reads, and says nothing. What a pattern gives a device of its name is denied."""
    own = f"overdoor/1/{shop}"
    lines = [f"user {program.name}", f"topic deny {own}/device/{program.name}/#"]
    lines += [f"topic read {own}/gateway/status", f"topic read {own}/room/#"]
    lines += [f"topic read {own}/device/+/{leaf}" for leaf in _OF_DEVICES]
    if program.home_assistant and discovery is not None:
        lines.append(f"topic read {discovery}/+/overdoor-{shop}/+/config")
        lines.append(f"topic write {discovery}/status")
    return "\n".join(lines) + "\n"


def settings(
    listener: str, password_file: str, acl_file: str, certificate: tuple[str, str] | None
) -> str:
    """A listener for devices. `listener`: its port, perhaps an address. `certificate`: and its key.

    The client id follows from the user, because a mosquitto ends the connection whose client id
    somebody else gives: with the password of one device one could keep the gateway away.
    """
    lines = [
        f"listener {listener}",
        "set_tcp_nodelay true",
        "use_username_as_clientid true",
        "allow_anonymous false",
        f"password_file {password_file}",
        f"acl_file {acl_file}",
        "max_inflight_messages 1000",
        "max_queued_messages 10000",
        f"max_packet_size {MAX_PACKET}",
    ]
    if certificate is not None:
        lines[1:1] = [f"certfile {certificate[0]}", f"keyfile {certificate[1]}"]
    return "\n".join(lines) + "\n"


def hashed(password: str) -> str:
    """A password as a `password_file` has it."""
    salt = os.urandom(_SALT_BYTES)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    return f"$7${_ROUNDS}${b64encode(salt).decode()}${b64encode(key).decode()}"

"""The files by which a mosquitto knows the devices: passwords, what they may do, settings."""

import hashlib
import os
from base64 import b64encode
from collections.abc import Mapping

DEVICES = "devices"  # the folder beside shop.toml in which `overdoor device add` writes them
PASSWORDS = "mosquitto.passwords"
ACCESS = "mosquitto.acl"
SETTINGS = "mosquitto.conf"
GATEWAY = "gateway"  # the gateway's user, where its URL names none
# A result of a device has 64 KiB at most, an info less than one; the gateway reads nothing larger.
MAX_PACKET = 128 * 1024
# As mosquitto_passwd of 2.0 does it. More would not help: the passwords are random, 192 bits.
_ROUNDS = 101
_SALT_BYTES = 12


def passwords(users: Mapping[str, str]) -> str:
    """A `password_file`: salted PBKDF2-SHA512, so the file tells no password."""
    return "".join(f"{user}:{_hashed(password)}\n" for user, password in users.items())


def checker(gateway: str) -> str:
    """The user with whom `overdoor check` asks which broker it is: the gateway's is taken."""
    return f"{gateway}-check"


def access(shop: str, gateway: str, discovery: str | None = None) -> str:
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
        f"pattern readwrite overdoor/1/{shop}/device/%u/#\n"
        f"pattern read overdoor/1/{shop}/gateway/status\n"
    )


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


def _hashed(password: str) -> str:
    salt = os.urandom(_SALT_BYTES)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    return f"$7${_ROUNDS}${b64encode(salt).decode()}${b64encode(key).decode()}"

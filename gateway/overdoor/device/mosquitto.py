"""The two files by which mosquitto knows the devices: their passwords and what they may do."""

import hashlib
import os
from base64 import b64encode
from collections.abc import Mapping

PASSWORDS = "mosquitto.passwords"
ACCESS = "mosquitto.acl"
# As mosquitto_passwd of 2.0 does it. More would not help: the passwords are random, 192 bits.
_ROUNDS = 101
_SALT_BYTES = 12


def passwords(users: Mapping[str, str]) -> str:
    """A `password_file`: salted PBKDF2-SHA512, so the file tells no password."""
    return "".join(f"{user}:{_hashed(password)}\n" for user, password in users.items())


def access(shop: str, gateway: str) -> str:
    """An `acl_file`: a device writes under its own id only, and reads there (docs/protocol.md)."""
    return (
        f"user {gateway}\n"
        f"topic readwrite overdoor/1/{shop}/#\n"
        f"pattern readwrite overdoor/1/{shop}/device/%u/#\n"
        f"pattern read overdoor/1/{shop}/gateway/status\n"
    )


def _hashed(password: str) -> str:
    salt = os.urandom(_SALT_BYTES)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    return f"$7${_ROUNDS}${b64encode(salt).decode()}${b64encode(key).decode()}"

"""The folder `devices` beside `shop.toml`: what was made for each device, and its secrets.

One file for each device, exactly the `config.json` that goes onto the board; what all of them
share; and the files that mosquitto reads. Only the owner can read any of it.
"""

import json
import re
import secrets
import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from overdoor import durable, firmware
from overdoor.bus import mosquitto
from overdoor.device.problem import DeviceError

NAME = mosquitto.DEVICES
ISSUED = ("shop", "device", "broker", "wifi", "update_key")  # the rest is how a board is built
CA = "ca.der"  # the certificate that vouches for the broker; its name here and on the board
_LOCK = ".lock"
_UPDATE_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Site:
    """What all devices of a shop share: where the broker is, and the Wi-Fi."""

    broker_host: str
    broker_port: int
    wifi_ssid: str
    wifi_password: str
    broker_ip: str | None = None  # behind a broker's name, when it was said
    ca_given: bool = False  # with --ca; or else `CA` follows [mqtt] ca


class Folder:
    """The devices that were set up for one shop."""

    def __init__(self, shop_file: Path) -> None:
        self.path = shop_file.resolve().parent / NAME

    @contextmanager
    def changing(self) -> Iterator[None]:
        """One command at a time; the others wait. Raises `DeviceError`."""
        with ExitStack() as stack:
            try:
                durable.secret_folder(self.path)
                stack.enter_context(durable.alone(self.path / _LOCK))
            except OSError as error:
                raise self._unwritten(_LOCK, error) from None
            yield

    def site(self) -> Site | None:
        """What was said when the first device was added; None before."""
        said = self._read(mosquitto.SITE)
        try:
            return Site(**said) if said is not None else None
        except TypeError:
            file = self.path / mosquitto.SITE
            raise DeviceError(f"{file} is not what Overdoor wrote there.") from None

    def keep_site(self, site: Site) -> None:
        """Remembers it for the next device."""
        self._write(mosquitto.SITE, {name: getattr(site, name) for name in Site.__slots__})

    def keep_ca(self, file: Path) -> None:
        """Remembers the certificate, PEM or DER, that new devices trust. Raises `DeviceError`."""
        try:
            content = file.read_bytes()
            if b"-----BEGIN" in content:
                content = ssl.PEM_cert_to_DER_cert(content.decode().strip())
            ssl.create_default_context(cadata=content)
        except OSError as error:  # ssl.SSLError is one as well
            raise DeviceError(f"{file} is no certificate: {error}.") from None
        except ValueError:
            raise DeviceError(f"{file} is no certificate, in PEM or DER.") from None
        self._write_bytes(CA, content)

    def ca(self) -> bytes | None:
        """The certificate that vouches for the broker, in DER; None without TLS."""
        file = self.path / CA
        return file.read_bytes() if file.exists() else None

    def devices(self) -> dict[str, dict[str, Any]]:
        """The `config.json` of each device that is set up."""
        found = {each: self._read(f"{each}.json") for each in mosquitto.devices_in(self.path)}
        return {each: said for each, said in found.items() if said is not None}

    def config(self, device: str) -> dict[str, Any]:
        """What goes onto this board. Raises `DeviceError` if it was never set up."""
        file = f"{device}.json"
        said = self._read(file) if file != mosquitto.SITE else None
        if said is None:
            raise DeviceError(
                f"{device!r} was not set up here: `overdoor device add ROOM` does that, "
                "`overdoor device list` shows what there is."
            )
        return said

    def with_update_key(self, device: str) -> dict[str, Any]:
        """`config`, with a key for updates if it was set up before there were any."""
        with self.changing():
            said = self.config(device)
            if "update_key" not in said:
                said["update_key"] = secrets.token_hex(_UPDATE_KEY_BYTES)
                self._write(f"{device}.json", said)
            return said

    def rotate(self, device: str) -> int:
        """Gives a device its next password; returns the number of it.

        It follows from the update key, so the board finds it by itself. Raises `DeviceError`.
        """
        said = self.config(device)
        key, broker = said.get("update_key"), said["broker"]
        if key is None:
            raise DeviceError(
                f"{device} was set up before devices had keys: overdoor device flash {device} "
                "gives it one, by cable."
            )
        number: int = broker.get("password_number", 0) + 1
        said["broker"] = broker | _password(key, device, number)
        self._write(f"{device}.json", said)
        return number

    def issue(self, device: str, shop: str, site: Site, board: dict[str, Any]) -> dict[str, Any]:
        """Makes credentials and config of a new device. `board`: how it is built.

        Raises `DeviceError` if the firmware would refuse the config.
        """
        key = secrets.token_hex(_UPDATE_KEY_BYTES)
        broker: dict[str, Any] = {
            "host": site.broker_host,
            "port": site.broker_port,
            "user": device,
            **_password(key, device, 1),
        }
        if site.broker_ip is not None:
            broker["ip"] = site.broker_ip
        if self.ca() is not None:
            broker["ca"] = CA
        config = {
            "shop": shop,
            "device": device,
            **board,
            "broker": broker,
            "wifi": {"ssid": site.wifi_ssid, "password": site.wifi_password},
            "update_key": key,
        }
        reading = firmware.module("config")
        try:
            reading.parse(json.dumps(config))
        except reading.ConfigError as error:
            raise DeviceError(f"The device would not take this: {error}") from None
        self._write(f"{device}.json", config)
        return config

    def programs(self) -> dict[str, mosquitto.Program]:
        """The programs that have a user on the broker, by name. Raises `DeviceError`."""
        try:
            return mosquitto.programs_in(self.path)
        except (OSError, ValueError) as error:
            file = self.path / mosquitto.PROGRAMS
            raise DeviceError(f"{file} cannot be read: {error}.") from None

    def withdraw(self, device: str) -> None:
        """Forgets a device that was just issued."""
        (self.path / f"{device}.json").unlink(missing_ok=True)

    @contextmanager
    def revoking(self, device: str) -> Iterator[None]:
        """Forgets a device's credentials for good, unless what is done meanwhile fails.

        Its id is not given out again. Afterwards no more space is needed on the disk.
        """
        mark = self.path / f"{device}.revoked"
        is_new = not mark.exists()
        self._write(mark.name, {"revoked": datetime.now(UTC).isoformat("T", "seconds")})
        try:
            yield
        except BaseException:
            if is_new:
                mark.unlink()
            raise
        self.withdraw(device)

    def free_id(self, wish: str, taken: set[str]) -> str:
        """The wish, or with the next number behind it: no id ever means two boards."""
        stem = re.sub(r"-\d+$", "", wish) if wish in taken or self.was(wish) else wish
        name, number = wish, 1
        while name in taken or self.was(name):
            number += 1
            tail = f"-{number}"
            name = stem[: 32 - len(tail)] + tail
        return name

    def write_mosquitto(
        self,
        shop: str,
        gateway: tuple[str, str] | None,
        port: int,
        *,
        tls: bool,
        discovery: str | None = None,
        programs: Mapping[str, mosquitto.Program] | None = None,
    ) -> None:
        """The broker's passwords, access list and settings, for every device and every program.

        `gateway`: user and password of the gateway itself, if it has any. `programs`: those that
        there are from now on, if not those that there were. Wherever it ends, no program has a
        password without rules, with which it may do what a device may: the rules come first and
        go last, and so does the list that the gateway's own broker makes them of.
        """
        before = self.programs()
        after = before if programs is None else programs
        self._write_rules(shop, gateway, discovery, {**before, **after})
        users = {
            config["broker"]["user"]: config["broker"]["password"]
            for config in self.devices().values()
        }
        if gateway is not None:
            users |= {gateway[0]: gateway[1], mosquitto.checker(gateway[0]): gateway[1]}
        self._write_text(mosquitto.PASSWORDS, mosquitto.passwords(users, after.values()))
        if before.keys() - after.keys():
            self._write_rules(shop, gateway, discovery, after)
        there = "/etc/mosquitto/overdoor"
        certificate = (f"{there}.pem", f"{there}.key") if tls else None
        settings = mosquitto.settings(f"{port}", f"{there}.passwords", f"{there}.acl", certificate)
        self._write_text(mosquitto.SETTINGS, settings)

    def _write_rules(
        self,
        shop: str,
        gateway: tuple[str, str] | None,
        discovery: str | None,
        programs: Mapping[str, mosquitto.Program],
    ) -> None:
        if programs != self.programs():
            self._write(mosquitto.PROGRAMS, mosquitto.listed(programs.values()))
        name = gateway[0] if gateway is not None else mosquitto.GATEWAY
        rules = mosquitto.access(shop, name, discovery, programs.values())
        self._write_text(mosquitto.ACCESS, rules)

    def was(self, device: str) -> bool:
        """Whether a device of this id was ever set up; `site` has its name in the folder."""
        return any((self.path / f"{device}.{end}").exists() for end in ("json", "revoked"))

    def _read(self, name: str) -> dict[str, Any] | None:
        file = self.path / name
        try:
            said = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise DeviceError(f"{file} cannot be read: {error}.") from None
        if not isinstance(said, dict):
            raise DeviceError(f"{file} is not what Overdoor wrote there.")
        return said

    def _write(self, name: str, said: dict[str, Any]) -> None:
        self._write_text(name, json.dumps(said, indent=2) + "\n")

    def _write_text(self, name: str, text: str) -> None:
        self._write_bytes(name, text.encode())

    def _write_bytes(self, name: str, content: bytes) -> None:
        try:
            durable.secret_folder(self.path)
            durable.write(self.path / name, content)
        except OSError as error:
            raise self._unwritten(name, error) from None

    def _unwritten(self, name: str, error: OSError) -> DeviceError:
        return DeviceError(f"{self.path / name} cannot be written: {error.strerror}.")


def _password(key: str, device: str, number: int) -> dict[str, Any]:
    """What a config says of it. It follows from key and number: no board, no backup lacks one."""
    derived = firmware.module("passwords").derived(bytes.fromhex(key), device, number)
    return {"password": derived, "password_number": number}

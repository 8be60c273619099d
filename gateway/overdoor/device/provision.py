"""Setting devices up in the shop's files: add, pair, replace; and the users of programs."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import wraps
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from overdoor import authority
from overdoor import config as configuration
from overdoor.bus import Address
from overdoor.bus.mosquitto import ACCESS, GATEWAY, PASSWORDS, SETTINGS, Program, checker, hashed
from overdoor.config import Config
from overdoor.device import shopfile
from overdoor.device.folder import ISSUED, Folder, Site
from overdoor.device.problem import DeviceError

_PASSWORD_BYTES = 24
_LOOPBACK = ("localhost", "127.0.0.1", "::1")

P = ParamSpec("P")
R = TypeVar("R")


def _alone(change: "Callable[Concatenate[Bench, P], R]") -> "Callable[Concatenate[Bench, P], R]":
    """Has one command at a time change a shop, each from what the last one left."""

    @wraps(change)
    def changing(bench: "Bench", /, *args: P.args, **kwargs: P.kwargs) -> R:
        with bench.folder.changing():
            now = replace(bench, config=configuration.read(bench.file))
            return change(now, *args, **kwargs)

    return changing


@dataclass(frozen=True, slots=True)
class Bench:
    """One shop, its file and its folder of devices."""

    config: Config
    file: Path
    folder: Folder

    @_alone
    def add(self, room: str | None, wish: str | None, board: Mapping[str, Any]) -> str:
        """Makes a device, in a room, as a spare, or a pager; its id. The site must be known by now.

        A device that shop.toml names and that was never set up comes first. Raises `DeviceError`,
        `ConfigError`; nothing is changed then.
        """
        pager = board.get("kind") == "pager"
        if pager and room is not None:
            raise DeviceError("A pager is carried and hangs in no room: leave the room out.")
        done = self.folder.devices()
        if pager:
            named, name = tuple(each.device for each in self.config.pager), "pg-1"
        else:
            named, name = (self._room(room), f"cp-{room}"[:32]) if room else ((), "cp-1")
        bare = [each for each in named if each not in done]
        programs = self.folder.programs()
        taken = {*self.planned(), *programs}
        device = wish or (bare[0] if bare else self.folder.free_id(name, taken))
        if device in ((gateway := self._gateway()[0]), checker(gateway)):
            raise DeviceError(
                f"{device!r} is the gateway's own user on the broker; give another --device."
            )
        if device in programs:
            raise DeviceError(
                f"{device!r} is a program's user on the broker; give another --device."
            )
        if device in done or (device in taken and device not in bare):
            raise DeviceError(f"{device!r} is there already; give another --device, or none.")
        if self.folder.was(device):
            raise DeviceError(f"{device!r} was used before; give another --device, or none.")
        self.folder.issue(device, self.config.shop.id, self._site(), dict(board))
        if device not in bare:
            try:
                if pager:
                    shopfile.carry(self.file, device)
                elif room is not None:
                    shopfile.hang(self.file, room, device)
            except BaseException:
                self.folder.withdraw(device)
                raise
        self._tell_broker()
        return device

    @_alone
    def pair(self, device: str, room: str) -> None:
        """Hangs a device that exists into a room. Raises `DeviceError`, `ConfigError`."""
        self._room(room)
        home = self.planned().get(device)
        if home is not None:
            raise DeviceError(f"{device!r} hangs in {home} already.")
        shopfile.hang(self.file, room, device)

    @_alone
    def replace(self, place: str, old: str | None, board: Mapping[str, Any]) -> tuple[str, str]:
        """Puts a new device in the place of a broken one: the old id and the new.

        `place`: a room, of which `old` is broken if it has several, or a pager's id. The new one is
        built like the old one, except for what `board` says otherwise. The old one's credentials
        are revoked. Raises `DeviceError`, `ConfigError`.
        """
        old = self.broken(place, old)
        issued = self.folder.devices().get(old, {})
        built = {key: value for key, value in issued.items() if key not in ISSUED}
        if self._is_pager(old):
            built["kind"] = "pager"
        new = self.folder.free_id(old, {*self.planned(), *self.folder.programs(), old})
        self.folder.issue(new, self.config.shop.id, self._site(), built | dict(board))
        try:
            with self.folder.revoking(old):
                shopfile.swap(self.file, old, new)
        except BaseException:
            self.folder.withdraw(new)
            raise
        self._tell_broker()
        return old, new

    @_alone
    def rotate(self, *devices: str) -> list[int]:
        """Gives devices their next passwords, and the broker; the numbers of these.

        Raises `DeviceError`.
        """
        for device in devices:  # one that was replaced meanwhile: nothing is changed then
            self.folder.config(device)
        numbers = [self.folder.rotate(device) for device in devices]
        self._tell_broker()
        return numbers

    def broken(self, place: str, device: str | None) -> str:
        """The device that is to be replaced, as in `replace`. Raises `DeviceError`."""
        places = {room.id: room.all_devices() for room in self.config.room}
        places = {each.device: (each.device,) for each in self.config.pager} | places
        if place not in places:
            there = ", ".join(places)
            raise DeviceError(f"There is no room or pager {place!r}; there are {there}.")
        devices = places[place]
        if device is None:
            if len(devices) != 1:
                has = (
                    f"has {', '.join(devices)}: say which with --device" if devices else "has none"
                )
                raise DeviceError(f"The room {place!r} {has}.")
            return devices[0]
        if device not in devices:
            raise DeviceError(f"{device!r} does not belong to {place!r}.")
        return device

    @_alone
    def add_program(self, name: str, *, home_assistant: bool) -> str:
        """Makes a user for a program; its password, which is kept as a hash only.

        Raises `DeviceError`.
        """
        known = self.folder.programs()
        gateway = self._gateway()[0]
        if name in known:
            raise DeviceError(f"There is a user {name!r} already; remove it first, or renew it.")
        if name in (gateway, checker(gateway)):
            raise DeviceError(f"{name!r} is the gateway's own user on the broker; say another.")
        if name in self.planned() or self.folder.was(name):
            raise DeviceError(f"{name!r} is or was a device's id; say another.")
        added = datetime.now(UTC).isoformat("T", "seconds")
        return self._let_in(known, Program(name, "", added, home_assistant))

    @_alone
    def renew_program(self, name: str) -> str:
        """A new password for a program; the old one is void. Raises `DeviceError`."""
        known = self.folder.programs()
        return self._let_in(known, self._program(known, name))

    @_alone
    def remove_program(self, name: str) -> None:
        """Takes a program its user. Raises `DeviceError`; the broker has it no more even then."""
        known = self.folder.programs()
        self._tell_broker({each: one for each, one in known.items() if each != name})
        self._program(known, name)

    def _let_in(self, known: dict[str, Program], program: Program) -> str:
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        known[program.name] = replace(program, password=hashed(password))
        self._tell_broker(known)
        return password

    @staticmethod
    def _program(known: dict[str, Program], name: str) -> Program:
        try:
            return known[name]
        except KeyError:
            there = ", ".join(known) or "none; begin with overdoor broker user add"
            raise DeviceError(f"There is no user {name!r}; there are {there}.") from None

    def _is_pager(self, device: str) -> bool:
        return any(pager.device == device for pager in self.config.pager)

    def planned(self) -> dict[str, str]:
        """Each device of shop.toml, and where it belongs."""
        rooms = {d: f"room {room.id}" for room in self.config.room for d in room.all_devices()}
        return rooms | {pager.device: "a pager's place" for pager in self.config.pager}

    def broker_seen_by_devices(self) -> tuple[str, int]:
        """Host and port of the broker, if shop.toml tells. Raises `DeviceError` if it does not."""
        url = self.config.mqtt.url
        if self.config.mqtt.is_guarded:
            if ip_address(self.config.mqtt.bind).is_unspecified:
                raise DeviceError(
                    "Say with --broker HOST where devices find this machine on the Wi-Fi, best as "
                    "an IP address."
                )
            return self.config.mqtt.bind, self.config.mqtt.port
        if url == "embedded":
            raise DeviceError(
                "The embedded broker can be reached from this machine only. Set [mqtt] bind, or "
                "install mosquitto, as docs/running.md shows, or say where the broker is with "
                "--broker HOST."
            )
        address = Address.parse(url)
        if address.host in _LOOPBACK:
            raise DeviceError(
                f"{address.host} is this machine for itself only. Say with --broker HOST[:PORT] "
                "where devices find the broker on the Wi-Fi, best as an IP address."
            )
        if address.tls and self.folder.ca() is None:
            raise DeviceError(
                "The broker of shop.toml speaks TLS. Say with --ca FILE which certificate vouches "
                "for it, so that devices know it; or another listener with --broker HOST:PORT."
            )
        return address.host, address.port

    def trust(self, given: Path | None = None) -> bool:
        """Sees to what devices trust the broker by: what was given with --ca, until another is.

        Else it follows shop.toml. Whether it was given, and not what shop.toml has as well. Raises
        `DeviceError`.
        """
        ours = self.config.mqtt.ca
        if given is None and ours is None:
            return self._is_ca_given()
        with self.folder.changing():
            site, is_given = self.folder.site(), self._is_ca_given()
            if given is not None:
                is_given = ours is None or given.resolve() != ours.resolve()
            if (ca := given or (None if is_given else ours)) is not None:
                self.folder.keep_ca(ca)
            if site is not None and site.ca_given != is_given:
                self.folder.keep_site(replace(site, ca_given=is_given))
            return is_given

    def _is_ca_given(self) -> bool:
        site = self.folder.site()
        return site is not None and site.ca_given

    def _site(self) -> Site:
        site = self.folder.site()
        assert site is not None  # the commands ask for it first
        return site

    def _room(self, room: str) -> tuple[str, ...]:
        for part in self.config.room:
            if part.id == room:
                return part.all_devices()
        rooms = ", ".join(part.id for part in self.config.room)
        raise DeviceError(f"There is no room {room!r}; there are {rooms}.")

    def usual_port(self) -> int:
        """Where the broker listens, if nobody says otherwise."""
        if self.config.mqtt.is_guarded:
            return self.config.mqtt.port
        return 8883 if self.folder.ca() is not None else 1883

    def speaks_tls(self) -> bool:
        """Whether the gateway and its broker do."""
        mqtt = self.config.mqtt
        return mqtt.tls_cert is not None or mqtt.url.startswith("mqtts:")

    def _gateway(self) -> tuple[str, str | None]:
        """The gateway's own user on the broker, and its password where it is known."""
        url = self.config.mqtt.url
        address = Address.parse(url) if url != "embedded" else None
        if address is None or address.user is None:
            return GATEWAY, None
        return address.user, address.password or ""

    def _tell_broker(self, programs: Mapping[str, Program] | None = None) -> None:
        url, (user, password) = self.config.mqtt.url, self._gateway()
        tls = self.speaks_tls()
        port = self.config.mqtt.port if url == "embedded" else Address.parse(url).port
        known = None if password is None else (user, password)
        shop, discovery = self.config.shop.id, self.config.discovery
        self.folder.write_mosquitto(
            shop, known, port, tls=tls, discovery=discovery, programs=programs
        )


def files_for_mosquitto(bench: Bench, *, fewer: bool = False) -> Iterator[str]:
    """What to put where, on the machine of a broker that is not the gateway's own; its lines.

    The rules come before the passwords, as in `Folder.write_mosquitto`; `fewer`: after them.
    """
    folder, tls = bench.folder.path, bench.file.resolve().parent / authority.FOLDER
    there = "/etc/mosquitto/overdoor"
    users = [(folder / ACCESS, f"{there}.acl"), (folder / PASSWORDS, f"{there}.passwords")]
    files = dict(reversed(users) if fewer else users)
    if bench.speaks_tls() and (tls / authority.BROKER).exists():
        files |= {
            tls / authority.BROKER: f"{there}.pem",
            tls / authority.BROKER_KEY: f"{there}.key",
        }
    files[folder / SETTINGS] = "/etc/mosquitto/conf.d/overdoor.conf"
    yield "  the broker must know it. Where mosquitto runs:"
    for ours, theirs in files.items():
        yield f"    sudo install -o mosquitto -m 600 {ours} {theirs}"
    yield "    sudo systemctl reload mosquitto    (the first time: restart)"

"""`overdoor device update`: signs a version for each device and rolls it out, canaries first."""

import sys
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from overdoor import config as configuration
from overdoor.config import Config
from overdoor.device import api
from overdoor.device.folder import Folder
from overdoor.device.problem import DeviceError
from overdoor.device.rollout import Offer, Offered, Outcome, Phase, Rollout, Seen
from overdoor.device.signing import Release, is_older
from overdoor.options import ConfigFile
from overdoor.resources import folder

LOOK_S = 0.5
SHARE = 4  # at most one room in so many is updated at a time


def update(
    device: Annotated[
        str | None, typer.Argument(help="Its id, as overdoor device list shows it.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All devices of shop.toml, a few at a time.")
    ] = False,
    canary: Annotated[
        int, typer.Option(min=0, help="How many go first, and must do well before the others.")
    ] = 1,
    steady: Annotated[
        float, typer.Option(min=0, help="Seconds that each must be well after it is confirmed.")
    ] = 15,
    patience: Annotated[
        float, typer.Option(min=0, help="Seconds to wait at the end for those that are offline.")
    ] = 600,
    version: Annotated[
        str | None, typer.Option(help="The number that it gets; by default the firmware's own.")
    ] = None,
    back_from: Annotated[
        str | None, typer.Option(help="The newer version that devices may leave for this one.")
    ] = None,
    source: Annotated[
        Path | None, typer.Option("--firmware", help="The firmware's folder, if not this one's.")
    ] = None,
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Bring a version of the firmware onto devices over the air, through the running gateway.

    Each version is signed here, with the key of the device in the folder `devices`. A device keeps
    it once it worked for ten seconds, and otherwise goes back by itself. The first one that does,
    or refuses, ends the roll-out. At most a quarter of the rooms is updated at a time, and none
    while somebody waits there. Battery buttons sleep, and are updated by cable: --all names them.
    Exit status 1 if any other device is left without the version.

    Example: `overdoor device update --all --canary 2`
    """
    if (device is None) != everything:
        raise DeviceError("Say which device, or --all.")
    read = configuration.read(config)
    release = Release(source or folder("firmware"), version, back_from)
    shop = Shop(read, Folder(config))
    known = {each["id"]: each for each in shop.devices()}
    asleep = [each for each in shop.planned() if shop.is_battery(each)] if everything else []
    keys, unable = shop.keys(asleep) if device is None else ({device: shop.key(device)}, [])
    for each in keys:
        _check_not_back(each, known.get(each, {}).get("firmware"), release)
        shop.check_password(each, release)
    rollout = Rollout(
        release.version,
        list(keys),
        canaries=min(canary, len(keys)),
        at_once=max(1, len(read.room) // SHARE),
        steady_s=steady,
        patience_s=patience,
        now=time.monotonic(),
    )
    board = Board(sys.stdout.isatty())
    typer.echo(f"{release.version} for {len(keys)} device{'s' if len(keys) != 1 else ''}")
    try:
        _run(rollout, shop, release, keys, board)
    finally:  # also when it is interrupted: nothing goes on that nobody watches
        board.clear()
        for action in rollout.withdrawals():
            with suppress(DeviceError):
                api.withdraw(read, action.device)
    left = rollout.left() + unable
    if rollout.stopped is not None:
        typer.echo(f"Stopped: {api.printable(rollout.stopped)}", err=True)
    for name, why in left:
        typer.echo(f"Left: {name}: {api.printable(why)}.", err=True)
    done = len(keys) - len(rollout.left())
    typer.echo(f"{done} of {len(keys) + len(unable)} run {release.version}.")
    for name in asleep:
        if known.get(name, {}).get("firmware") != release.version:
            typer.echo(f"By cable: {name}, a battery button: overdoor device flash {name}.")
    if left:
        raise typer.Exit(1)


def _check_not_back(device: str, runs: str | None, release: Release) -> None:
    if runs is None or not is_older(release.version, runs) or release.back_from == runs:
        return
    raise DeviceError(
        f"{device} runs {runs}, and {release.version} is older. If it shall go back: "
        f"--back-from {runs}."
    )


@dataclass(slots=True)
class Shop:
    """The shop's devices, as its files and its gateway know them."""

    config: Config
    folder: Folder
    reads: dict[str, int] = field(default_factory=dict)  # device → which modules it reads

    def devices(self) -> list[dict[str, Any]]:
        """What the gateway knows. Raises `GatewayAway`."""
        known = api.devices(self.config)
        if known is None:
            raise api.GatewayAway("Updates go through the gateway, and it does not run.")
        return known

    def key(self, device: str) -> bytes:
        """What a device's updates are signed with. Raises `DeviceError` where that cannot be."""
        made = self.folder.config(device)
        if made.get("power") == "battery":
            raise DeviceError(f"{device} is a battery button, which is updated by cable.")
        if "update_key" not in made:
            raise DeviceError(
                f"{device} was set up before there were updates: overdoor device flash {device} "
                "gives it a key, by cable."
            )
        return bytes.fromhex(made["update_key"])

    def check_password(self, device: str, release: Release) -> None:
        """Raises `DeviceError` if the version would not find the password that the device has."""
        numbered = "password_number" in self.folder.config(device).get("broker", {})
        if numbered and not release.takes_new_passwords:
            raise DeviceError(
                f"{device} has a password that follows from a number, and {release.version} is too "
                f"old to find it: overdoor device flash {device}, with the firmware that is here."
            )

    def planned(self) -> list[str]:
        """All devices of shop.toml."""
        in_rooms = [device for room in self.config.room for device in room.all_devices()]
        return [*in_rooms, *(pager.device for pager in self.config.pager)]

    def is_battery(self, device: str) -> bool:
        """Whether it sleeps between presses, so that nothing reaches it for long enough."""
        return self.folder.devices().get(device, {}).get("power") == "battery"

    def keys(self, but: Collection[str]) -> tuple[dict[str, bytes], list[tuple[str, str]]]:
        """The keys of all other planned devices, and which cannot be updated, and why."""
        keys, unable = {}, []
        for device in self.planned():
            if device in but:
                continue
            try:
                keys[device] = self.key(device)
            except DeviceError as error:
                unable.append((device, str(error).removesuffix(".")))
        return keys, unable

    def see(self, devices: Iterable[str], active: Iterable[str]) -> dict[str, Seen]:
        """How they are; for the active ones also how far their update is. Raises `DeviceError`."""
        known = {each["id"]: each for each in self.devices()}
        busy = {room["id"] for room in api.rooms(self.config) if room["call"] is not None}
        asked = set(active)
        seen = {}
        for device in devices:
            told = known.get(device, {})
            if "mpy" in told:
                self.reads[device] = told["mpy"]
            offered = api.offered(self.config, device) if device in asked else None
            seen[device] = _seen(told, busy, offered)
        return seen


def _seen(told: Mapping[str, Any], busy: set[str], offered: Mapping[str, Any] | None) -> Seen:
    room, outcome = told.get("room"), told.get("update")
    return Seen(
        place=room or ("a pager" if told.get("pager") else "a spare"),
        online=told.get("status") == "online",
        in_use=room in busy,
        firmware=told.get("firmware"),
        mode=told.get("mode") if "mpy" in told else None,
        trouble=tuple(told.get("trouble", ())),
        outcome=Outcome(**outcome) if outcome else None,
        offered=Offered(**{name: offered[name] for name in Offered.__slots__}) if offered else None,
    )


def _run(
    rollout: Rollout, shop: Shop, release: Release, keys: Mapping[str, bytes], board: "Board"
) -> None:
    while True:
        try:
            seen = shop.see(keys, rollout.active())
            for action in rollout.look(time.monotonic(), seen):
                if isinstance(action, Offer):
                    body = release.body(keys[action.device], shop.reads[action.device])
                    api.offer(shop.config, action.device, body)
                    rollout.accepted(action.device)
                else:
                    api.withdraw(shop.config, action.device)
            board.show(rollout)
        except api.GatewayAway:
            rollout.lost_sight(time.monotonic())
            board.note("The gateway does not answer; trying on.")
        if rollout.over:
            return
        time.sleep(LOOK_S)


class Board:
    """What is shown meanwhile: a line for each step, and on a terminal one that is rewritten."""

    def __init__(self, terminal: bool) -> None:
        self._terminal = terminal
        self._steps: dict[str, str] = {}
        self._noted: str | None = None

    def show(self, rollout: Rollout) -> None:
        """Says what changed."""
        self._noted = None
        parts = []
        for device, course in rollout.courses.items():
            step = _step(course.phase, course.last)
            if self._steps.get(device, Phase.QUEUED) != step:
                self._steps[device] = step
                self._say(f"{device}  {step}{'  (canary)' if course.canary else ''}")
            if device in rollout.active():
                parts.append(f"{device} {step}{_share(course.last)}")
        if self._terminal:
            done = sum(course.phase is Phase.DONE for course in rollout.courses.values())
            line = f"{done} of {len(rollout.courses)} done  " + ", ".join(parts)
            typer.echo(f"\r\033[K{line[:78]}", nl=False)

    def note(self, text: str) -> None:
        """Says something once, until there is other news."""
        if text != self._noted:
            self._noted = text
            self._say(text)

    def clear(self) -> None:
        """Leaves an empty line behind."""
        if self._terminal:
            typer.echo("\r\033[K", nl=False)

    def _say(self, line: str) -> None:
        self.clear()
        typer.echo(api.printable(line))
        sys.stdout.flush()


def _step(phase: Phase, seen: Seen | None) -> str:
    if phase is Phase.UNDER_WAY and seen is not None and seen.offered is not None:
        return seen.offered.stage
    return (
        "offered" if phase is Phase.UNDER_WAY else "confirmed" if phase is Phase.SETTLING else phase
    )


def _share(seen: Seen | None) -> str:
    if seen is None or seen.offered is None or seen.offered.stage != "fetching":
        return ""
    return f" {100 * seen.offered.sent // max(1, seen.offered.size)} %"

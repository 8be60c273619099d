"""`overdoor device rotate`: new passwords for devices that hang where they are."""

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from overdoor import config as configuration
from overdoor import firmware
from overdoor.bus import mosquitto
from overdoor.device import api
from overdoor.device.folder import Folder
from overdoor.device.problem import DeviceError
from overdoor.device.provision import Bench, files_for_mosquitto
from overdoor.options import ConfigFile

LOOK_S = 0.25
BACK_S = 40.0  # the broker reads passwords each second; a device rests for up to 20 s in between
SETTLED_S = 1.0  # for the broker to end sessions by the old password, and the gateway to hear it


def rotate(
    device: Annotated[
        list[str] | None, typer.Argument(help="Their ids, as overdoor device list shows them.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All devices that were set up here.")
    ] = False,
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway",
            help="Also those that missed the last three: they may need long to find the newest.",
        ),
    ] = False,
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Give devices new passwords on the broker, without a visit.

    Nothing is sent for it: a device makes its next password itself, from the key that it got by
    cable. The old one is void at once, also that of a device which is away: it takes the new one
    when it is next there. With the gateway's own broker they follow one after another, and the
    first that does not come back ends it. For another mosquitto the command says what to copy.
    Exit status 1 if a device keeps its old password, or did not come back.

    Example: `overdoor device rotate --all`
    """
    if (device is None) != everything:
        raise DeviceError("Say which devices, or --all.")
    bench = Bench(configuration.read(config), config, Folder(config))
    own = bench.config.mqtt.url == "embedded"
    if own and not bench.config.mqtt.is_guarded:
        raise DeviceError("The embedded broker is open to this machine only, without passwords.")
    told = api.devices(bench.config)
    if told is None:
        raise api.GatewayAway("The gateway knows what each device runs. Start it first.")
    known = {each["id"]: each for each in told}
    asked = list(dict.fromkeys(device or bench.folder.devices()))
    kept = {
        each: _why_not(bench.folder.config(each), known.get(each, {}), own=own, anyway=anyway)
        for each in asked
    }
    able = [each for each in asked if kept[each] is None]
    failed = _follow(bench, able, known) if own else _hand_over(bench, able)
    for each, why in kept.items():
        if why is not None:
            typer.echo(f"Left: {each}: {why}.", err=True)
    if failed or len(able) < len(asked):
        raise typer.Exit(1)


def behind(known: Iterable[Mapping[str, Any]], folder: Folder) -> list[str]:
    """The devices that last came in by an older password than the one that they have now."""
    newest = {
        device: made.get("broker", {}).get("password_number", 0)
        for device, made in folder.devices().items()
    }
    return [
        each["id"]
        for each in known
        if "password_number" in each and each["password_number"] < newest.get(each["id"], 0)
    ]


def _why_not(
    made: Mapping[str, Any], told: Mapping[str, Any], *, own: bool, anyway: bool
) -> str | None:
    """Why a device keeps its password; None if it can have another."""
    device = made["device"]
    if "update_key" not in made:
        return f"it has no key yet: overdoor device flash {device}, by cable"
    if "mpy" not in told:
        return "not heard since the gateway started: try again once it was"
    if told.get("password_number") is None:
        how = "flash" if made.get("power") == "battery" else "update"
        return f"its firmware is too old for this: overdoor device {how} {device} first"
    if (told.get("update") or {}).get("state") == "trial":
        return "its firmware is on trial: try again in a minute"
    # Who is on our broker came in by the newest, whatever number whoever stole it says.
    is_in = own and told.get("status") == "online"
    missed = made["broker"].get("password_number", 0) - told["password_number"]
    if missed >= firmware.module("passwords").AHEAD and not (is_in or anyway):
        return (
            f"it was not in by its last {missed} new passwords: try again once it was, or say "
            "--anyway, and it may be away for long until it finds the newest"
        )
    return None


def _follow(bench: Bench, devices: list[str], known: Mapping[str, Mapping[str, Any]]) -> bool:
    """One after another, those that are there first. Whether one did not come back."""
    made = bench.folder.devices()

    def is_away(device: str) -> bool:  # a battery button that is there is about to sleep
        return known[device]["status"] != "online" or made[device].get("power") == "battery"

    for device in sorted(devices, key=is_away):
        before = _told(bench, device).get("since")
        began = time.monotonic()
        (number,) = bench.rotate(device)
        if is_away(device):
            typer.echo(f"{device}: the old password is void; away, it takes the new one later")
        elif _comes_back(bench, device, number, before, began + BACK_S):
            typer.echo(f"{device}: new password in use after {time.monotonic() - began:.1f} s")
        else:
            typer.echo(
                f"{device} did not come back within {BACK_S:.0f} s, and no further device gets a "
                "new password now. It goes on trying; overdoor device list shows when it is there.",
                err=True,
            )
            return True
    return False


def _comes_back(bench: Bench, device: str, number: int, before: str | None, until: float) -> bool:
    """Whether it is in by the new password, in another session than that since `before`.

    That counts once the broker ended what came in by the old one in between: whoever stole it
    says any number. Both times are the gateway's, whose clock may differ from this machine's.
    """
    taken_up = None
    while (now := time.monotonic()) < until:
        if taken_up is None and _is_taken_up(bench, device):
            taken_up = now
        if taken_up is not None and now - taken_up >= SETTLED_S:
            told = _told(bench, device)
            came = told.get("status") == "online" and told.get("since") != before
            if came and told.get("password_number") == number:
                return True
        time.sleep(LOOK_S)
    return False


def _is_taken_up(bench: Bench, device: str) -> bool:
    """Whether the gateway gave its broker the device's password as it is now."""
    try:
        ours, theirs = (
            (folder / mosquitto.PASSWORDS).read_text(encoding="utf-8").splitlines()
            for folder in (bench.folder.path, bench.config.data.path)
        )
    except OSError:  # the gateway keeps its data elsewhere
        return True
    return any(line.startswith(f"{device}:") and line in theirs for line in ours)


def _told(bench: Bench, device: str) -> Mapping[str, Any]:
    """What the gateway knows of one device; nothing while it is away."""
    try:
        known = api.devices(bench.config) or ()
    except api.GatewayAway:
        return {}
    return next((each for each in known if each["id"] == device), {})


def _hand_over(bench: Bench, devices: list[str]) -> bool:
    """All at once, for somebody to bring to the broker, which is not ours."""
    if devices:
        bench.rotate(*devices)
        typer.echo(f"New passwords for {', '.join(devices)}. Next:")
        typer.echo("\n".join(files_for_mosquitto(bench)))
        typer.echo("Within seconds of that the old ones are void, and the devices have followed.")
    return False

"""The commands `overdoor device ...`."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from overdoor import config as configuration
from overdoor.config import Config
from overdoor.device import api, boardtest
from overdoor.device.board import Board, only_port
from overdoor.device.broker import address_of, check_address, parse_broker
from overdoor.device.flash import device_on
from overdoor.device.flash import flash as flash_board
from overdoor.device.folder import Folder, Site
from overdoor.device.problem import DeviceError
from overdoor.device.provision import Bench, files_for_mosquitto
from overdoor.device.rotate import behind, rotate
from overdoor.device.update import update
from overdoor.options import ConfigFile

app = typer.Typer(
    help="Set devices up, pair them with rooms, see how they do.", no_args_is_help=True
)

Broker = Annotated[
    str | None, typer.Option(help="HOST[:PORT] where devices find the broker; kept for the next.")
]
BrokerIp = Annotated[
    str | None,
    typer.Option(help="The address behind its name, where this machine cannot look it up."),
]
Ca = Annotated[
    Path | None, typer.Option(help="The certificate that vouches for the broker, for TLS; kept.")
]
Wifi = Annotated[str | None, typer.Option(help="The Wi-Fi's name; kept for the next device.")]
Model = Annotated[str | None, typer.Option(help="What the board is; shown to staff.")]
Pins = Annotated[
    list[str] | None,
    typer.Option(
        "--pin",
        help="NAME=GPIO: call, presence, need, ring, ring_power, lamp; of a pager a, b, sda, ...",
    ),
]
Leds = Annotated[int | None, typer.Option(help="LEDs in the ring.")]
Kind = Annotated[
    Literal["callpoint", "pager"] | None,
    typer.Option(help="A call point hangs in a room, a pager is carried by staff."),
]
Screen = Annotated[
    Literal["ssd1306", "st7789"] | None,
    typer.Option(help="Of a pager: 128x64 on I2C, or that of an M5StickC Plus2."),
]
Battery = Annotated[
    bool | None,
    typer.Option("--battery/--mains", help="A battery button sleeps between presses."),
]
Badges = Annotated[
    str | None, typer.Option(help="The UUID of the shop's badges (iBeacon), to listen for them.")
]

Device = Annotated[str, typer.Argument(help="Its id, as overdoor device list shows it.")]
Port = Annotated[str | None, typer.Option(help="The serial port; found if there is only one.")]

WIFI_PASSWORD = "OVERDOOR_WIFI_PASSWORD"  # noqa: S105 - a name


@app.command()
def add(  # noqa: PLR0913, PLR0917 - each is an option
    room: Annotated[str | None, typer.Argument(help="Its room; without one it is a spare.")] = None,
    device: Annotated[str | None, typer.Option(help="Its id; made from the room's.")] = None,
    broker: Broker = None,
    broker_ip: BrokerIp = None,
    ca: Ca = None,
    wifi: Wifi = None,
    model: Model = None,
    pin: Pins = None,
    ring_leds: Leds = None,
    kind: Kind = None,
    screen: Screen = None,
    battery: Battery = None,
    badges: Badges = None,
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Make a device's credentials and config, and hang it into its room in shop.toml.

    The first time it asks for the Wi-Fi. A spare gets its room later: hang it up, press it, and
    give the id that the dashboard shows to `overdoor device pair`. A pager has no room: it becomes
    a [[pager]] of shop.toml.

    Example: `overdoor device add w1 --wifi "Shop Devices" --broker 192.168.1.10`
    """
    bench = _bench(config)
    _know_site(bench, broker, broker_ip, ca, wifi)
    board = {"model": _usual_model(screen)} | _screen(screen)
    board |= _board(model, pin, ring_leds, battery, badges)
    if kind is not None:
        board["kind"] = kind
    made = bench.add(room, device, board)
    place = "a pager" if kind == "pager" else f"room {room}" if room else "no room yet"
    typer.echo(f"{made}: {place}. Its secrets are in {bench.folder.path}, for you alone to read.")
    _next_steps(bench, made)


@app.command()
def flash(
    device: Annotated[
        str | None, typer.Argument(help="Which; by default the one that the board already is.")
    ] = None,
    port: Port = None,
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Bring firmware and config onto the board on USB, check them there, and start it.

    The board needs MicroPython 1.24 or newer. Run it again after anything that went wrong, as when
    the cable was pulled: it goes on where it ended.

    Example: `overdoor device flash cp-w1`
    """
    bench = _bench(config)
    if device is not None:
        bench.folder.config(device)
    port = port or only_port()
    with Board.open(port) as board:
        device = device or device_on(board)
        if device is None:
            made = ", ".join(bench.folder.devices()) or "none; begin with overdoor device add"
            raise DeviceError(f"The board is new, so say which device it shall be: {made}.")
        typer.echo(f"{device} on {port}")
        with typer.progressbar(length=1, label="Sending") as bar:

            def sent(size: int, total: int) -> None:
                bar.length = total
                bar.update(size)

            made_to_be = bench.folder.with_update_key(device)
            name = made_to_be["broker"].get("ca")
            if name is not None:
                bench.trust()  # it may be another one by now
            ca = bench.folder.ca()
            if name is not None and ca is None:
                raise DeviceError(f"{bench.folder.path / name} is gone: give it again with --ca.")
            beside = {name: ca} if name is not None and ca is not None else {}
            done = flash_board(board, made_to_be, beside, typer.echo, sent)
    typer.echo(
        f"{done.sent} files sent, {done.kept} were there already; all {done.size} bytes checked. "
        "The board starts; overdoor device list shows when it is heard."
    )


@app.command("test")
def test_(port: Port = None) -> None:
    """Test a board on USB that was flashed: its lights, its flash, the firmware, your presses.

    What is measured is held against the limits of firmware/BOARD_TESTS.md and printed as rows for
    its table. Exit status 1 if a limit was missed.

    Example: `overdoor device test`
    """
    port = port or only_port()
    with Board.open(port) as board:
        rows = boardtest.run(board, typer.echo, typer.confirm)
    typer.echo("\n".join(row.markdown() for row in rows))
    if not all(row.passed for row in rows):
        raise typer.Exit(1)


@app.command()
def pair(
    device: Annotated[str, typer.Argument(help="The id that the dashboard shows.")],
    room: Annotated[str, typer.Argument(help="Where it hangs.")],
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Give a device that was pressed its room.

    Example: `overdoor device pair cp-w1 w2`
    """
    bench = _bench(config)
    known = api.devices(bench.config)
    bench.pair(device, room)
    typer.echo(f"{device} hangs in room {room} now.")
    if known is None:
        typer.echo("The gateway does not run; it will know when it starts.")
    elif all(each["id"] != device for each in known):
        typer.echo(f"Note: the gateway has not heard of {device} yet. Press it, to see that it is.")


@app.command()
def replace(  # noqa: PLR0913, PLR0917 - each is an option
    place: Annotated[
        str,
        typer.Argument(
            metavar="ROOM|PAGER", help="The room whose board is broken, or the pager's id."
        ),
    ],
    device: Annotated[
        str | None, typer.Option(help="The broken one, if the room has several.")
    ] = None,
    broker: Broker = None,
    broker_ip: BrokerIp = None,
    ca: Ca = None,
    wifi: Wifi = None,
    model: Model = None,
    pin: Pins = None,
    ring_leds: Leds = None,
    screen: Screen = None,
    battery: Battery = None,
    badges: Badges = None,
    config: ConfigFile = Path("shop.toml"),
) -> None:
    """Swap a broken board: a new id and password, the old ones revoked.

    The room keeps its call; a pager keeps its zone.

    Example: `overdoor device replace w1`
    """
    bench = _bench(config)
    broken = bench.broken(place, device)
    _know_site(bench, broker, broker_ip, ca, wifi)
    board = _board(model, pin, ring_leds, battery, badges) | _screen(screen)
    if broken not in bench.folder.devices():
        board = {"model": _usual_model(screen)} | board
    old, new = bench.replace(place, broken, board)
    room = "" if place == old else f" in room {place}"
    typer.echo(f"{new} takes the place of {old}{room}; {old} is revoked.")
    _next_steps(bench, new)


app.command()(rotate)
app.command()(update)


@app.command("list")
def list_(config: ConfigFile = Path("shop.toml")) -> None:
    """Show the devices: room, last heard, firmware, how its last update over the air ended.

    Asks the running gateway; without one, shows what shop.toml says.

    Example: `overdoor device list`
    """
    read = configuration.read(config)
    known = api.devices(read)
    if known is None:
        typer.echo("The gateway does not run, so nobody knows how the devices do.", err=True)
        known = [{"id": device, "room": room} for device, room in _planned(read)]
    rows = [("DEVICE", "ROOM", "STATUS", "HEARD", "FIRMWARE", "LAST UPDATE", "MODEL")]
    for device in known:
        online = device.get("status") == "online"
        heard = "now" if online else api.ago(device["heard"]) if "heard" in device else ""
        rows.append(
            (
                device["id"],
                device["room"] or ("pager" if device.get("pager") else "unpaired"),
                device.get("status", ""),
                heard,
                device.get("firmware") or "",
                _last_update(device.get("last_update")),
                device.get("model") or "",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())
    if late := behind(known, Folder(config)):
        typer.echo(f"Not seen with the newest password yet: {', '.join(late)}.")


@app.command()
def identify(device: Device, config: ConfigFile = Path("shop.toml")) -> None:
    """Blink a device's lights for five seconds, to see which one it is.

    Example: `overdoor device identify cp-w1`
    """
    api.command(configuration.read(config), device, "identify")
    typer.echo(f"{device} blinks.")


@app.command()
def restart(device: Device, config: ConfigFile = Path("shop.toml")) -> None:
    """Start a device anew. It refuses while a press waits for its receipt.

    Example: `overdoor device restart cp-w1`
    """
    api.command(configuration.read(config), device, "restart")
    typer.echo(f"{device} starts anew.")


@app.command()
def report(device: Device, config: ConfigFile = Path("shop.toml")) -> None:
    """Show a device's counters and the last lines of its log, the times in s since its start.

    Example: `overdoor device report cp-w1`
    """
    told = api.command(configuration.read(config), device, "report")
    for line in api.readable(told):
        typer.echo(line)


def _last_update(told: dict[str, str] | None) -> str:
    """How it ended, in a few words."""
    if told is None:
        return ""
    words = {"rolled-back": "went back from", "starting": "tries", "trial": "tries"}
    return api.printable(f"{words.get(told['stage'], told['stage'])} {told['version']}")


def _planned(config: Config) -> list[tuple[str, str | None]]:
    in_rooms = [(device, room.id) for room in config.room for device in room.all_devices()]
    return [*in_rooms, *((pager.device, "pager") for pager in config.pager)]


def _bench(file: Path) -> Bench:
    return Bench(configuration.read(file), file, Folder(file))


def _usual_model(screen: str | None) -> str:
    return "m5stickc-plus2" if screen == "st7789" else "esp32-devkitc"


def _screen(screen: str | None) -> dict[str, Any]:
    return {} if screen is None else {"screen": screen}


def _know_site(
    bench: Bench, broker: str | None, ip: str | None, ca: Path | None, wifi: str | None
) -> None:
    """Asks for what all devices share, once."""
    ca_given = bench.trust(ca)
    site = bench.folder.site()
    if site is not None and broker is None and ip is None and wifi is None:
        return
    if broker is not None:
        host, port = parse_broker(broker, bench.usual_port())
    elif site is not None:
        host, port = site.broker_host, site.broker_port
    else:
        host, port = bench.broker_seen_by_devices()
    if ip is not None:
        check_address(ip)
    elif site is not None and broker is None:
        ip = site.broker_ip
    else:
        ip = address_of(host)
    if wifi is None and site is not None:
        name, password = site.wifi_ssid, site.wifi_password
    else:
        name, password = _ask_wifi(wifi)
    bench.folder.keep_site(Site(host, port, name, password, ip, ca_given))


def _ask_wifi(name: str | None) -> tuple[str, str]:
    password = os.environ.get(WIFI_PASSWORD)
    if (name is None or password is None) and not sys.stdin.isatty():
        raise DeviceError(f"Say which Wi-Fi: --wifi NAME, with its password in {WIFI_PASSWORD}.")
    name = name if name is not None else typer.prompt("Wi-Fi name")
    if password is None:
        password = typer.prompt("Wi-Fi password", hide_input=True, default="", show_default=False)
    return name, password


def _board(
    model: str | None,
    pins: list[str] | None,
    ring_leds: int | None,
    battery: bool | None,
    badges: str | None,
) -> dict[str, Any]:
    """What was said of how it is built, as `config.json` has it."""
    power = None if battery is None else "battery" if battery else "mains"
    said = {"model": model, "ring_leds": ring_leds, "power": power, "badges": badges}
    board: dict[str, Any] = {key: value for key, value in said.items() if value is not None}
    if pins:
        board["pins"] = {}
        for pin in pins:
            name, _, number = pin.partition("=")
            if not number.isdigit():
                raise DeviceError(f"--pin is NAME=GPIO, like ring=4, not {pin!r}.")
            board["pins"][name] = int(number)
    return board


def _next_steps(bench: Bench, device: str) -> None:
    typer.echo("Next:")
    if bench.config.mqtt.url != "embedded":
        for line in files_for_mosquitto(bench):
            typer.echo(line)
    elif bench.config.mqtt.is_guarded:
        typer.echo("  a gateway that runs has told its broker within two seconds")
    typer.echo(f"  overdoor device flash {device}    with the board on USB")

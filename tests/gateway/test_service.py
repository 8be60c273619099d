"""systemd: what it is told, and the unit that it is given."""

import asyncio
import configparser
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from overdoor import cli
from overdoor.bus import TakenOver
from overdoor.cli import app
from overdoor.config import ConfigError
from overdoor.watchdog import Supervisor

from .test_cli import LIMIT_S, write_shop


@pytest.fixture(params=["{}/notify", "\0{}"])
def systemd(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """The socket on which systemd listens: a file, or one that every user reaches."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(request.param.format(tmp_path))
        listening.settimeout(LIMIT_S)
        yield listening


def address(systemd: socket.socket) -> str:
    """As `NOTIFY_SOCKET` has it."""
    name = systemd.getsockname()
    return name if isinstance(name, str) else f"@{name[1:].decode()}"


def test_a_gateway_says_that_it_is_ready_lives_and_stops_and_its_broker_says_nothing(
    systemd: socket.socket, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", "from overdoor.cli import main; main()", "run", "-c"]
    said = {"NOTIFY_SOCKET": address(systemd), "WATCHDOG_USEC": "300000"}
    said["JOURNAL_STREAM"] = "8:1"
    with subprocess.Popen(
        [*command, write_shop(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **said},
    ) as gateway:
        heard = [systemd.recv(100)]
        while b"READY=1" not in heard or heard.count(b"WATCHDOG=1") < 3:
            heard.append(systemd.recv(100))
        gateway.terminate()
        while heard[-1] != b"STOPPING=1":
            heard.append(systemd.recv(100))
        printed, _ = gateway.communicate(timeout=LIMIT_S)
    assert gateway.returncode == 0
    assert "associate link --first" in printed
    assert "/join/" not in printed  # the journal would keep it
    assert set(heard) == {b"READY=1", b"WATCHDOG=1", b"STOPPING=1"}
    assert heard.count(b"READY=1") == 1


async def test_a_loop_that_hangs_says_nothing(systemd: socket.socket) -> None:
    systemd.setblocking(False)
    said = {"NOTIFY_SOCKET": address(systemd), "WATCHDOG_USEC": "1000"}
    living = asyncio.create_task(Supervisor(said).reassure())
    await asyncio.sleep(0)
    assert systemd.recv(100) == b"WATCHDOG=1"
    subprocess.run(["sleep", "0.05"], check=True)  # noqa: ASYNC221 - the loop hangs for fifty times its limit
    with pytest.raises(BlockingIOError):
        systemd.recv(100)
    living.cancel()


@pytest.mark.parametrize(
    "said", [{}, {"NOTIFY_SOCKET": "vsock:2:1"}, {"NOTIFY_SOCKET": "/nowhere/at/all"}]
)
def test_where_nobody_listens_nothing_happens(said: dict[str, str]) -> None:
    Supervisor(said).ready()
    assert Supervisor(said | {"WATCHDOG_USEC": "1", "WATCHDOG_PID": "1"}).limit_s is None


# -- the unit ------------------------------------------------------------------------------------


def install(file: Path, to: Path | str, *more: str) -> Result:
    words = ["service", "install", "-c", str(file), "--to", str(to), *more]
    return CliRunner().invoke(app, words)


def parts(unit: Path) -> configparser.ConfigParser:
    read = configparser.ConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]
    read.read(unit)
    return read


def faults(*units: Path) -> list[str]:
    """What systemd says against them; nothing where there is no systemd to ask."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        return []
    looked = subprocess.run(
        [tool, "verify", *units], capture_output=True, text=True, timeout=60, check=False
    )
    return [line for line in looked.stderr.splitlines() if any(unit.name in line for unit in units)]


def test_the_unit_is_what_systemd_takes_and_locks_the_gateway_in(tmp_path: Path) -> None:
    unit = tmp_path / "overdoor.service"
    said = install(write_shop(tmp_path), unit)
    assert said.exit_code == 0, said.exception
    assert "systemctl enable --now overdoor" in said.output
    service = parts(unit)["Service"]
    assert service["ExecStart"].split()[1:] == ["run", "--config", str(tmp_path / "shop.toml")]
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) > 0
    assert service["ReadWritePaths"] == f"-{tmp_path} -{tmp_path / 'data'}"
    assert service["CapabilityBoundingSet"] == ""
    for lock in ("NoNewPrivileges", "PrivateTmp", "PrivateDevices", "RestrictNamespaces"):
        assert service[lock] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert faults(unit) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (r"Rose\n[Service]\nExecStartPre=/bin/true", "Rose [Service] ExecStartPre=/bin/true"),
        (r"Rose\\", "Rose"),  # a backslash at the end would take the next line in
        (r"100%h\u2028Rose", "100%%h Rose"),
    ],
)
def test_the_name_of_a_shop_is_nothing_but_a_name_in_what_root_writes(
    tmp_path: Path, name: str, said: str
) -> None:
    file = write_shop(tmp_path)
    file.write_text(file.read_text().replace('name = "Demo Shop"', f'name = "{name}"'))
    gateway = install(file, "-").output.splitlines()
    assert f"Description=Overdoor, the gateway of {said}" in gateway
    assert gateway.count("[Service]") == 1
    assert sum(line.startswith(("Documentation=", "ExecStartPre=")) for line in gateway) == 1
    words = ["service", "backup", str(tmp_path / "kept"), "-c", str(file), "--to", "-"]
    backup = CliRunner().invoke(app, words).output.splitlines()
    assert f"Description=Overdoor, a backup of {said}" in backup
    assert f"Description=Overdoor, a backup of {said} each night" in backup


def test_a_port_below_1024_is_all_that_it_may_take(tmp_path: Path) -> None:
    file = write_shop(tmp_path, web=443)
    said = install(file, "-").output
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE\n" in said
    assert "CapabilityBoundingSet=CAP_NET_BIND_SERVICE\n" in said


def test_a_gateway_whose_shop_another_one_took_is_not_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = install(write_shop(tmp_path), "-").output

    def taken() -> None:
        raise TakenOver("another gateway has the shop")

    monkeypatch.setattr(cli, "app", taken)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert f"\nRestartPreventExitStatus={ended.value.code}\n" in unit


def test_a_backup_each_night_may_write_there_and_reach_nobody(tmp_path: Path) -> None:
    file, kept = write_shop(tmp_path), tmp_path / "kept"
    kept.mkdir()
    words = ["service", "backup", str(kept), "-c", str(file), "--keep", "30", "--at", "4:05"]
    said = CliRunner().invoke(app, [*words, "--encrypt", "--to", str(tmp_path)])
    assert said.exit_code == 0, said.exception
    assert "systemctl enable --now overdoor-backup.timer" in said.output
    units = [tmp_path / f"overdoor-backup.{kind}" for kind in ("service", "timer")]
    service, timer = parts(units[0])["Service"], parts(units[1])["Timer"]
    command = ["backup", str(kept), "--keep", "30", "--config", str(file), "--encrypt"]
    assert service["ExecStart"].split()[1:] == command
    assert service["EnvironmentFile"] in said.output
    assert service["ReadWritePaths"] == f"-{tmp_path} -{tmp_path / 'data'} -{kept}"
    assert service["PrivateNetwork"] == "yes"
    assert timer["OnCalendar"] == "04:05"
    assert faults(*units) == []
    for at in ("at night", "24:00", "3"):
        ended = CliRunner().invoke(app, [*words, "--at", at, "--to", "-"])
        assert "is no time of day" in str(ended.exception)


def test_what_cannot_be_is_one_sentence(tmp_path: Path) -> None:
    file = write_shop(tmp_path)
    for words, said in (
        (("--user", "nobody-knows"), "There is no user 'nobody-knows'. Make one: sudo adduser"),
        ((), "cannot be written"),
    ):
        ended = install(file, tmp_path / "no" / "unit", *words)
        assert isinstance(ended.exception, ConfigError)
        assert said in str(ended.exception)
    spaced = tmp_path / "my shop"
    spaced.mkdir()
    assert "without spaces" in str(install(write_shop(spaced), "-").exception)

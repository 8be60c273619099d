"""The gateway's own mosquitto, open to the shop's network: `overdoor run`, as one installs it."""

import asyncio
import os
import signal
import ssl
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiomqtt
import pytest
from typer.testing import CliRunner

from overdoor.bus import BrokerError, EmbeddedBroker, Guard, broker
from overdoor.bus.mosquitto import PASSWORDS
from overdoor.cli import app
from overdoor.config import ConfigError, read
from overdoor.device.provision import Bench
from tests.conftest import free_port
from tests.gateway.broker import HOST
from tests.system.conftest import OVERDOOR, Device, process, until

from .guarded import NODELAY, SHOP, a_shop, set_up

TLS = 'tls_cert = "tls/broker.pem"\ntls_key = "tls/broker.key"\nca = "tls/ca.pem"\n'
WIFI = {"OVERDOOR_WIFI_PASSWORD": "geheim"}


class OwnBroker:
    """A shop whose gateway keeps the broker."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.file = a_shop(folder, "embedded")
        self.command("ca")
        said = self.file.read_text()
        mine = f'url = "embedded"\nport = {self.port}\nbind = "0.0.0.0"\n{TLS}'
        self.file.write_text(said.replace('url = "embedded"\n', mine).replace('"demo"', '"t"', 1))
        for room in ("w1", "w2"):
            self.command("device", "add", room, "--wifi", "shop", "--broker", HOST)
        self.tls = ssl.create_default_context(cafile=str(folder / "tls" / "ca.pem"))
        self.log = folder / "log"

    def command(self, *words: str) -> str:
        ended = CliRunner(env=WIFI).invoke(app, [*words, "--config", str(self.file)])
        assert ended.exit_code == 0, ended.output
        return ended.stdout

    def secret(self, device: str) -> str:
        text = (self.folder / "devices" / f"{device}.json").read_text()
        return text.split('"password": "')[1].split('"')[0]

    def client(self, user: str | None, password: str | None) -> aiomqtt.Client:
        return aiomqtt.Client(
            HOST,
            self.port,
            username=user,
            password=password,
            tls_context=self.tls,
            socket_options=NODELAY,
            timeout=20,
        )


@asynccontextmanager
async def running(shop: OwnBroker) -> AsyncIterator[int]:
    """`overdoor run`, until the block ends; its process id."""
    with shop.log.open("wb") as log:
        run = process(OVERDOOR, "run", "-c", shop.file, stdout=log, stderr=log)
        async with run as gateway:
            await until(lambda: _runs(shop.log), "the gateway runs, and is on its broker", 80)
            yield gateway.pid
            if gateway.returncode is None:
                gateway.terminate()
            await gateway.wait()


async def _runs(log: Path) -> bool:
    return b"is running" in log.read_bytes()


@pytest.fixture
def shop(tmp_path: Path) -> OwnBroker:
    return OwnBroker(tmp_path)


async def test_a_device_presses_and_once_it_is_replaced_it_is_out_within_seconds(
    shop: OwnBroker,
) -> None:
    async with running(shop), asyncio.timeout(120):
        stolen = shop.secret("cp-w1")
        async with shop.client("cp-w1", stolen) as client:
            await client.subscribe("overdoor/1/t/device/cp-w1/receipt", qos=1)
            call_point = Device(client, "cp-w1")
            listening = asyncio.create_task(call_point.listen())
            await call_point.press()
            await call_point.hears("receipt")
            shop.command("device", "replace", "w1")
            with pytest.raises(aiomqtt.MqttError):
                await listening
        with pytest.raises(aiomqtt.MqttError, match="authori"):
            async with shop.client("cp-w1", stolen):
                pass
        async with shop.client("cp-w1-2", shop.secret("cp-w1-2")):
            pass
        with pytest.raises(aiomqtt.MqttError, match="authori"):
            async with shop.client(None, None):
                pass


async def test_a_program_listens_from_the_moment_it_is_added_until_it_is_removed(
    shop: OwnBroker,
) -> None:
    async with running(shop), asyncio.timeout(40):
        password = shop.command("broker", "user", "add", "screen").strip()
        await until(lambda: comes_in(shop, "screen", password), "the program may come in")
        async with (
            shop.client("screen", password) as screen,
            shop.client("cp-w1", shop.secret("cp-w1")) as client,
        ):
            await screen.subscribe("overdoor/1/t/#", qos=1)
            await Device(client, "cp-w1").press()
            async for message in screen.messages:
                if str(message.topic) == "overdoor/1/t/room/w1/event":
                    break
            shop.command("broker", "user", "remove", "screen")
            with pytest.raises(aiomqtt.MqttError):
                async for _ in screen.messages:
                    pass
            await client.publish("overdoor/1/t/device/cp-w1/status", "online", qos=1)
        assert not await comes_in(shop, "screen", password)


async def comes_in(shop: OwnBroker, user: str, password: str) -> bool:
    """Whether the broker takes this password."""
    try:
        async with shop.client(user, password):
            return True
    except aiomqtt.MqttError:
        return False


async def test_no_secret_is_in_the_log_in_the_process_list_or_open_to_others(
    shop: OwnBroker,
) -> None:
    secrets = [shop.secret("cp-w1"), "geheim"]
    async with running(shop) as pid:
        listed = b"".join(
            (Path("/proc") / str(each) / "cmdline").read_bytes() for each in _family(pid)
        )
        assert b"mosquitto" in listed
        readable = [
            file
            for file in (shop.folder / "data").iterdir()
            if "mosquitto.pass" in file.name and stat.S_IMODE(file.stat().st_mode) != 0o600
        ]
    said = shop.log.read_bytes()
    assert b"is running" in said
    assert not readable
    for secret in secrets:
        assert secret.encode() not in listed + said


def _family(pid: int) -> list[int]:
    """A process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _family(int(child)))]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('bind = "0.0.0.0"\nbroker = "iotcore"', "neither passwords nor an access list"),
        ('bind = "shop.lan"', "an address of this machine"),
        ('bind = "0.0.0.0"\ntls_cert = "a"', "go together"),
        ('bind = "0.0.0.0"\ntls_cert = "a"\ntls_key = "b"', "wants a ca"),
    ],
)
def test_a_broker_that_could_not_be_guarded_is_one_sentence(
    tmp_path: Path, line: str, says: str
) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(SHOP.format(url="embedded", web=8080).replace("[web]", f"{line}\n\n[web]"))
    with pytest.raises(ConfigError, match=says):
        read(file)


def test_without_mosquitto_nothing_is_opened_to_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "find_mosquitto", lambda: None)
    with pytest.raises(BrokerError, match="Install mosquitto"):
        EmbeddedBroker(tmp_path, 1883, guard=Guard("0.0.0.0", "t", tmp_path / "passwords"))


@pytest.mark.parametrize("place", ["127.0.0.1:1", "127.0.0.1:99999", "", "[bad:1883"])
def test_no_message_repeats_the_password_of_the_url(tmp_path: Path, place: str) -> None:
    file = a_shop(tmp_path, f"mqtt://gateway:sesame-word@{place}")
    ended = CliRunner().invoke(app, ["check", "--config", str(file)])
    said = ended.output + str(ended.exception)
    assert ended.exit_code != 0
    assert "sesame-word" not in said


async def test_passwords_that_cannot_be_read_are_one_sentence(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    passwords.write_bytes(b"\xff\xfe")
    guarded = EmbeddedBroker(tmp_path, free_port(), guard=Guard(HOST, "t", passwords))
    with pytest.raises(BrokerError, match="cannot be read"):
        await guarded.start()


async def test_a_broker_that_cannot_be_written_for_comes_back_when_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("overdoor.bus.broker.RESTART_S", 0.05)
    folder, passwords = tmp_path / "broker", tmp_path / "passwords"
    folder.mkdir()
    port = free_port()
    guarded = EmbeddedBroker(folder, port, guard=Guard(HOST, "t", passwords))
    await guarded.start()
    try:
        away = folder.rename(tmp_path / "full")  # as on a full disk, nothing can be written
        assert guarded._pid is not None
        os.kill(guarded._pid, signal.SIGKILL)
        await until(lambda: gone(port), "the broker is gone")
        await asyncio.sleep(0.2)  # it was tried, in vain
        away.rename(folder)
        await until(lambda: listens(port), "the broker is back")
    finally:
        await guarded.stop()


async def test_who_has_a_password_and_is_neither_a_device_nor_a_program_comes_in_nowhere(
    tmp_path: Path,
) -> None:
    """As when the list of programs was removed by hand, or a command ended half-way."""
    port = free_port()
    file = a_shop(tmp_path, "embedded")
    file.write_text(file.read_text().replace("[web]", f'bind = "{HOST}"\nport = {port}\n\n[web]'))
    devices = set_up(file, "w1")
    password = Bench(read(file), file, devices).add_program("screen", home_assistant=False)
    (devices.path / "mosquitto.programs").unlink()
    own = EmbeddedBroker(tmp_path, port, guard=Guard(HOST, "t", devices.path / PASSWORDS))
    await own.start()
    try:
        async with aiomqtt.Client(
            HOST, port, username="cp-w1", password=devices.config("cp-w1")["broker"]["password"]
        ):
            pass
        with pytest.raises(aiomqtt.MqttError, match="authori"):
            async with aiomqtt.Client(HOST, port, username="screen", password=password):
                pass
    finally:
        await own.stop()


async def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True


async def gone(port: int) -> bool:
    """Whether nobody does."""
    return not await listens(port)

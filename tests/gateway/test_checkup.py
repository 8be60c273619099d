"""`overdoor check`: each thing that can be wrong is said in one line, with how to mend it."""

import fcntl
import socket
import sqlite3
import subprocess
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from overdoor import checkup, config, storage
from overdoor.checkup import Gateway, ask, look, machine, network
from overdoor.checkup.gateway import answer
from overdoor.cli import app
from overdoor.core.sentence import Sentence
from overdoor.engine import BROKER_AWAY
from overdoor.finding import Finding, Level
from overdoor.store import FILE, Store, StoreError, store
from overdoor.store.store import LOCK, locked
from tests.conftest import free_port

from .broker import MOSQUITTO, Broker
from .test_cli import LIMIT_S, busy_port, overdoor, write_shop


def found(file: Path, gateway: Gateway | None = None) -> list[Finding]:
    return look(config.read(file), file, gateway)


def about(file: Path, words: str, gateway: Gateway | None = None) -> Finding:
    """The one finding that says this."""
    every = found(file, gateway)
    one = [finding for finding in every if words in finding.what]
    assert len(one) == 1, every
    return one[0]


def add(file: Path, table: str, line: str) -> None:
    file.write_text(file.read_text().replace(f"[{table}]\n", f"[{table}]\n{line}\n"))


def foreign(file: Path, url: str) -> None:
    file.write_text(file.read_text().replace('url = "embedded"', f'url = "{url}"'))


def test_what_is_not_good_says_how_to_mend_it_and_is_one_line(tmp_path: Path) -> None:
    file = write_shop(tmp_path)
    every = found(file)
    assert all(finding.mend or finding.level is Level.GOOD for finding in every)
    lines = CliRunner().invoke(app, ["check", "-c", str(file)]).output.splitlines()
    assert sum(line.startswith(("ok ", "!  ", "✗  ")) for line in lines) == len(every)


def test_a_port_that_is_taken_breaks_it(tmp_path: Path) -> None:
    with busy_port() as port:
        file = write_shop(tmp_path, web=port)
        ended = overdoor("check", "-c", file)
    assert ended.returncode == 1
    assert f"✗  The pages cannot be served on 127.0.0.1:{port}: Address already in use." in (
        ended.stdout
    )
    assert "1 thing to mend" in ended.stdout


def test_the_embedded_brokers_port_that_is_taken_breaks_it(tmp_path: Path) -> None:
    with busy_port() as port:
        finding = about(write_shop(tmp_path, broker=port), "so the embedded broker cannot start")
    assert finding.level is Level.BAD


def test_a_broker_that_is_not_there_breaks_it(tmp_path: Path) -> None:
    file = write_shop(tmp_path)
    foreign(file, f"mqtt://127.0.0.1:{free_port()}")
    assert about(file, "does not answer").level is Level.BAD


def test_what_a_gateway_that_runs_says_of_itself_is_said(tmp_path: Path) -> None:
    file = write_shop(tmp_path)
    full = Gateway(reasons=[Sentence("nothing can be stored: %(why)s", why="disk is full")])
    assert about(file, "nothing can be stored: disk is full", full).level is Level.BAD
    away = Gateway(reasons=[BROKER_AWAY])
    assert about(file, "does not answer the gateway", away).level is Level.BAD
    foreign(file, "mqtt://127.0.0.1:1")
    assert about(file, "does not answer: the broker is not connected", away).level is Level.BAD
    assert about(file, "127.0.0.1:1 takes the gateway", full).level is Level.GOOD


def test_whoever_listens_and_says_nothing_is_a_gateway_only_while_one_has_the_shop(
    tmp_path: Path,
) -> None:
    with busy_port() as port:
        read = config.read(write_shop(tmp_path, web=port))
        assert ask(read) is None
        with locked(read.data.path):
            hanging = ask(read)
    assert hanging == Gateway(answers=False)
    found = [*network.pages(read, hanging)]
    assert "it hangs" in found[0].what
    assert found[0].level is Level.BAD


def test_whoever_never_comes_to_an_end_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What drips is measured as a whole, not from byte to byte."""
    monkeypatch.setattr(checkup.gateway, "_ASK_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        read = config.read(write_shop(tmp_path, web=server.getsockname()[1]))
        dripping = threading.Thread(target=drip, args=(server,))
        dripping.start()
        assert answer(read.web, "/readyz") == ""
        dripping.join(LIMIT_S)
        assert not dripping.is_alive()


def drip(server: socket.socket) -> None:
    """Says a little again and again, until it is given up, or for 10 s."""
    asked, _ = server.accept()
    with asked, suppress(OSError):
        asked.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(100):
            asked.sendall(b"x")
            time.sleep(0.1)


def test_a_look_at_who_has_the_folder_keeps_no_gateway_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(tmp_path).close()
    with (tmp_path / LOCK).open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        monkeypatch.setattr(store.time, "sleep", lambda _: looking.close())
        Store(tmp_path).close()


def test_a_look_at_a_port_keeps_no_gateway_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One starts in the moment before the look is over."""
    port, started = free_port(), list[int]()

    class Look(socket.socket):
        def close(self) -> None:
            if not started:
                started.append(port)
                with socket.create_server(("127.0.0.1", port)):
                    pass
            super().close()

    read = config.read(write_shop(tmp_path, web=port))
    monkeypatch.setattr(socket, "socket", Look)
    found = next(network.pages(read, None))
    assert found.level is Level.GOOD
    assert started == [port]


def test_a_broker_says_its_version(tmp_path: Path) -> None:
    broker = Broker("mosquitto", tmp_path)
    try:
        file = write_shop(tmp_path)
        foreign(file, f"mqtt://127.0.0.1:{broker.port}")
        finding = about(file, f"The broker at 127.0.0.1:{broker.port}")
    finally:
        broker.stop()
    assert finding.level is Level.GOOD
    assert "it is mosquitto version 2." in finding.what


def test_a_broker_that_lets_anybody_in_is_a_warning(tmp_path: Path) -> None:
    broker = Broker("mosquitto", tmp_path)
    try:
        file = write_shop(tmp_path)
        foreign(file, f"mqtt://gateway:word@127.0.0.1:{broker.port}")
        finding = about(file, "lets in who says no password")
    finally:
        broker.stop()
    assert finding.level is Level.WARNING


def test_a_password_that_the_broker_refuses_breaks_it(tmp_path: Path) -> None:
    port = free_port()
    passwords, settings = tmp_path / "passwords", tmp_path / "refusing.conf"
    passwords.write_text("somebody:\n")
    settings.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\nuser root\n"
    )
    file = write_shop(tmp_path)
    foreign(file, f"mqtt://gateway:wrong@127.0.0.1:{port}")
    quiet = subprocess.DEVNULL
    broker = subprocess.Popen([MOSQUITTO, "-c", str(settings)], stdout=quiet, stderr=quiet)
    try:
        read, every = config.read(file), list[Finding]()
        for _ in range(1000):
            every = [*network.broker(read, None)]
            if "Connection refused" not in every[0].what:
                break
    finally:
        broker.kill()
        broker.wait()
    assert every[0].level is Level.BAD
    assert "refuses the gateway's password" in every[0].what


def test_what_mosquittos_files_lack_is_named(tmp_path: Path) -> None:
    assert network.missing_options(tmp_path) == []  # no file that we can read says anything
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "mosquitto.conf").write_text("set_tcp_nodelay true\n# max_inflight_messages 20\n")
    (tmp_path / "conf.d" / "overdoor.conf").write_text(
        "max_queued_messages 10000\nuse_username_as_clientid true\n"
    )
    assert network.missing_options(tmp_path) == ["max_inflight_messages"]
    assert network.missing_options(tmp_path, 8883) == []  # they are of another broker
    with (tmp_path / "mosquitto.conf").open("a") as more:
        more.write("listener 8883\n")
    assert network.missing_options(tmp_path, 8883) == ["max_inflight_messages"]


def test_a_push_service_is_reached_or_not() -> None:
    with busy_port() as port:
        (there,) = network.reaching(["localhost", "*.somewhere.example"], port)
    (gone,) = network.reaching(["localhost"], free_port())
    assert (there.level, gone.level) == (Level.GOOD, Level.WARNING)


def test_web_push_without_https_is_a_warning(tmp_path: Path) -> None:
    file = write_shop(tmp_path)
    with file.open("a") as more:
        more.write('[notify]\ncontact = "mailto:it@shop.example"\npush_services = []\n')
    assert about(file, "only over HTTPS").level is Level.WARNING


def test_a_certificate_is_counted_down(tmp_path: Path) -> None:
    file = write_shop(tmp_path)
    assert CliRunner().invoke(app, ["ca", "-c", str(file)]).exit_code == 0
    add(file, "web", 'tls_cert = "tls/web.pem"\ntls_key = "tls/web.key"')
    assert "ends in 81" in about(file, "The pages are served over HTTPS").what
    (tmp_path / "tls" / "web.pem").write_text("nonsense")
    assert about(file, "A certificate cannot be used").level is Level.BAD


def test_secrets_that_others_can_read_are_named(tmp_path: Path) -> None:
    file = write_shop(tmp_path)
    foreign(file, "mqtt://gateway:word@127.0.0.1:1")
    file.chmod(0o644)
    assert about(file, f"can read {file}").mend == f"Run: chmod o= {file}"
    file.chmod(0o600)
    assert about(file, "Only its owner").level is Level.GOOD


def test_a_webhooks_secret_in_the_file_is_one_too(tmp_path: Path) -> None:
    file = write_shop(tmp_path)
    with file.open("a") as more:
        more.write('[[webhook]]\nid = "chat"\nurl = "https://chat.example/hooks/xyz"\n')
        more.write(f'secret = "whsec_{"x" * 32}"\n')
    file.chmod(0o644)
    assert about(file, f"can read {file}").level is Level.WARNING


def test_the_data_folder_is_for_the_gateway_alone(tmp_path: Path) -> None:
    file = write_shop(tmp_path)
    Store(tmp_path / "data").close()
    assert about(file, "Only its owner").level is Level.GOOD


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "ENOUGH_BYTES", 10**18)
    assert next(machine.disk(tmp_path, None)).level is Level.WARNING
    monkeypatch.setattr(machine, "LEAST_BYTES", 10**18)
    assert next(machine.disk(tmp_path, None)).level is Level.BAD


def test_a_slow_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "write_ms", lambda _: 120.0)
    written = [*machine.disk(tmp_path, None)][1]
    assert written.level is Level.WARNING
    assert "120 ms, and every press waits" in written.what


@pytest.mark.parametrize(
    ("measured", "said"), [(120.0, ["every press waits"]), (4.0, ["takes 4.0 ms"]), (None, [])]
)
def test_a_gateway_that_runs_has_measured_its_disk_and_nobody_writes_on_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measured: float | None, said: list[str]
) -> None:
    def write_ms(_: Path) -> float:
        raise AssertionError("measured on a disk that is in use")

    monkeypatch.setattr(storage, "write_ms", write_ms)
    _, *written = machine.disk(tmp_path, Gateway(write_ms=measured))
    assert len(written) == len(said)
    assert all(words in one.what for words, one in zip(said, written, strict=True))


def test_a_write_is_measured_and_leaves_nothing(tmp_path: Path) -> None:
    assert storage.write_ms(tmp_path) > 0
    assert not [*tmp_path.iterdir()]


def newer(folder: Path) -> None:
    """A database that a later version of Overdoor wrote."""
    Store(folder).close()
    with closing(sqlite3.connect(folder / FILE)) as db, db:
        db.execute("INSERT INTO _sqlite_migrations VALUES (99, 'overdoor', 'm_flying', '2030')")


def test_a_database_of_a_newer_version_is_not_opened(tmp_path: Path) -> None:
    newer(tmp_path / "data")
    assert about(write_shop(tmp_path), "was written by a newer Overdoor").level is Level.BAD
    with pytest.raises(StoreError, match="was written by a newer Overdoor"):
        Store(tmp_path / "data")


def test_a_damaged_database_breaks_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(0o700)
    (tmp_path / "data" / FILE).write_bytes(b"garbage" * 1000)
    assert about(write_shop(tmp_path), "The database cannot be used").level is Level.BAD


def test_a_broker_for_devices_says_where_it_takes_them(tmp_path: Path) -> None:
    file = write_shop(tmp_path)
    add(file, "mqtt", 'bind = "0.0.0.0"')
    finding = about(file, "takes devices on 0.0.0.0:")
    assert finding.level is Level.GOOD


def test_a_low_port_is_nobodys_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert about(write_shop(tmp_path, web=443), "can take port 443").level is Level.GOOD

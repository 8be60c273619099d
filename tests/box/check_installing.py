"""A Debian from nothing, with its own systemd, and every word of docs/installing.md. `make box`.

The commands are read out of the page. The box clones what is committed here. Minutes, as root.
"""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.box.machine import HERE, Machine

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/installing.md").read_text()
PYTHON = "/opt/overdoor/.venv/bin/python"
PAGES = f"http://{HERE}:8080"
ANSWERS = "Rose Street\nWomen 3, Men 2\nalways\nEurope/Sofia\nhere\n"
PRESS = """{"v":1,"boot":"0123456789ab","n":1,"low":1,"type":"button","button":"call",
"gesture":"press","age_ms":0}"""
pytestmark = pytest.mark.timeout(1800)


def words(heading: str) -> list[list[str]]:
    """The blocks of commands below a heading of the page."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    typed = [[re.sub(r"\s+# .*", "", line) for line in block.splitlines()] for block in blocks]
    assert typed, heading
    return typed


def follow(box: Machine, lines: list[str], **meant: str) -> str:
    """Types them, in the folder that they name; what the last one printed."""
    folder = said = ""
    for line in lines:
        for word, instead in meant.items():
            line = line.replace(word, instead)  # noqa: PLW2901
        if line.startswith("cd "):
            folder = f"{line} && "
        else:
            answers = ANSWERS if line.endswith("overdoor init") else ""
            said = box.run(folder + line, answers=answers, limit_s=600)
    return said


def calls(box: Machine) -> dict[str, str]:
    """The rooms with an open call, and how it stands."""
    box.until(f"curl -fsS {PAGES}/readyz")
    rooms = json.loads(box.run(f"curl -fsS {PAGES}/api/v1/rooms"))["rooms"]
    return {room["id"]: room["call"]["state"] for room in rooms if room["call"]}


def change(box: Machine, edit: str) -> None:
    """Edits shop.toml, from how it was before the first time, and starts the gateway anew."""
    box.run(
        f"cd /var/lib/overdoor && cp -n shop.toml plain.toml && sed {edit} plain.toml > shop.toml"
        " && overdoor service install && systemctl daemon-reload && systemctl restart overdoor"
    )


def gateway(box: Machine, about: str = "MainPID") -> str:
    return box.run(f"systemctl show -P {about} overdoor").strip()


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source") / "overdoor.git"
    for command in (
        ["init", "-b", "main", "--bare", source],
        ["push", source, "HEAD:refs/heads/main"],
    ):
        subprocess.run(["git", *command], cwd=ROOT, check=True, capture_output=True)
    return source


def machine(root: Path, source: Path) -> Iterator[Machine]:
    box = Machine(root, source)
    try:
        box.build()
        box.start()
        box.run("apt-get update && apt-get install curl jq mosquitto-clients")
        yield box
    finally:
        box.remove()


def press(box: Machine) -> None:
    """As a device: with its own password, until it is receipted."""
    with_ = f"--broker {HERE} --wifi Shop"
    box.run(
        "cd /var/lib/overdoor && OVERDOOR_WIFI_PASSWORD=12345678 sudo -u overdoor "
        f"--preserve-env=OVERDOOR_WIFI_PASSWORD overdoor device add women-1 {with_}"
    )
    box.until("journalctl -u overdoor | grep 'passwords as they are now'")
    device = json.loads((box.root / "var/lib/overdoor/devices/cp-women-1.json").read_text())
    branch = f"overdoor/1/{device['shop']}/device/{device['device']}"
    who = f"-u {device['device']} -P {device['broker']['password']}"
    topics = f"-q 1 -t {branch}/event -e {branch}/receipt"
    assert '"n":1' in box.run(f"mosquitto_rr -h {HERE} {who} {topics} -W 20 -m '{PRESS}'")


@pytest.fixture(scope="module")
def shop(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A shop that runs, as the page says, with one open call."""
    for box in machine(tmp_path_factory.mktemp("box") / "first", source):
        (lines,) = words("From nothing, on Debian 12")
        assert "/join/" in follow(box, lines, ADDRESS="/srv/overdoor.git")
        press(box)
        yield box


@pytest.fixture
def box(shop: Machine) -> Machine:
    """The shop, up and with its call, whatever a test before did."""
    assert calls(shop) == {"women-1": "raised"}
    return shop


def test_its_log_is_read_as_the_page_says_and_nothing_failed(box: Machine) -> None:
    (command,) = re.findall(r"`(journalctl -u overdoor .*?)`", PAGE)
    events = [said["event"] for said in json.loads(box.run(f"{command} | jq -s ."))]
    assert "connected to the broker" in events
    assert "found by mDNS" in events
    assert "0 loaded units" in box.run("systemctl --failed")
    assert "reception only permitted" not in box.run("journalctl -u overdoor")


def test_it_is_locked_as_the_page_says(box: Machine) -> None:
    (said,) = re.findall(r"systemd 252 gives it ([\d.]+) of 10", PAGE)
    assert f"overdoor.service: {said} OK" in box.run("systemd-analyze security overdoor")
    (box.root / "srv/probe.py").write_text((ROOT / "tests/box/probe.py").read_text())
    box.run(
        "touch /tmp/of-another && sed -e 's|^ExecStart=.*|ExecStart=" + PYTHON + " /srv/probe.py|'"
        " -e 's/^Type=.*/Type=oneshot/; /^Restart/d; /^WatchdogSec/d; /^NotifyAccess/d'"
        " /etc/systemd/system/overdoor.service > /etc/systemd/system/probe.service"
    )
    box.run("systemctl daemon-reload && systemctl start probe")
    found = json.loads(box.run("journalctl -u probe -o cat | grep '^{' | tail -1"))
    assert [name for name, possible in found["locked"].items() if possible] == []
    assert [name for name, possible in found["open"].items() if not possible] == []


def test_a_reload_keeps_the_gateway_and_its_call(box: Machine) -> None:
    before = gateway(box)
    box.run('sed -i \'s/name = "Men 1"/name = "The corner"/\' /var/lib/overdoor/shop.toml')
    box.run("systemctl reload overdoor")
    box.until(f"curl -fsS {PAGES}/api/v1/rooms | grep 'The corner'")
    assert calls(box) == {"women-1": "raised"}
    assert gateway(box) == before


@pytest.mark.parametrize(("signal", "within_s"), [("STOP", 60), ("KILL", 25)])
def test_one_that_hangs_or_dies_is_started_again_with_its_call(
    box: Machine, signal: str, within_s: float
) -> None:
    before = gateway(box)
    box.run(f"kill -{signal} {before}")
    took = box.until(f"test $(systemctl show -P MainPID overdoor) -ne {before}")
    took += box.until("systemctl is-active overdoor")
    print(f"\n{signal}: up again after {took:.0f} s")
    assert took < within_s
    assert calls(box) == {"women-1": "raised"}


def test_after_a_reboot_it_is_there_by_itself(box: Machine) -> None:
    box.reboot()
    assert calls(box) == {"women-1": "raised"}


def test_one_whose_shop_another_took_is_not_started_again(box: Machine) -> None:
    box.run("systemd-run --unit=street mosquitto -p 1884")
    change(box, "-e 's|^url = .*|url = \"mqtt://127.0.0.1:1884\"|' -e '/^bind = \"0.0.0.0\"/d'")
    box.run("cp -a /var/lib/overdoor /srv/other")
    web = "-E OVERDOOR_WEB__BIND=127.0.0.1:8082"
    box.run(f"systemd-run --unit=other --uid=overdoor {web} overdoor run -c /srv/other/shop.toml")
    box.until("systemctl is-failed overdoor")
    time.sleep(5)  # more than RestartSec
    assert (gateway(box, "ActiveState"), gateway(box, "ExecMainStatus")) == ("failed", "3")
    box.run("systemctl stop other street")
    change(box, "''")


def test_it_takes_port_443_with_a_certificate_of_its_own(box: Machine) -> None:
    box.run("cd /var/lib/overdoor && sudo -u overdoor overdoor ca")
    lines = 'tls_cert = "tls/web.pem"\\ntls_key = "tls/web.key"'
    change(box, f"-e 's/:8080/:443/' -e '/^mdns/a {lines}'")
    page = f"--resolve overdoor.local:443:{HERE} https://overdoor.local/readyz"
    box.until(f"curl -fsS --cacert /var/lib/overdoor/tls/ca.pem {page}")
    change(box, "''")


def test_the_backup_of_the_night_brings_the_shop_back_on_another_machine(
    box: Machine, source: Path, tmp_path: Path
) -> None:
    follow(box, *words("A backup each night"))
    assert "overdoor-backup.service" in box.run("systemctl list-timers")
    (kept,) = (box.root / "var/backups/overdoor").iterdir()
    install, (restore,) = words("From nothing, on Debian 12")[0], words("On another machine")
    at = next(at for at, line in enumerate(install) if line.endswith("overdoor init"))
    for second in machine(tmp_path / "second", source):
        (second.root / "srv/shop.overdoor").write_bytes(kept.read_bytes())
        lines = install[:at] + restore + install[at + 1 : -1]
        follow(second, lines, ADDRESS="/srv/overdoor.git", BACKUP="/srv/shop.overdoor")
        assert calls(second) == {"women-1": "raised"}


def test_upgrade_and_back(box: Machine, source: Path, tmp_path: Path) -> None:
    upgrade, back = words("Upgrade, and back")
    new = "gateway/overdoor/new.py"
    old = box.run("git -C /opt/overdoor rev-parse HEAD").strip()
    for command in (
        f"git clone -q {source} . && echo > {new} && git add {new}",
        "git -c user.name=x -c user.email=x@localhost commit -qm newer && git push -q",
    ):
        subprocess.run(command, shell=True, check=True, cwd=tmp_path)
    follow(box, upgrade)
    box.run(f"{PYTHON} -c 'import overdoor.new'")
    assert calls(box) == {"women-1": "raised"}
    follow(box, back, VERSION=old)
    assert "No module" in box.run(f"{PYTHON} -c 'import overdoor.new' 2>&1 || true")
    assert calls(box) == {"women-1": "raised"}

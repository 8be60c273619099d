"""A minimal Debian that runs its own systemd, in a container with a network of its own.

It reaches out through slirp4netns and is reached by nobody. Tried on a machine without systemd.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

DEBIAN = "bookworm"
HERE = "10.0.2.100"  # its own address, as slirp4netns gives it
LIMIT_S = 120.0
_AGAIN = 133  # how nspawn ends when the box reboots, if it does not start it again by itself
_HAS = "systemd-sysv,dbus,sudo,adduser,ca-certificates"
_CGROUPS = [Path("/sys/fs/cgroup", name) for name in ("systemd", "unified")]
# Without a systemd outside, nspawn wants a /run that is on no disk, and groups to itself.
_BOOT = """
if [ ! -d /run/systemd/system ]; then
  mkdir -p /run/systemd && mount -t tmpfs tmpfs /run/systemd
  for group in {groups}; do mkdir -p $group && echo $$ > $group/cgroup.procs; done
  set -- --register=no --keep-unit
fi
exec systemd-nspawn "$@" --quiet --boot --console=read-only --machine={name} --hostname=box \
  --directory={root} --network-namespace-path=/run/netns/{name} --bind-ro={source}:/srv/overdoor.git
"""
_CLEAN = ["env", "-i", "HOME=/root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Machine:
    """A box. `root`: where its files are; `source`: the bare repository that it clones."""

    def __init__(self, root: Path, source: Path) -> None:
        self.root = root
        self._name = f"overdoor-{root.name}"
        self._source = source
        self._running: list[subprocess.Popen[bytes]] = []

    def build(self) -> None:
        """Debian from its mirror. What pip is told on this machine, it is told in the box."""
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={_HAS}", DEBIAN]
        subprocess.run([*command, self.root], check=True, timeout=900)
        pip = "[global]\n"
        if certificates := os.environ.get("PIP_CERT"):
            shutil.copy(certificates, self.root / "etc/pip.pem")
            pip += "cert = /etc/pip.pem\n"
        if index := os.environ.get("PIP_INDEX_URL"):
            pip += f"index-url = {index}\n"
        files = {
            "pip.conf": pip,
            "resolv.conf": "nameserver 10.0.2.3\n",
            "hostname": "box\n",
            "hosts": "127.0.0.1 localhost box\n",
            "apt/apt.conf.d/90yes": 'APT::Get::Assume-Yes "true";\n',
        }
        for name, text in files.items():
            (self.root / "etc" / name).unlink(missing_ok=True)
            (self.root / "etc" / name).write_text(text)

    def start(self) -> None:
        subprocess.run(["ip", "netns", "add", self._name], check=True)
        network = ["slirp4netns", "--configure", "--disable-host-loopback", "--mtu=1400"]
        network += ["--netns-type=path", f"/run/netns/{self._name}", "tap0"]
        self._spawn(network)
        self._boot()

    def reboot(self) -> None:
        before, ends = self._first(), time.monotonic() + LIMIT_S
        self._shell("systemctl reboot", "", LIMIT_S)
        while self._first() in ("0", before):
            assert time.monotonic() < ends, "it did not come back"
            if self._running[-1].poll() == _AGAIN:
                self._running.pop()
                self._boot()
            time.sleep(0.2)
        self._until_up()

    def remove(self) -> None:
        """Ends it, with its network and its groups, and removes its files."""
        for process in reversed(self._running):
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._running:
            subprocess.run(["ip", "netns", "delete", self._name], check=True)
        for group in (group / self._name for group in _CGROUPS):
            for folder in sorted(group.rglob("*/"), reverse=True):
                folder.rmdir()
            if group.exists():
                group.rmdir()
        if self.root.exists():
            subprocess.run(["rm", "-rf", "--one-file-system", self.root], check=True)

    def run(self, script: str, *, answers: str = "", limit_s: float = LIMIT_S) -> str:
        """What a shell of root in it printed. Raises `AssertionError` if it failed."""
        tried = self._shell(script, answers, limit_s)
        assert tried.returncode == 0, f"{script}\n{tried.stdout}\n{tried.stderr}"
        return tried.stdout

    def until(self, script: str, limit_s: float = LIMIT_S) -> float:
        """Seconds until the script succeeded. Raises `AssertionError` if it never did."""
        began = time.monotonic()
        while (tried := self._shell(script, "", limit_s)).returncode != 0:
            took = time.monotonic() - began
            assert took < limit_s, f"never: {script}\n{tried.stdout}\n{tried.stderr}"
            time.sleep(0.2)
        return time.monotonic() - began

    def _boot(self) -> None:
        groups = " ".join(str(group / self._name) for group in _CGROUPS)
        boot = _BOOT.format(name=self._name, root=self.root, source=self._source, groups=groups)
        self._spawn(["unshare", "--mount", "sh", "-ec", boot])
        self._until_up()

    def _spawn(self, command: list[str]) -> None:
        quiet = subprocess.DEVNULL
        self._running.append(subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet))

    def _until_up(self) -> None:
        self.until("systemctl is-system-running | grep -E 'running|degraded'")

    def _shell(self, script: str, answers: str, limit_s: float) -> subprocess.CompletedProcess[str]:
        enter = ["nsenter", "--target", self._first(), "--all", *_CLEAN, _PATH]
        return subprocess.run(
            [*enter, "bash", "-ec", script],
            input=answers,
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )

    def _first(self) -> str:
        """The process that is number 1 in there; 0 while there is none."""
        pid = self._running[-1].pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return children[0] if children else "0"

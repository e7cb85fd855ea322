"""One systemd-nspawn per machine: its control group, its mount namespace, its first process.

The overlay is mounted in a mount namespace that only the container manager holds, and everything runs in a
control group of its own: when the group is killed nothing is left on the host, however the run ended.
"""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

# systemd-nspawn's own exit status after a reboot asked for from inside (systemd-nspawn(1), "Exit status").
REBOOT_STATUS = 133

# $1 lower, $2 state directory, $3 cgroup.procs, then the command. /run/systemd/nspawn must be a mount point
# of its own where PID 1 is not systemd; in the private namespace it does no harm where it is.
LAUNCH = """set -e
echo $$ >"$3"
lower=$1 state=$2; shift 3
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$state/upper,workdir=$state/work" "$state/root"
mkdir -p /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
exec "$@"
"""


@dataclass(frozen=True)
class Group:
    """A control group directly below the root of the unified hierarchy."""

    name: str

    @property
    def path(self) -> Path:
        """Its directory; raises RuntimeError where cgroup v2 is mounted nowhere."""
        for line in Path("/proc/self/mountinfo").read_text().splitlines():
            fields, _, tail = line.partition(" - ")
            if tail.startswith("cgroup2 "):
                return Path(fields.split()[4]) / self.name
        raise RuntimeError("no cgroup v2 hierarchy is mounted on this host; test machines need one")

    def populated(self) -> bool:
        """Whether any live process is in it or below it."""
        try:
            return "populated 1" in (self.path / "cgroup.events").read_text()
        except FileNotFoundError:
            return False

    def make(self) -> Path:
        """Create it; returns the file that takes a process in."""
        self.path.mkdir(exist_ok=True)
        return self.path / "cgroup.procs"

    def kill(self, timeout: float = 20) -> None:
        """SIGKILL everything in it (cgroup.kill: kernel 5.14 and later), wait, remove it."""
        if not self.path.is_dir():
            return
        (self.path / "cgroup.kill").write_text("1")
        self.wait_empty(timeout)
        for directory, _, _ in os.walk(self.path, topdown=False):
            Path(directory).rmdir()

    def wait_empty(self, timeout: float) -> None:
        """Return when nothing lives in it; raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while self.populated():
            if time.monotonic() > deadline:
                raise TimeoutError(f"processes of {self.name} still live after {timeout:.0f} s")
            time.sleep(0.02)


def launch(name: str, lower: Path, state: Path, group: Group) -> subprocess.Popen[bytes]:
    """Start the container manager; the machine's console goes to STATE/console.log."""
    spawn = [
        "systemd-nspawn",
        "--quiet",
        "--register=no",
        "--keep-unit",
        f"--directory={state / 'root'}",
        f"--machine={name}",
        f"--hostname={name}",
        "--bind=/dev/fuse",
        f"--bind-ro={state / 'share'}:/srv/share",
        "--private-network",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--console=read-only",
        "--boot",
    ]
    shell = ["unshare", "--mount", "sh", "-c", LAUNCH, "launch", str(lower), str(state), str(group.make())]
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    with (state / "console.log").open("ab") as console:
        return subprocess.Popen(
            [*shell, *spawn],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            env={"PATH": path, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            start_new_session=True,
        )


def leader_of(manager: int) -> int | None:
    """The machine's PID 1 as this host numbers it: the manager's child that is first in its own namespace."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields.get("PPid") == str(manager) and fields.get("NSpid", "").split()[1:] == ["1"]:
            return int(fields["Pid"])
    return None


def start_time(pid: int) -> str | None:
    """When that process began, in kernel ticks: with the pid it names one process for ever; None if gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *rest = text.rpartition(")")[2].split()
    return None if state in "ZX" else rest[18]

"""A booted Debian machine: made, booted, rebooted, cut off from power, destroyed.

Its state lies in CACHE/machines/NAME: `upper` is its disk, `share` is seen inside as /srv/share (read-only),
`owner.json` names the process it belongs to. A machine whose owner died is swept away by the next one made,
unless it was kept on purpose.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar

from tests.machine import nspawn
from tests.machine.cache import cache_dir, locked, say
from tests.machine.kit import Kit
from tests.machine.rootfs import SUITES, rootfs

BOOT_LIMIT = 60.0


class Machine(Kit):
    """One machine. `create` makes it, `attach` finds one that another process keeps; a context manager."""

    live: ClassVar[dict[str, Machine]] = {}

    def __init__(self, name: str, release: str, state: Path, packages: Sequence[str] = ()) -> None:
        self.name = name
        self.release = release
        self.packages = tuple(packages)
        self.state = state
        self.failed_units: tuple[str, ...] = ()
        self._group = nspawn.Group(f"s3mountd-{name}")
        self._manager: subprocess.Popen[bytes] | None = None

    @classmethod
    def create(cls, release: str, name: str | None = None, packages: Sequence[str] = ()) -> Machine:
        """A new machine of Debian `release` ("12", "13"), not booted yet; with these packages besides the usual ones.

        Raises ValueError for a bad name or release, FileExistsError when a living machine has that name.
        """
        name = name or f"deb{release}-{uuid.uuid4().hex[:6]}"
        if release not in SUITES or not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,40}", name):
            raise ValueError(f"cannot make a machine {name!r} of Debian {release!r}")
        rootfs(release, packages)
        with locked("machines"):
            sweep()
            state = machines_dir() / name
            if state.exists():
                raise FileExistsError(f"a machine {name} is there already")
            for part in ("upper/etc", "work", "root", "share"):
                (state / part).mkdir(parents=True)
            machine = cls(name, release, state, packages)
            machine._record(kept=False)
        (state / "upper/etc/machine-id").write_text(uuid.uuid4().hex + "\n")
        (state / "upper/etc/hostname").write_text(name + "\n")
        cls.live[name] = machine
        return machine

    @classmethod
    def attach(cls, name: str) -> Machine:
        """A machine made by another process, booted or not; raises FileNotFoundError."""
        state = machines_dir() / name
        facts = json.loads((state / "owner.json").read_text())
        machine = cls(name, facts["release"], state, facts.get("packages", ()))
        if facts["leader"] and nspawn.start_time(facts["leader"]) == facts["leader_start"]:
            machine.leader = facts["leader"]
        return machine

    def keep(self) -> None:
        """Leave it running when this process ends; `python3 -m tests.machine destroy NAME` removes it."""
        self._record(kept=True)
        Machine.live.pop(self.name, None)

    @property
    def kept(self) -> bool:
        """Whether `keep` was asked for."""
        return bool(json.loads((self.state / "owner.json").read_text())["kept"])

    def boot(self) -> None:
        """Start and wait until systemd says running or degraded; the failed units are in `failed_units`.

        Raises RuntimeError with the console's last lines when it does not come up.
        """
        if self._group.populated():
            raise RuntimeError(f"machine {self.name} runs already")
        self._manager = nspawn.launch(self.name, rootfs(self.release, self.packages), self.state, self._group)
        try:
            self._await_boot(time.monotonic() + BOOT_LIMIT)
        except Exception:
            self.power_cut()
            raise
        self._record(kept=self.kept)

    def reboot(self) -> None:
        """`systemctl reboot` inside, then boot again; raises RuntimeError if it ended otherwise."""
        self._leave(["systemctl", "reboot"], nspawn.REBOOT_STATUS)
        self.boot()

    def shutdown(self) -> None:
        """`systemctl poweroff` inside; returns when the machine is off. `boot` starts it again."""
        self._leave(["systemctl", "poweroff"], 0)

    def power_cut(self) -> None:
        """SIGKILL to everything of the machine at once; its disk stays as it is and `boot` works again."""
        self._group.kill()
        if self._manager is not None:
            self._manager.wait(10)
        self._manager = self.leader = None

    def destroy(self) -> None:
        """Power cut, then remove all its state; may be called at any time and twice."""
        Machine.live.pop(self.name, None)
        self.power_cut()
        shutil.rmtree(self.state, ignore_errors=True)

    def console(self, lines: int = 30) -> str:
        """The last lines of the console."""
        path = self.state / "console.log"
        text = path.read_text(errors="replace") if path.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def __enter__(self) -> Machine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.destroy()

    def _await_boot(self, deadline: float) -> None:
        answer = ""
        while answer not in ("running", "degraded"):
            if self._manager is None or self._manager.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"machine {self.name} did not boot ({answer})\n{self.console()}")
            if self.leader is None:
                self.leader = nspawn.leader_of(self._manager.pid)
            elif self.run(["test", "-S", "/run/systemd/private"], check=False).returncode == 0:
                left = max(1.0, deadline - time.monotonic())
                answer = self.run(
                    ["systemctl", "is-system-running", "--wait"], check=False, timeout=left
                ).stdout.strip()
            time.sleep(0.02)
        listing = self.run(["systemctl", "list-units", "--failed", "--plain", "--no-legend"]).stdout
        self.failed_units = tuple(line.split()[0] for line in listing.splitlines())
        if self.failed_units:
            say(f"{self.name} is degraded: {', '.join(self.failed_units)}")

    def _leave(self, command: list[str], status: int) -> None:
        # Its own connection to PID 1 may break before systemctl has said goodbye.
        self.run(command, check=False)
        self._group.wait_empty(BOOT_LIMIT * 2)
        got = self._manager.wait(10) if self._manager is not None else status
        self.power_cut()
        if got != status:
            raise RuntimeError(f"{self.name}: {command[1]} ended with {got}, not {status}\n{self.console()}")

    def _record(self, kept: bool) -> None:
        facts = {
            "release": self.release,
            "packages": self.packages,
            "kept": kept,
            "pid": os.getpid(),
            "start": nspawn.start_time(os.getpid()),
            "leader": self.leader,
            "leader_start": self.leader and nspawn.start_time(self.leader),
        }
        draft = self.state / "owner.json.new"
        draft.write_text(json.dumps(facts))
        draft.rename(self.state / "owner.json")


def machines_dir() -> Path:
    """Where the state of all machines of this host lies."""
    return cache_dir() / "machines"


def sweep() -> None:
    """Destroy what killed runs left behind; kept machines stay. The caller holds the lock "machines"."""
    for state in sorted(machines_dir().glob("*")):
        try:
            facts = json.loads((state / "owner.json").read_text())
        except FileNotFoundError:
            facts = {"kept": False, "pid": 0, "start": "", "release": "12"}
        if not facts["kept"] and nspawn.start_time(facts["pid"]) != facts["start"]:
            say(f"removing the machine {state.name} of a run that is gone")
            Machine(state.name, facts["release"], state).destroy()

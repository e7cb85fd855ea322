"""A private bus that stands in for the system bus, and the real client on it in its own process."""

import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ROOT / "tests/unit/cli/documents"
PYTHON = "/usr/bin/python3"
"""Debian's own, which has gi; the one that runs the tests may be another."""


@dataclass
class Ran:
    """What a run of s3mountctl left."""

    status: int
    out: str
    err: str
    seconds: float


@dataclass
class Bus:
    """Addresses the private bus; runs things on it."""

    address: str
    compiled: str
    daemon: "subprocess.Popen[str]"
    children: list["subprocess.Popen[str]"] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """For every process on this bus."""
        # Compiled, as the package is; a cache of its own keeps the tree clean.
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**inherited, "DBUS_SYSTEM_BUS_ADDRESS": self.address, "PYTHONPATH": str(ROOT), "TZ": "UTC",
                "PYTHONPYCACHEPREFIX": self.compiled}

    def manager(self, status: str, *words: str) -> "subprocess.Popen[str]":
        """Start the fake daemon on a canned status document; returns once it answers."""
        script = Path(__file__).with_name("fake_manager.py")
        child = subprocess.Popen([PYTHON, script, DOCUMENTS / f"{status}.json", *words], env=self.environment,
                                 stdout=subprocess.PIPE, text=True)
        self.children.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        return child

    def popen(self, *words: str) -> "subprocess.Popen[str]":
        """Start s3mountctl and leave it running."""
        child = subprocess.Popen([PYTHON, "-m", "mountd.cli.main", *words], env=self.environment, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.children.append(child)
        return child

    def ctl(self, *words: str) -> Ran:
        """Run s3mountctl to its end."""
        began = time.monotonic()
        child = self.popen(*words)
        out, err = child.communicate(timeout=60)
        return Ran(child.returncode, out, err, time.monotonic() - began)


def asked(manager: "subprocess.Popen[str]") -> None:
    """Returns once somebody has been told the fake daemon's status."""
    assert manager.stdout is not None
    assert manager.stdout.readline() == "asked\n"


def document(name: str) -> str:
    """The text of a canned document."""
    return (DOCUMENTS / f"{name}.json").read_text(encoding="utf-8")

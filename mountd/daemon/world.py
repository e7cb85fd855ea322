"""What the keepers of mounts share: the adapters to the world, and the two clocks."""

import time
from dataclasses import dataclass, field

from mountd.daemon.diagnosis import Diagnoses
from mountd.daemon.history import Chronicle
from mountd.system.binary import Binary
from mountd.system.fusectl import FuseControl
from mountd.system.mounts import MountTable
from mountd.system.probe import Helper
from mountd.system.s3.link import Stores
from mountd.system.systemd import Systemd
from mountd.system.waiting import Waiting

_BUSY = 3.0
"""Seconds that a start may keep this machine busy."""


@dataclass(frozen=True)
class World:
    """One of each adapter."""

    systemd: Systemd
    table: MountTable
    fusectl: FuseControl
    helper: Helper
    binary: Binary
    stores: Stores
    diagnoses: Diagnoses
    chronicle: Chronicle
    beneath: bool
    """Can the kernel slip a mount beneath another?"""
    inherited: tuple[Waiting, ...] = ()
    """Ends of mounts at which callers wait, left by an earlier daemon."""
    stagings: dict[str, float] = field(default_factory=dict)
    """Units of all mounts that are being brought up, and since when (monotonic seconds)."""
    generations: dict[str, int] = field(default_factory=dict)

    def is_busy(self) -> bool:
        """Is a worker being brought up just now? One that takes long waits for its store, not for this machine."""
        return any(self.now() - since < _BUSY for since in self.stagings.values())

    def next_generation(self, name: str) -> int:
        """A number that no worker of that mount has had, on whichever folder it was."""
        self.generations[name] = self.generations.get(name, 0) + 1
        return self.generations[name]

    def has_generation(self, name: str, generation: int) -> None:
        """A worker with that number is there."""
        self.generations[name] = max(self.generations.get(name, 0), generation)

    def now(self) -> float:
        """Monotonic seconds: for deadlines."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since the epoch: for people."""
        return time.time()

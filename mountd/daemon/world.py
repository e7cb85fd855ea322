"""What the keepers of mounts share: the adapters to the world, and the two clocks."""

import os
import time
from dataclasses import dataclass, field

from mountd.core.shares import share
from mountd.daemon.callers import Callers
from mountd.daemon.diagnosis import Diagnoses
from mountd.daemon.history import Chronicle
from mountd.daemon.outages import Outages
from mountd.daemon.sizes import Sizes
from mountd.daemon.vault import Vault
from mountd.daemon.writes import Writes
from mountd.system.binary import Binary
from mountd.system.fusectl import FuseControl
from mountd.system.mounts import MountTable
from mountd.system.probe import Helper
from mountd.system.s3.link import Stores
from mountd.system.systemd import Systemd
from mountd.system.waiting import Waiting
from mountd.words.model import Mount

_BUSY = 3.0
"""Seconds that a start may keep this machine busy."""


@dataclass
class Split:
    """Among how many mounts the memory of the machine is divided."""

    mounts: int = 1
    total: int = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    """MiB."""

    def of(self, mount: Mount) -> int:
        """MiB that its worker should plan with."""
        return share(self.total, self.mounts, mount.memory_high, mount.memory_max)


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
    outages: Outages
    writes: Writes
    beneath: bool
    """Can the kernel slip a mount beneath another?"""
    callers: Callers
    vault: Vault
    inherited: tuple[Waiting, ...] = ()
    """Ends of mounts at which callers wait, left by an earlier daemon."""
    sizes: Sizes = field(default_factory=Sizes)
    split: Split = field(default_factory=Split)
    caches: set[str] = field(default_factory=set)
    """Cache folders of the workers of all mounts."""
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

    def slept(self) -> float:
        """Seconds that the machine has slept so far: ``now`` stands still then (clock_gettime(2))."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()

    def wall(self) -> float:
        """Seconds since the epoch: for people."""
        return time.time()

"""What the keepers of mounts share: the adapters to the world, and the two clocks."""

import time
from dataclasses import dataclass

from mountd.system.binary import Binary
from mountd.system.mounts import MountTable
from mountd.system.probe import Helper
from mountd.system.systemd import Systemd


@dataclass(frozen=True)
class World:
    """One of each adapter."""

    systemd: Systemd
    table: MountTable
    helper: Helper
    binary: Binary
    beneath: bool
    """Can the kernel slip a mount beneath another?"""

    def now(self) -> float:
        """Monotonic seconds: for deadlines."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since the epoch: for people."""
        return time.time()

"""What can lie on a folder."""

from dataclasses import dataclass
from enum import Enum


class Kind(str, Enum):
    """Whose a mount on the folder is, and what it does to callers."""

    LIVE = "live"
    """A mount made for a worker; dead when its worker is gone, and then a guard by itself (ENOTCONN)."""
    WAITING = "wait"
    """A mount made for a worker that nobody serves yet: callers wait. The mount table shows it like a live one; only
    the one who holds its server's end knows."""
    ERROR_GUARD = "error"
    EMPTY_GUARD = "empty"
    FOREIGN = "foreign"


@dataclass(frozen=True)
class Layer:
    """One mount on a folder."""

    kind: Kind
    connection: int
    """The device's minor number; for FUSE the connection's."""
    mount_id: int
    description: str
    """Type and source, for people."""

    @property
    def source(self) -> str:
        """What is mounted there, ``s3://bucket/prefix`` of a worker's mount."""
        return self.description.partition(" ")[2]

    @property
    def ours(self) -> bool:
        """Made by s3mountd?"""
        return self.kind is not Kind.FOREIGN

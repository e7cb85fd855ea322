"""Mounts that make callers wait: FUSE mounts of which the daemon holds the server's end and nobody reads it.

Callers block and can be killed: the kernel has them wait for the INIT exchange, killable (fs/fuse/dev.c,
``fuse_get_req``; seen on 6.18). mount-s3 asks S3 before it reads its first request, so a worker that is given the
descriptor and fails on S3 leaves the mount as it was, with its callers (1.24).
"""

import os
import re
import select
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mountd.core.layers import Kind, Layer
from mountd.system import fuse, notify, syscalls
from mountd.words.errors import MountdError

_STORED = re.compile(r"wait-(\d+)-(ro|rw)")


@dataclass(frozen=True)
class Waiting:
    """The server's end of such a mount. The descriptor belongs to whoever holds this."""

    fuse_fd: int
    connection: int
    read_only: bool

    @property
    def stored_name(self) -> str:
        """What it is called in the service manager's store."""
        return f"wait-{self.connection}-{'ro' if self.read_only else 'rw'}"


def untouched(waiting: Waiting) -> bool:
    """Has nobody read the first request (INIT)? A worker that did, and then died, has spoilt the mount for others."""
    poll = select.poll()
    poll.register(waiting.fuse_fd, select.POLLIN)
    return any(events == select.POLLIN for _, events in poll.poll(0))


def place(name: str, source: str, folder: str, layers: Sequence[Layer], *, read_only: bool, beneath: bool) -> Waiting:
    """Have a new one on the folder in place of the uppermost of ``layers``; the caller holds it.

    Kernels that cannot slip a mount beneath another get an ``error`` guard below it first, for when it is exchanged.
    Raises MountdError.
    """
    if not layers and not beneath:
        fuse.place_guard(name, folder, Kind.ERROR_GUARD, layers, beneath=beneath)
    return _bring(source, read_only, lambda mount_fd: fuse.swap_in(mount_fd, folder, layers, beneath=beneath))


def slip_beneath(source: str, folder: str, *, read_only: bool) -> Waiting:
    """Have a new one beneath what is on the folder; the caller holds it. Raises MountdError, OSError."""
    return _bring(source, read_only, lambda mount_fd: syscalls.move_mount(mount_fd, folder, beneath=True))


def _bring(source: str, read_only: bool, attach: Callable[[int], None]) -> Waiting:
    staged = fuse.stage(source, read_only=read_only)
    try:
        attach(staged.mount_fd)
    except (OSError, MountdError):
        os.close(staged.fuse_fd)
        raise
    finally:
        os.close(staged.mount_fd)
    return Waiting(staged.fuse_fd, staged.connection, read_only)


def store(waiting: Waiting) -> None:
    """Have the service manager keep a copy for the next daemon."""
    notify.keep_descriptor(waiting.fuse_fd, waiting.stored_name)


def release(waiting: Waiting) -> None:
    """Close it, here and in the store: from then on the mount is a worker's, or dead."""
    notify.drop_descriptor(waiting.stored_name)
    os.close(waiting.fuse_fd)


def inherited(descriptors: Mapping[int, str]) -> list[Waiting]:
    """Those among the descriptors, with their names, that an earlier daemon left."""
    found = ((number, _STORED.fullmatch(name)) for number, name in descriptors.items())
    return [Waiting(number, int(match[1]), match[2] == "ro") for number, match in found if match]

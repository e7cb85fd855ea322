"""Mounting by file descriptor, as the daemon does it: open /dev/fuse, mount(2), hand the fd over."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_NOSUID_NODEV = 2 | 4
_MNT_DETACH = 2


def mount(folder: Path, source: str = "s3://test", flags: int = 0) -> int:
    """Mounts a FUSE file system that nobody serves yet on `folder`; returns the open device.

    `flags` is added to nosuid and nodev (1 is read-only). The mount allows other users and lets the
    kernel check permissions. Raises OSError. Needs root.
    """
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions"
    done = _libc.mount(
        source.encode(),
        bytes(folder),
        b"fuse.mount-s3",
        ctypes.c_ulong(_NOSUID_NODEV | flags),
        options.encode(),
    )
    if done != 0:
        error = ctypes.get_errno()
        os.close(device)
        raise OSError(error, os.strerror(error), str(folder))
    return device


def detach(folder: Path) -> None:
    """Detaches whatever is mounted on `folder`, also when it is dead or busy; nothing there is fine."""
    while mounted(folder):
        if _libc.umount2(bytes(folder), _MNT_DETACH) != 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error), str(folder))


def mounted(folder: Path) -> bool:
    """Whether mountinfo lists a mount at exactly this path; never touches the mount itself."""
    with Path("/proc/self/mountinfo").open(encoding="utf-8", errors="surrogateescape") as table:
        return any(line.split(" ")[4] == str(folder) for line in table)


def wait_until(condition: Callable[[], bool], limit: float, what: str) -> None:
    """Calls `condition` every 20 ms until it is true; AssertionError naming `what` after `limit` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"after {limit} s still not: {what}"
        time.sleep(0.02)

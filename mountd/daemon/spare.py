"""The spare: a worker's unit that waits in its sandbox, so that the next crash costs only mount-s3's own start.

Setting up the sandbox takes systemd about as long as mount-s3 takes to start (bench). A spare costs one waiting shell.
It is made when the mount serves and nobody else is starting, and vanishes with the daemon that made it.
"""

import contextlib
import os
import socket
from dataclasses import replace

from mountd.core.memory import Spare, Staging
from mountd.daemon.kept import Kept
from mountd.daemon.launch import launch
from mountd.words.errors import MountdError

_POLITE = 0.5
"""Seconds after which a spare asks again whether somebody is starting in earnest."""
_AFTER_FAILURE = 60.0


def stage(kept: Kept) -> bool:
    """Start the spare, unless mounts are being brought up just now."""
    if kept.world.stagings:
        kept.memory = replace(kept.memory, spare_due=kept.world.now() + _POLITE)
        return True
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with theirs:
            launched = launch(kept, lambda unit, _text: lost(kept, unit), theirs.fileno())
    except MountdError:
        # The mount serves: that it has no spare is no failure of it.
        ours.close()
        kept.memory = replace(kept.memory, spare_due=kept.world.now() + _AFTER_FAILURE)
        return True
    if launched is None:
        ours.close()
        return False
    kept.spare_mount, kept.spare_line = launched.mount_fd, ours
    kept.memory = replace(kept.memory, spare=Spare(launched.worker.unit, kept.digest))
    return True


def use(kept: Kept) -> str:
    """Tell the spare to begin: it is the staged worker now. Its unit."""
    spare, line = kept.memory.spare, kept.spare_line
    if spare is None or line is None:
        raise AssertionError("there is no spare to use")
    kept.memory = replace(kept.memory, spare=None, spare_due=None)
    kept.staged_mount, kept.spare_mount, kept.spare_line = kept.spare_mount, None, None
    # If it is ending at this moment, that will be heard of as any other end.
    with line, contextlib.suppress(OSError):
        line.send(b"go\n")
    staging = Staging(spare.unit, spare.digest, kept.world.now(), was_spare=True)
    kept.memory = replace(kept.memory, staging=staging)
    kept.world.stagings.add(spare.unit)
    return spare.unit


def drop(kept: Kept) -> bool:
    """Let the spare go: it ends by itself when its line is closed."""
    kept.memory = replace(kept.memory, spare=None)
    if kept.spare_line is not None:
        kept.spare_line.close()
    if kept.spare_mount is not None:
        os.close(kept.spare_mount)
    kept.spare_line = kept.spare_mount = None
    return True


def lost(kept: Kept, unit: str) -> None:
    """The spare's unit has ended, or was never taken."""
    kept.workers.pop(unit, None)
    if kept.is_spare(unit):
        drop(kept)
        kept.memory = replace(kept.memory, spare_due=kept.world.now() + _AFTER_FAILURE)
        kept.wake()

"""The spare: a second worker for the next crash.

Usually a unit that waits in its sandbox, which systemd sets up about as long as mount-s3 starts (bench): it costs one
waiting shell. With ``standby = true`` a worker that has begun and has answered, on a mount that is nowhere in the tree:
it costs what a worker costs, and only has to be swapped in. Either is made when the mount serves and nobody else is
starting, and vanishes with the daemon that made it.
"""

import contextlib
import os
import socket
from dataclasses import replace
from random import random

from gi.repository import GLib

from mountd.core import backoff
from mountd.core.memory import Spare, Staging
from mountd.core.messages import Cause
from mountd.core.status import Standby
from mountd.daemon.announce import no_standby
from mountd.daemon.kept import Kept
from mountd.daemon.launch import await_answer, launch
from mountd.system.probe import Answer
from mountd.words.errors import MountdError

_POLITE = 0.5
"""Seconds after which a spare asks again whether somebody is starting in earnest."""
_AFTER_FAILURE = 60.0
_FASTEST = 1.0
"""Seconds that pass between two standbys, however kind the delays of the fault's class are."""
_PROVEN = 60.0
"""A standby that stood ready this long was a good one: its end is a first one again. Seconds."""
_MEASURED_EVERY = 60


def stage(kept: Kept) -> bool:
    """Start the spare, unless mounts are being brought up just now."""
    mount, prepared = kept.mount, kept.memory.prepared
    unready = (mount is not None and prepared is not None and prepared.keys.by_broker
               and not kept.world.vault.is_ready(mount, prepared.keys, waits=False))
    if kept.world.is_busy() or unready:
        kept.memory = replace(kept.memory, spare_due=kept.world.now() + _POLITE)
        return True
    hot = mount is not None and mount.standby
    try:
        return _stage_hot(kept) if hot else _stage_cold(kept)
    # The mount serves: that it has no spare is no failure of it.
    except MountdError as error:
        put_off(kept, Cause(error.fault.code, error.detail))
    except OSError as error:
        put_off(kept, Cause("host-refused", str(error.strerror)))
    return True


def _stage_hot(kept: Kept) -> bool:
    launched = launch(kept, lambda unit, text: lost(kept, unit, Cause("host-refused", text)))
    if launched is None:
        return False
    kept.spare_mount, kept.spare_memory = launched.mount_fd, None
    unit = launched.worker.unit
    kept.memory = replace(kept.memory, spare=Spare(unit, kept.digest, hot=True, since=kept.world.now()))
    await_answer(kept, unit, launched.mount_fd, lambda: measure(kept, unit))
    return True


def _stage_cold(kept: Kept) -> bool:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    launched = None
    try:
        with theirs:
            launched = launch(kept, lambda unit, text: lost(kept, unit, Cause("host-refused", text)), theirs.fileno())
    finally:
        if launched is None:
            ours.close()
    if launched is None:
        return False
    kept.spare_mount, kept.spare_line = launched.mount_fd, ours
    kept.memory = replace(kept.memory, spare=Spare(launched.worker.unit, kept.digest, since=kept.world.now()))
    return True


def use(kept: Kept) -> None:
    """The spare is the staged worker now: told to begin, or at work already."""
    spare = kept.memory.spare
    if spare is None:
        raise AssertionError("there is no spare to use")
    kept.staged_mount, kept.spare_mount = kept.spare_mount, None
    staging = Staging(spare.unit, spare.digest, kept.world.now(), ready=spare.ready, was_spare=True)
    kept.memory = replace(kept.memory, spare=None, spare_due=None, staging=staging)
    kept.world.stagings[spare.unit] = kept.world.now()
    if kept.spare_line is not None and kept.staged_mount is not None:
        # If it is ending at this moment, that will be heard of as any other end.
        with kept.spare_line, contextlib.suppress(OSError):
            kept.spare_line.send(b"go\n")
        kept.spare_line = None
        await_answer(kept, spare.unit, kept.staged_mount)


def drop(kept: Kept, cause: Cause | None = None) -> bool:
    """Let the spare go; one that waits ends by itself when its line is closed."""
    spare = kept.memory.spare
    kept.memory = replace(kept.memory, spare=None)
    if kept.spare_line is not None:
        kept.spare_line.close()
    if kept.spare_mount is not None:
        os.close(kept.spare_mount)
    kept.spare_line = kept.spare_mount = None
    if spare is not None and spare.hot:
        kept.give_up(spare.unit)
    if cause is not None:
        put_off(kept, cause)
    return True


def lost(kept: Kept, unit: str, cause: Cause) -> None:
    """The spare's unit has ended, or was never taken."""
    kept.workers.pop(unit, None)
    spare = kept.memory.spare
    if spare is not None and spare.unit == unit:
        drop(kept)
        if spare.ready and kept.world.now() - spare.since >= _PROVEN:
            kept.memory = replace(kept.memory, spare_failure=None)
        put_off(kept, cause)
        kept.wake()


def put_off(kept: Kept, cause: Cause) -> None:
    """The mount serves and its spare could not be had: later. The host's word on the keys may be why: ask again."""
    now, pause = kept.world.now(), _AFTER_FAILURE
    if kept.mount is not None and kept.mount.standby:
        failure = backoff.after(kept.memory.spare_failure, cause, now, random())
        if failure.not_before is not None:
            pause = min(max(failure.not_before - now, _FASTEST), _AFTER_FAILURE)
        kept.memory = replace(kept.memory, spare_failure=failure, prepared=None)
        no_standby(kept.name, kept.reason(cause), failure.count)
    kept.memory = replace(kept.memory, spare_due=now + pause)


def standby(kept: Kept) -> Standby | None:
    """The second worker as it is shown; a spare that has not begun is none."""
    spare = kept.memory.spare
    return Standby(spare.unit, spare.ready, kept.spare_memory) if spare is not None and spare.hot else None


def measure(kept: Kept, unit: str) -> None:
    """Learn what memory the standby takes, now and every minute while it stands by."""
    def told(answer: Answer | MountdError) -> None:
        if kept.is_spare(unit) and not isinstance(answer, MountdError):
            kept.spare_memory = int(answer["bytes"])
            kept.told = False
            kept.wake()

    def again() -> bool:
        if not kept.is_spare(unit):
            return bool(GLib.SOURCE_REMOVE)
        kept.world.helper.ask("memory", told, pid=kept.world.systemd.pid(unit))
        return bool(GLib.SOURCE_CONTINUE)

    if again():
        GLib.timeout_add_seconds(_MEASURED_EVERY, again)

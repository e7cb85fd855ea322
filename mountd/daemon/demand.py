"""Mounts on demand: the first caller is noticed, a worker that nobody needs is let go.

Callers of a folder that sleeps wait (``daemon.waits``); the kernel counts them in fusectl's ``waiting``, beside its
own first request. Whether anybody uses a mount the kernel knows as well: ``umount2`` with ``MNT_EXPIRE`` marks a mount,
each use takes the mark away, and a second call unmounts only what still bears it and is not in use (umount(2);
fs/namespace.c: ``mntput`` clears the mark). A mount at which callers wait lies beneath by then, so that the bare folder
is never seen.
"""

import contextlib
from dataclasses import replace
from functools import partial
from pathlib import Path

from mountd.core.layers import Kind
from mountd.core.observed import Observed, Worker
from mountd.core.situation import Situation
from mountd.daemon import waits
from mountd.daemon.kept import Kept
from mountd.system import syscalls
from mountd.system.probe import Answer
from mountd.system.syscalls import Expiry
from mountd.words.errors import MountdError
from mountd.words.model import Mount

_FIRST = 2.0
"""Seconds of service before it is first asked whether anybody uses a mount: our own first probe is over by then."""
def tend(kept: Kept) -> None:
    """See to it that somebody looks out for callers while the mount sleeps, and for their absence while it serves."""
    it = kept.situation()
    mount, memory = it.mount, it.memory
    if mount is None or not mount.on_demand or not it.wanted:
        kept.memory = replace(memory, awake=None, idle_due=None, marked=False)
    elif it.observed.serving is not None:
        first = it.now + min(_FIRST, mount.idle_unmount)
        due = first if memory.idle_due is None else memory.idle_due
        kept.memory = replace(memory, awake=memory.awake or it.now, idle_due=due)
    elif memory.staging is not None:
        kept.memory = replace(memory, awake=memory.awake or it.now, idle_due=None, marked=False)
    _look_out(kept, it)


def _look_out(kept: Kept, it: Situation) -> None:
    top = it.observed.top
    if it.asleep and top is not None and top.kind is Kind.WAITING:
        kept.world.callers.watch(top.connection, partial(_called, kept))
        return
    for connection in kept.held:
        kept.world.callers.forget(connection)


def _called(kept: Kept) -> None:
    """Somebody has come. What was learnt of the keys before the mount slept may be old: the host is asked anew."""
    kept.memory = replace(kept.memory, awake=kept.world.now(), prepared=None)
    kept.wake()


def rest(kept: Kept) -> bool:
    """Take the mount away if nobody has used it since the last time, else mark it.

    The way to the folder is tried first, by somebody else: on a file system that hangs, the kernel would keep us.
    """
    mount, worker = kept.mount, kept.observed().serving
    if mount is None or worker is None:
        return False
    kept.memory = replace(kept.memory, idle_due=kept.world.now() + mount.idle_unmount)
    unit = worker.unit

    def answered(answer: Answer | MountdError) -> None:
        serving = kept.observed().serving
        if not isinstance(answer, MountdError) and kept.mount is mount and serving is not None and serving.unit == unit:
            _turn(kept, mount, _unused(kept, mount, serving))
            kept.wake()

    kept.world.helper.ask("statvfs", answered, path=str(Path(kept.folder).parent))
    return True


def _turn(kept: Kept, mount: Mount, found: Expiry) -> None:
    memory, now = kept.memory, kept.world.now()
    if found is Expiry.GONE:
        kept.on_folder = ""
        kept.memory = replace(memory, awake=None, idle_due=None, marked=False, failure=None, prepared=None)
    elif found is Expiry.MARKED and memory.marked:
        # It was used: for a while it is looked after like any other, and that takes the mark away.
        with contextlib.suppress(OSError):
            syscalls.touch_mount(kept.folder)
        pause = min(mount.idle_unmount, mount.check.interval)
        kept.memory = replace(memory, marked=False, idle_due=now + pause)
    else:
        kept.memory = replace(memory, marked=found is Expiry.MARKED, idle_due=now + mount.idle_unmount)


def _unused(kept: Kept, mount: Mount, worker: Worker) -> Expiry:
    """What cannot be found out counts as use."""
    if kept.evidence.suspicious:
        # It is looked after, and that by using it.
        return Expiry.BUSY
    try:
        if not _lies_on_a_guard(kept, mount) or kept.world.fusectl.waiting(worker.connection):
            return Expiry.BUSY
        return syscalls.umount_unused(kept.folder)
    except (MountdError, OSError):
        return Expiry.BUSY
    finally:
        kept.world.table.forget()


def _lies_on_a_guard(kept: Kept, mount: Mount) -> bool:
    """Is there something beneath for callers to meet? One at which they wait is slipped there if it can be.

    Raises MountdError, OSError.
    """
    if _below(kept.observed()) is not Kind.WAITING and kept.world.beneath:
        waits.slip_beneath(kept, mount)
    return _below(kept.observed()) in (Kind.WAITING, Kind.ERROR_GUARD)


def _below(observed: Observed) -> Kind | None:
    return observed.layers[1].kind if len(observed.layers) > 1 else None

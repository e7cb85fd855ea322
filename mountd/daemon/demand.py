"""Mounts on demand: the first caller is noticed, a worker that nobody needs is let go.

Callers of a folder that sleeps wait (``daemon.waits``); the kernel counts them in fusectl's ``waiting``, beside its
own first request. Whether anybody uses a mount the kernel knows as well: ``umount2`` with ``MNT_EXPIRE`` marks a mount,
each use takes the mark away, and a second call unmounts only what still bears it and is not in use (umount(2);
fs/namespace.c: ``mntput`` clears the mark). A mount at which callers wait lies beneath by then, so that the bare folder
is never seen.
"""

import errno
from dataclasses import replace
from functools import partial

from mountd.core.layers import Kind
from mountd.core.observed import Observed
from mountd.core.situation import Situation
from mountd.daemon import waits
from mountd.daemon.kept import Kept
from mountd.system import syscalls
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
        if memory.awake is not None:
            kept.memory = replace(memory, awake=None, idle_due=None, marked=False)
    elif it.observed.serving is not None or memory.staging is not None:
        awake = it.now if memory.awake is None else memory.awake
        due = memory.idle_due
        if it.observed.serving is not None and due is None:
            due = it.now + min(_FIRST, mount.idle_unmount)
        kept.memory = replace(memory, awake=awake, idle_due=due)
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
    """Take the mount away if nobody has used it since the last time, else mark it. Raises MountdError."""
    mount, worker, now = kept.mount, kept.observed().serving, kept.world.now()
    if mount is None or worker is None:
        return False
    busy = not _lies_on_a_guard(kept, mount) or bool(kept.world.fusectl.waiting(worker.connection))
    found = Expiry.BUSY if busy else _expire(kept)
    if found is Expiry.GONE:
        kept.on_folder = ""
        kept.memory = replace(kept.memory, awake=None, idle_due=None, marked=False, failure=None, prepared=None)
    elif found is Expiry.MARKED and not kept.memory.marked:
        kept.memory = replace(kept.memory, marked=True, idle_due=now + mount.idle_unmount)
    elif found is Expiry.MARKED:
        # It was used: for a while it is looked after like any other, and that takes the mark away.
        syscalls.touch_mount(kept.folder)
        pause = min(mount.idle_unmount, mount.check.interval)
        kept.memory = replace(kept.memory, marked=False, idle_due=now + pause)
    else:
        kept.memory = replace(kept.memory, marked=False, idle_due=now + mount.idle_unmount)
    return True


def _expire(kept: Kept) -> Expiry:
    try:
        return syscalls.umount_unused(kept.folder)
    except OSError as error:
        raise MountdError("host-refused", str(error.strerror)) from error
    finally:
        kept.world.table.forget()


def _lies_on_a_guard(kept: Kept, mount: Mount) -> bool:
    """Is there something beneath for callers to meet? One at which they wait is slipped there if it can be."""
    if _below(kept.observed()) is Kind.WAITING:
        return True
    if kept.world.beneath:
        try:
            waits.slip_beneath(kept, mount)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise MountdError("host-refused", str(error.strerror)) from error
    return _below(kept.observed()) in (Kind.WAITING, Kind.ERROR_GUARD)


def _below(observed: Observed) -> Kind | None:
    return observed.layers[1].kind if len(observed.layers) > 1 else None

"""Callers that wait: the server's ends of the mounts they wait at, and for how long.

While the daemon holds such an end, a worker that was given it and dies costs callers nothing: the next one is given
the same. Once a worker serves, the daemon lets go, or callers of a dead worker would wait instead of hearing of it.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from gi.repository import GLib

from mountd.core.layers import Kind, Layer
from mountd.core.status import CallersWait
from mountd.daemon import record
from mountd.daemon.kept import Kept
from mountd.system import waiting
from mountd.system.probe import Answer
from mountd.system.waiting import Waiting
from mountd.words.errors import MountdError
from mountd.words.model import Mount

_ASK_AGAIN_MS = 1000


def begin(kept: Kept, layers: Sequence[Layer]) -> None:
    """Have callers wait, at a mount in place of the uppermost of ``layers``. Raises MountdError."""
    mount = kept.mount
    if mount is None:
        return
    hold(kept, waiting.place(kept.name, mount.source, kept.folder, layers, read_only=_read_only(mount),
                             beneath=kept.world.beneath))


def slip_beneath(kept: Kept, mount: Mount) -> None:
    """Have a mount beneath that on the folder, where callers will wait when it goes. Raises MountdError, OSError."""
    try:
        hold(kept, waiting.slip_beneath(mount.source, kept.folder, read_only=_read_only(mount)))
    finally:
        kept.world.table.forget()


def hold(kept: Kept, found: Waiting) -> None:
    """Keep the end of a mount that is on the folder, over deaths of this process too."""
    kept.held[found.connection] = found
    waiting.store(found)


def keep(kept: Kept) -> None:
    """What was held beside the folder has come to it."""
    for layer in kept.observed().layers:
        if layer.kind is Kind.WAITING:
            waiting.store(kept.held[layer.connection])


def let_go(kept: Kept, connection: int) -> None:
    """The mount is its worker's from now on; without one it is dead, and all who wait get an error."""
    found = kept.held.pop(connection, None)
    if found is not None:
        waiting.release(found)


def tend(kept: Kept) -> None:
    """Let go of ends that are of no use any more, and see that what was given away is asked whether it serves."""
    layers = {layer.connection: layer for layer in kept.world.table.stack(kept.folder)}
    taken = {worker.connection for worker in kept.workers.values()}
    for connection, found in list(kept.held.items()):
        if connection not in taken and not _is_of_use(kept, found, layers.get(connection)):
            let_go(kept, connection)
    _count(kept)
    _await_answer(kept)


def _is_of_use(kept: Kept, found: Waiting, layer: Layer | None) -> bool:
    """On the folder, not spoilt by a worker that died too late, and fit for the mount as it is configured now."""
    if layer is None or not waiting.untouched(found):
        return False
    mount = kept.mount
    return mount is None or (found.read_only, layer.source) == (_read_only(mount), mount.source)


def _read_only(mount: Mount) -> bool:
    return bool(mount.options.get("read_only"))


def _count(kept: Kept) -> None:
    """Note since when callers wait; over the limit and beyond, until the mount serves or is not wanted."""
    it = kept.situation()
    observed, now = it.observed, it.now
    wanted = it.wanted and not it.asleep
    since = kept.memory.away if wanted and observed.serving is None else None
    if wanted and since is None and observed.top is not None and observed.top.kind is Kind.WAITING:
        since = now
    if since != kept.memory.away:
        kept.memory = replace(kept.memory, away=since)
        kept.record.away = None if since is None else kept.world.wall() - (now - since)
        kept.told = False
        record.save(kept.name, kept.record)


def remember(kept: Kept) -> None:
    """Count on from what an earlier daemon noted."""
    if kept.record.away is not None:
        since = kept.world.now() - max(0.0, kept.world.wall() - kept.record.away)
        kept.memory = replace(kept.memory, away=since)


def shown(kept: Kept) -> CallersWait | None:
    """Since when callers wait, and until when, as status shows it."""
    top = kept.observed().top
    if kept.mount is None or kept.record.away is None or top is None or top.kind is not Kind.WAITING:
        return None
    limited = kept.mount.when_away == "wait"
    return CallersWait(kept.record.away, kept.record.away + kept.mount.wait_limit if limited else None)


def _wake(kept: Kept) -> bool:
    kept.wake()
    return bool(GLib.SOURCE_REMOVE)


def _await_answer(kept: Kept) -> None:
    """Have a worker that was given a waiting mount asked, once: the question waits there like any caller."""
    observed, staging = kept.observed(), kept.memory.staging
    worker = observed.worker(staging.unit) if staging is not None else None
    if staging is None or worker is None or kept.staged_mount is not None or worker.connection not in kept.held:
        return
    if not staging.begun and not waiting.untouched(kept.held[worker.connection]):
        # From here on its end is an error for those it has begun to answer: it gets its whole time once more.
        kept.memory = replace(kept.memory, staging=replace(staging, begun=True, since=kept.world.now()))
    if worker.connection not in kept.asked:
        kept.asked.add(worker.connection)
        kept.world.helper.ask("statvfs", partial(_answered, kept, worker.connection), path=kept.folder)


def _answered(kept: Kept, connection: int, answer: Answer | MountdError) -> None:
    kept.asked.discard(connection)
    staging = kept.memory.staging
    worker = kept.workers.get(staging.unit) if staging is not None else None
    if isinstance(answer, MountdError):
        # The mount is dead, or the helper was; it is not asked again without a pause.
        GLib.timeout_add(_ASK_AGAIN_MS, _wake, kept)
    elif staging is not None and worker is not None and worker.connection == connection:
        kept.memory = replace(kept.memory, staging=replace(staging, ready=True))
        kept.wake()

"""A worker's unit started on a detached mount, to begin at once or when it is told to."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from gi.repository import GLib

from mountd.core.layers import Layer
from mountd.core.observed import Worker
from mountd.core.units import worker
from mountd.core.units.worker import Launch, Prepared, unit_name
from mountd.daemon.kept import Kept
from mountd.system import fuse
from mountd.system.binary import Installed
from mountd.system.probe import Answer
from mountd.system.waiting import Waiting
from mountd.words.errors import MountdError
from mountd.words.model import Mount
from mountd.words.options import OPTIONS, Version, version_text

_ASK_AGAIN_MS = 200


@dataclass(frozen=True)
class Launched:
    """The worker, and the descriptor of its mount, which belongs to the caller; None for one on its folder."""

    worker: Worker
    mount_fd: int | None


def await_answer(kept: Kept, unit: str, mount_fd: int | None, stands_by: Callable[[], None] | None = None) -> None:
    """Wait, without waiting, for a worker to serve: it answers a statvfs of its mount.

    By then it is the staged one, or a standby still, and then ``stands_by()`` is called. The folder's parent is asked,
    too: on a file system that hangs, a swap would hang this process. One that was given a mount on the folder
    (``mount_fd`` None) is asked by ``daemon.waits``.
    """
    if mount_fd is None:
        return

    def again() -> bool:
        # One that came to the folder meanwhile is asked there, and its descriptor is closed.
        if mount_fd in (kept.staged_mount, kept.spare_mount) and (kept.is_starting(unit) or kept.is_spare(unit)):
            await_answer(kept, unit, mount_fd, stands_by)
        return bool(GLib.SOURCE_REMOVE)

    def answered(answer: Answer | MountdError) -> None:
        if isinstance(answer, MountdError):
            # The mount's other end is closed, then the unit's own end tells why; or the helper has died meanwhile.
            GLib.timeout_add(_ASK_AGAIN_MS, again)
            return
        memory = kept.memory
        if memory.staging is not None and memory.staging.unit == unit:
            kept.memory = replace(memory, staging=replace(memory.staging, ready=True))
        elif memory.spare is not None and memory.spare.unit == unit:
            kept.memory = replace(memory, spare=replace(memory.spare, ready=True, since=kept.world.now()))
            kept.told = False
            if stands_by is not None:
                stands_by()
        kept.wake()

    kept.world.helper.ask("statvfs", answered, descriptors=[mount_fd], near=str(Path(kept.folder).parent))


def _plans_with(kept: Kept, mount: Mount, version: Version) -> int:
    """MiB to tell the worker, 0 for a mount-s3 that cannot be told."""
    return kept.world.split.of(mount) if version >= OPTIONS["memory_target"].since else 0


def launch(kept: Kept, refused: Callable[[str, str], None], await_fd: int | None = None,
           guard: Layer | None = None) -> Launched | None:
    """Start the next generation; ``refused(unit, text)`` is called when PID 1 does not take it.

    It is given the mount ``guard``, at which callers wait, else one that is nowhere in the tree.
    With ``await_fd``, one end of a socket pair, mount-s3 begins when a line comes from the other end, and not at all
    when that is closed. None while it is not known yet what it needs: the host's word, mount-s3's version, keys. Raises
    MountdError.
    """
    mount, prepared = kept.mount, kept.memory.prepared
    binary = kept.world.binary.look()
    if mount is None or prepared is None or not isinstance(binary, Installed) or _lacks_keys(kept, mount, prepared):
        return None
    generation, by_broker = kept.world.next_generation(mount.name), prepared.keys.by_broker
    asks_at = _admitted(kept, mount, generation) if by_broker else ""
    place = _place(kept, mount, guard)
    order = Launch(mount, generation, binary.path, prepared, kept.digest, place.waiting.connection, place.mount_id,
                   asks_at, _plans_with(kept, mount, binary.version), version_text(binary.version), binary.program,
                   kept.world.wall(), waits=await_fd is not None)
    made = _worker(order)
    kept.workers[made.unit], kept.key_digests[made.unit] = made, prepared.keys.digest
    kept.world.caches.update({made.cache} - {""})
    # A cache folder serves one worker; the next one asks for another.
    kept.memory = replace(kept.memory, prepared=None if prepared.cache else prepared)
    stdio = {"Input": place.waiting.fuse_fd} | ({"Output": await_fd} if await_fd is not None else {})
    try:
        kept.world.systemd.start(made.unit, worker.properties(order), stdio, lambda text: refused(made.unit, text))
    except MountdError:
        if place.mount_fd is not None:
            os.close(place.mount_fd)
        kept.workers.pop(made.unit)
        raise
    finally:
        if mount.when_away == "wait":
            kept.held[place.waiting.connection] = place.waiting
        elif guard is None:
            # As long as a copy is open here, callers of a dead worker would wait instead of hearing of it.
            os.close(place.waiting.fuse_fd)
    return Launched(made, place.mount_fd)


def _lacks_keys(kept: Kept, mount: Mount, prepared: Prepared) -> bool:
    """Has it to be waited for the broker's keys?"""
    return prepared.keys.by_broker and not kept.world.vault.is_ready(mount, prepared.keys)


def _admitted(kept: Kept, mount: Mount, generation: int) -> str:
    """Where the worker to be asks for its keys."""
    return kept.world.vault.admit(mount.name, unit_name(mount.name, generation), mount.front)


def _worker(order: Launch) -> Worker:
    mount = order.mount
    return Worker(order.unit, mount.name, order.generation, order.digest, order.connection, mount.folder,
                  order.prepared.cache, order.mount_id, version=order.version, program=order.program,
                  started=order.started)


@dataclass(frozen=True)
class _Place:
    """Where a worker will serve: the server's end, and the mount, unless it is on its folder already."""

    waiting: Waiting
    mount_id: int
    mount_fd: int | None


def _place(kept: Kept, mount: Mount, guard: Layer | None) -> _Place:
    if guard is not None:
        return _Place(kept.held[guard.connection], guard.mount_id, None)
    read_only = bool(mount.options.get("read_only"))
    staged = fuse.stage(mount.source, read_only=read_only)
    return _Place(Waiting(staged.fuse_fd, staged.connection, read_only), staged.mount_id, staged.mount_fd)

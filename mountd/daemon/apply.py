"""Actions carried out: one function for each, in a table. They return whether something changed at once."""

import os
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from mountd.core import plan, worker
from mountd.core.layers import Kind
from mountd.core.messages import Cause
from mountd.core.observed import Worker
from mountd.core.worker import Folder, KeyFiles, Launch, Prepared
from mountd.daemon.announce import drained_late, not_killed
from mountd.daemon.kept import Kept
from mountd.system import fuse
from mountd.system.binary import Installed
from mountd.system.probe import Answer
from mountd.words.errors import MountdError

_KILL_AGAIN = 10.0
"""Seconds after which a worker that was killed is expected to be gone, or is killed again."""


def _prepare(kept: Kept, _action: plan.Prepare) -> bool:
    mount = kept.mount
    if mount is None:
        return False
    kept.memory = replace(kept.memory, preparing=kept.world.now())

    def answered(answer: Answer | MountdError) -> None:
        kept.memory = replace(kept.memory, preparing=None)
        if isinstance(answer, MountdError):
            kept.fail(Cause(answer.fault.code, answer.detail))
        elif kept.mount is mount:
            kept.memory = replace(kept.memory, coverable=True)
            _prepared(kept, answer)
        kept.wake()

    kept.world.helper.ask(
        "prepare", answered, name=mount.name, folder=mount.folder, user=mount.user, group=mount.group,
        nonempty=mount.nonempty, credentials=asdict(mount.credentials), cache=str(mount.options.get("cache", "")),
        in_use=[unit.cache for unit in kept.workers.values() if unit.cache],
    )
    return False


def _prepared(kept: Kept, answer: Answer) -> None:
    """The folder is fit; so are keys and cache, or not. While no worker may be started they are of no use."""
    refused = answer["refused"]
    if refused:
        kept.fail(Cause(**refused))
    elif kept.memory.refusal is None:
        found = Prepared(Folder(**answer["folder"]), KeyFiles(**answer["keys"]), str(answer["cache"]))
        kept.memory = replace(kept.memory, prepared=found)
        kept.record.credentials = found.keys.source


def _stage(kept: Kept, _action: plan.Stage) -> bool:
    mount, prepared = kept.mount, kept.memory.prepared
    binary = kept.world.binary.look()
    if mount is None or prepared is None or not isinstance(binary, Installed):
        return False
    staged = fuse.stage(mount.source, read_only=bool(mount.options.get("read_only")))
    generation = kept.world.next_generation(mount.name)
    launch = Launch(
        mount, generation, binary.path, prepared, kept.digest, staged.connection, staged.mount_id)
    kept.workers[launch.unit] = Worker(
        launch.unit, mount.name, generation, kept.digest, staged.connection, mount.folder, prepared.cache,
        staged.mount_id)
    kept.staged_mount = staged.mount_fd
    staging = plan.Staging(launch.unit, kept.digest, staged.connection, kept.world.now())
    # A cache folder serves one worker; the next one asks for another.
    reusable = None if prepared.cache else prepared
    kept.memory = replace(kept.memory, staging=staging, prepared=reusable)
    try:
        kept.world.systemd.start(
            launch.unit, worker.properties(launch), staged.fuse_fd, lambda text: _refused(kept, launch.unit, text))
    finally:
        # As long as a copy is open here, callers of a dead worker would wait instead of hearing of it.
        os.close(staged.fuse_fd)
    kept.world.helper.ask(
        "statvfs", lambda answer: _answered(kept, launch.unit, answer), descriptor=staged.mount_fd)
    return True


def _refused(kept: Kept, unit: str, text: str) -> None:
    """PID 1 did not take the unit."""
    kept.workers.pop(unit, None)
    if kept.memory.staging is not None and kept.memory.staging.unit == unit:
        drop_staging(kept)
        kept.fail(Cause("host-refused", text))
        kept.wake()


def _answered(kept: Kept, unit: str, answer: Answer | MountdError) -> None:
    """The staged worker serves (or its end of the mount is closed, and then its unit's end tells why)."""
    staging = kept.memory.staging
    if isinstance(answer, MountdError) or staging is None or staging.unit != unit:
        return
    kept.memory = replace(kept.memory, staging=replace(staging, ready=True))
    kept.wake()


def _swap_in(kept: Kept, _action: plan.SwapIn) -> bool:
    if kept.staged_mount is None:
        drop_staging(kept)
        return True
    table = kept.world.table
    try:
        fuse.swap_in(kept.staged_mount, kept.folder, table.stack(kept.folder), beneath=kept.world.beneath)
    finally:
        table.forget()
    os.close(kept.staged_mount)
    kept.staged_mount = None
    kept.on_folder = kept.memory.staging.unit if kept.memory.staging else ""
    kept.memory = replace(kept.memory, staging=None)
    kept.served()
    return True


def drop_staging(kept: Kept) -> None:
    """Give up what is staged: its mount vanishes, its worker is killed (nobody can have written through it)."""
    staging = kept.memory.staging
    kept.memory = replace(kept.memory, staging=None)
    if kept.staged_mount is not None:
        os.close(kept.staged_mount)
        kept.staged_mount = None
    if staging is not None and staging.unit in kept.workers:
        deadline = kept.world.now() + _KILL_AGAIN
        gone = plan.Drain(staging.unit, 0, deadline, killed=True)
        kept.memory = replace(kept.memory, draining=(*kept.memory.draining, gone))
        _kill_unit(kept, staging.unit)


def _drop_staging(kept: Kept, action: plan.DropStaging) -> bool:
    drop_staging(kept)
    if action.cause is not None:
        kept.fail(action.cause)
    return True


def _place_guard(kept: Kept, action: plan.PlaceGuard) -> bool:
    table = kept.world.table
    try:
        fuse.place_guard(kept.name, kept.folder, Kind(action.kind), table.stack(kept.folder),
                         beneath=kept.world.beneath)
    finally:
        table.forget()
    return True


def _detach(kept: Kept, _action: plan.Detach) -> bool:
    kept.on_folder = ""
    try:
        fuse.detach(kept.folder)
    finally:
        kept.world.table.forget()
    return True


def _start_drain(kept: Kept, action: plan.StartDrain) -> bool:
    orphan = kept.workers[action.unit]
    deadline = kept.world.now() + kept.stop_timeout
    drain = plan.Drain(orphan.unit, orphan.mount_id, deadline)
    kept.memory = replace(kept.memory, draining=(*kept.memory.draining, drain))
    return True


def _kill_unit(kept: Kept, unit: str) -> None:
    """A refusal is told and not raised: what had to be given up is given up all the same."""
    try:
        kept.world.systemd.kill(unit)
    except MountdError as error:
        not_killed(kept.name, unit, error.detail)


def _kill(kept: Kept, action: plan.Kill) -> bool:
    late = action.drain
    draining = tuple(replace(d, killed=True) if d.unit == late.unit else d for d in kept.memory.draining)
    kept.memory = replace(kept.memory, draining=draining)

    def told(answer: Answer | MountdError) -> None:
        holders = [] if isinstance(answer, MountdError) else list(answer["holders"])
        drained_late(kept.name, late.unit, holders)
        _kill_unit(kept, late.unit)

    kept.world.helper.ask("holders", told, mount_id=late.mount_id, folder=kept.folder)
    return True


_ACTIONS: dict[type, Callable[[Kept, Any], bool]] = {
    plan.Prepare: _prepare,
    plan.Stage: _stage,
    plan.SwapIn: _swap_in,
    plan.DropStaging: _drop_staging,
    plan.PlaceGuard: _place_guard,
    plan.Detach: _detach,
    plan.StartDrain: _start_drain,
    plan.Kill: _kill,
}


def act(kept: Kept, action: plan.Action) -> bool:
    """Carry an action out; True when the situation changed at once. Raises MountdError."""
    return _ACTIONS[type(action)](kept, action)

"""Actions carried out: one function for each, in a table. They return whether something changed at once."""

import os
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from mountd.core import plan, worker
from mountd.core.layers import Kind
from mountd.core.messages import Cause
from mountd.core.observed import Worker
from mountd.core.worker import Folder, KeyFiles, Launch, Prepared
from mountd.daemon.announce import drained_late, not_killed
from mountd.system import fuse
from mountd.system.binary import Installed
from mountd.system.probe import Answer
from mountd.words.errors import MountdError

if TYPE_CHECKING:
    from mountd.daemon.keeper import Keeper

_KILL_AGAIN = 10.0
"""Seconds after which a worker that was killed is expected to be gone, or is killed again."""


def _prepare(keeper: "Keeper", _action: plan.Prepare) -> bool:
    mount = keeper.mount
    if mount is None:
        return False
    keeper.memory = replace(keeper.memory, preparing=keeper.world.now())

    def answered(answer: Answer | MountdError) -> None:
        keeper.memory = replace(keeper.memory, preparing=None)
        if isinstance(answer, MountdError):
            keeper.fail(Cause(answer.fault.code, answer.detail))
        elif keeper.mount is mount:
            keeper.memory = replace(keeper.memory, coverable=True)
            _prepared(keeper, answer)
        keeper.wake()

    keeper.world.helper.ask(
        "prepare", answered, name=mount.name, folder=mount.folder, user=mount.user, group=mount.group,
        nonempty=mount.nonempty, credentials=asdict(mount.credentials), cache=str(mount.options.get("cache", "")),
        in_use=[unit.cache for unit in keeper.workers.values() if unit.cache],
    )
    return False


def _prepared(keeper: "Keeper", answer: Answer) -> None:
    """The folder is fit; so are keys and cache, or not. While no worker may be started they are of no use."""
    refused = answer["refused"]
    if refused:
        keeper.fail(Cause(**refused))
    elif keeper.memory.refusal is None:
        found = Prepared(Folder(**answer["folder"]), KeyFiles(**answer["keys"]), str(answer["cache"]))
        keeper.memory = replace(keeper.memory, prepared=found)
        keeper.record.credentials = found.keys.source


def _stage(keeper: "Keeper", _action: plan.Stage) -> bool:
    mount, prepared = keeper.mount, keeper.memory.prepared
    binary = keeper.world.binary.look()
    if mount is None or prepared is None or not isinstance(binary, Installed):
        return False
    staged = fuse.stage(mount.source, read_only=bool(mount.options.get("read_only")))
    generation = keeper.world.next_generation(mount.name)
    launch = Launch(
        mount, generation, binary.path, prepared, keeper.digest, staged.connection, staged.mount_id)
    keeper.workers[launch.unit] = Worker(
        launch.unit, mount.name, generation, keeper.digest, staged.connection, mount.folder, prepared.cache,
        staged.mount_id)
    keeper.staged_mount = staged.mount_fd
    staging = plan.Staging(launch.unit, keeper.digest, staged.connection, keeper.world.now())
    # A cache folder serves one worker; the next one asks for another.
    kept = None if prepared.cache else prepared
    keeper.memory = replace(keeper.memory, staging=staging, prepared=kept)
    try:
        keeper.world.systemd.start(
            launch.unit, worker.properties(launch), staged.fuse_fd, lambda text: _refused(keeper, launch.unit, text))
    finally:
        # As long as a copy is open here, callers of a dead worker would wait instead of hearing of it.
        os.close(staged.fuse_fd)
    keeper.world.helper.ask(
        "statvfs", lambda answer: _answered(keeper, launch.unit, answer), descriptor=staged.mount_fd)
    return True


def _refused(keeper: "Keeper", unit: str, text: str) -> None:
    """PID 1 did not take the unit."""
    keeper.workers.pop(unit, None)
    if keeper.memory.staging is not None and keeper.memory.staging.unit == unit:
        drop_staging(keeper)
        keeper.fail(Cause("host-refused", text))
        keeper.wake()


def _answered(keeper: "Keeper", unit: str, answer: Answer | MountdError) -> None:
    """The staged worker serves (or its end of the mount is closed, and then its unit's end tells why)."""
    staging = keeper.memory.staging
    if isinstance(answer, MountdError) or staging is None or staging.unit != unit:
        return
    keeper.memory = replace(keeper.memory, staging=replace(staging, ready=True))
    keeper.wake()


def _swap_in(keeper: "Keeper", _action: plan.SwapIn) -> bool:
    if keeper.staged_mount is None:
        drop_staging(keeper)
        return True
    table = keeper.world.table
    try:
        fuse.swap_in(keeper.staged_mount, keeper.folder, table.stack(keeper.folder), beneath=keeper.world.beneath)
    finally:
        table.forget()
    os.close(keeper.staged_mount)
    keeper.staged_mount = None
    keeper.on_folder = keeper.memory.staging.unit if keeper.memory.staging else ""
    keeper.memory = replace(keeper.memory, staging=None)
    keeper.served()
    return True


def drop_staging(keeper: "Keeper") -> None:
    """Give up what is staged: its mount vanishes, its worker is killed (nobody can have written through it)."""
    staging = keeper.memory.staging
    keeper.memory = replace(keeper.memory, staging=None)
    if keeper.staged_mount is not None:
        os.close(keeper.staged_mount)
        keeper.staged_mount = None
    if staging is not None and staging.unit in keeper.workers:
        deadline = keeper.world.now() + _KILL_AGAIN
        gone = plan.Drain(staging.unit, 0, deadline, killed=True)
        keeper.memory = replace(keeper.memory, draining=(*keeper.memory.draining, gone))
        _kill_unit(keeper, staging.unit)


def _drop_staging(keeper: "Keeper", action: plan.DropStaging) -> bool:
    drop_staging(keeper)
    if action.cause is not None:
        keeper.fail(action.cause)
    return True


def _place_guard(keeper: "Keeper", action: plan.PlaceGuard) -> bool:
    table = keeper.world.table
    try:
        fuse.place_guard(keeper.name, keeper.folder, Kind(action.kind), table.stack(keeper.folder),
                         beneath=keeper.world.beneath)
    finally:
        table.forget()
    return True


def _detach(keeper: "Keeper", _action: plan.Detach) -> bool:
    keeper.on_folder = ""
    try:
        fuse.detach(keeper.folder)
    finally:
        keeper.world.table.forget()
    return True


def _start_drain(keeper: "Keeper", action: plan.StartDrain) -> bool:
    orphan = keeper.workers[action.unit]
    deadline = keeper.world.now() + keeper.stop_timeout
    drain = plan.Drain(orphan.unit, orphan.mount_id, deadline)
    keeper.memory = replace(keeper.memory, draining=(*keeper.memory.draining, drain))
    return True


def _kill_unit(keeper: "Keeper", unit: str) -> None:
    """A refusal is told and not raised: what had to be given up is given up all the same."""
    try:
        keeper.world.systemd.kill(unit)
    except MountdError as error:
        not_killed(keeper.name, unit, error.detail)


def _kill(keeper: "Keeper", action: plan.Kill) -> bool:
    late = action.drain
    draining = tuple(replace(d, killed=True) if d.unit == late.unit else d for d in keeper.memory.draining)
    keeper.memory = replace(keeper.memory, draining=draining)

    def told(answer: Answer | MountdError) -> None:
        holders = [] if isinstance(answer, MountdError) else list(answer["holders"])
        drained_late(keeper.name, late.unit, holders)
        _kill_unit(keeper, late.unit)

    keeper.world.helper.ask("holders", told, mount_id=late.mount_id)
    return True


_ACTIONS: dict[type, Callable[["Keeper", Any], bool]] = {
    plan.Prepare: _prepare,
    plan.Stage: _stage,
    plan.SwapIn: _swap_in,
    plan.DropStaging: _drop_staging,
    plan.PlaceGuard: _place_guard,
    plan.Detach: _detach,
    plan.StartDrain: _start_drain,
    plan.Kill: _kill,
}


def act(keeper: "Keeper", action: plan.Action) -> bool:
    """Carry an action out; True when the situation changed at once. Raises MountdError."""
    return _ACTIONS[type(action)](keeper, action)

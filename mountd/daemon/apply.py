"""Actions carried out: one function for each, in a table. They return whether something changed at once."""

import os
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from mountd.core import actions
from mountd.core.layers import Kind
from mountd.core.memory import Drain, Staging
from mountd.core.messages import Cause
from mountd.core.observed import Worker
from mountd.core.programs import is_replaced
from mountd.core.units.worker import Folder, KeyFiles, Prepared
from mountd.daemon import demand, spare, waits
from mountd.daemon.announce import cache_is_full, drained_late, not_killed
from mountd.daemon.kept import Kept
from mountd.daemon.launch import await_answer, launch
from mountd.system import fuse
from mountd.system.probe import Answer
from mountd.words.errors import MountdError

_PATIENCE = 24 * 3600.0
"""Seconds that a worker which an upgrade has replaced may finish what is open."""


def _prepare(kept: Kept, _action: actions.Prepare) -> bool:
    mount = kept.mount
    if mount is None:
        return False
    kept.memory = replace(kept.memory, preparing=kept.world.now())

    def answered(answer: Answer | MountdError) -> None:
        kept.memory = replace(kept.memory, preparing=None)
        if isinstance(answer, MountdError):
            _unprepared(kept, Cause(answer.fault.code, answer.detail))
        elif kept.mount is mount:
            kept.memory = replace(kept.memory, coverable=True)
            _prepared(kept, answer)
        kept.wake()

    kept.world.helper.ask(
        "prepare", answered, name=mount.name, folder=mount.folder, user=mount.user, group=mount.group,
        nonempty=mount.nonempty, credentials=asdict(mount.credentials), cache=str(mount.options.get("cache", "")),
        in_use=list(kept.world.caches),
        ca_bundle=str(mount.options.get("ca_bundle", "")),
        keep_keys=kept.record.keys, home=mount.home,
    )
    return False


def _prepared(kept: Kept, answer: Answer) -> None:
    """The folder is fit; so are keys and cache, or not. While no worker may be started they are of no use."""
    refused = answer["refused"]
    if refused:
        _unprepared(kept, Cause(**refused))
    elif kept.memory.refusal is None:
        found = Prepared(Folder(**answer["folder"]), KeyFiles(**answer["keys"]), str(answer["cache"]))
        # A mount on demand that the host refused before is on demand again; others have yet to be tried.
        failure = kept.memory.failure if kept.memory.awake is not None or not _is_on_demand(kept) else None
        kept.memory = replace(kept.memory, prepared=found, failure=failure)
        kept.record.credentials, kept.owner = found.keys.source, found.folder.uid
        kept.record.expires = kept.record.expires if found.keys.by_broker else None
        if answer["cache_full"]:
            cache_is_full(kept.name, str(kept.mount.options["cache"]) if kept.mount is not None else "")


def _is_on_demand(kept: Kept) -> bool:
    return kept.mount is not None and kept.mount.on_demand


def _unprepared(kept: Kept, cause: Cause) -> None:
    """The host refuses. While the wanted worker serves it was asked for a spare only."""
    serving = kept.observed().serving
    if serving is not None and serving.digest == kept.digest:
        spare.put_off(kept, cause)
    else:
        kept.fail(cause)


def _stage(kept: Kept, _action: actions.Stage) -> bool:
    top = kept.observed().top
    guard = top if top is not None and top.kind is Kind.WAITING else None
    launched = launch(kept, lambda unit, text: _refused(kept, unit, text), guard=guard)
    if launched is None:
        return False
    kept.staged_mount = launched.mount_fd
    unit = launched.worker.unit
    kept.memory = replace(
        kept.memory, staging=Staging(unit, kept.digest, kept.world.now()))
    kept.world.stagings[unit] = kept.world.now()
    await_answer(kept, unit, launched.mount_fd)
    return True


def _refused(kept: Kept, unit: str, text: str) -> None:
    """PID 1 did not take the unit."""
    kept.workers.pop(unit, None)
    if kept.memory.staging is not None and kept.memory.staging.unit == unit:
        drop_staging(kept)
        kept.fail(Cause("host-refused", text))
        kept.wake()


def _swap_in(kept: Kept, action: actions.SwapIn) -> bool:
    observed, staging = kept.observed(), kept.memory.staging
    worker = observed.worker(staging.unit) if staging is not None else None
    if kept.staged_mount is not None:
        _expose(kept, action)
    elif worker is None or observed.top is None or observed.top.connection != worker.connection:
        drop_staging(kept)
        return True
    if worker is not None:
        waits.let_go(kept, worker.connection)
    kept.on_folder = staging.unit if staging is not None else ""
    kept.world.stagings.pop(kept.on_folder, None)
    kept.memory = replace(kept.memory, staging=None)
    kept.served()
    return True


def _expose(kept: Kept, _action: actions.Expose | actions.SwapIn) -> bool:
    """Bring the staged mount to the folder."""
    if kept.staged_mount is None:
        return False
    try:
        fuse.swap_in(kept.staged_mount, kept.folder, kept.observed().layers, beneath=kept.world.beneath)
    finally:
        kept.world.table.forget()
    os.close(kept.staged_mount)
    kept.staged_mount = None
    waits.keep(kept)
    return True


def drop_staging(kept: Kept) -> None:
    """Give up what is staged: its mount vanishes, its worker is killed (nobody can have written through it)."""
    staging = kept.memory.staging
    kept.memory = replace(kept.memory, staging=None)
    if kept.staged_mount is not None:
        os.close(kept.staged_mount)
        kept.staged_mount = None
    if staging is not None:
        kept.world.stagings.pop(staging.unit, None)
        kept.give_up(staging.unit)


def _drop_staging(kept: Kept, action: actions.DropStaging) -> bool:
    drop_staging(kept)
    if action.cause is not None:
        kept.fail(action.cause)
    return True


def _place_guard(kept: Kept, action: actions.PlaceGuard) -> bool:
    layers, kind = kept.observed().layers, Kind(action.kind)
    try:
        if layers and layers[0].kind is Kind.WAITING and kind is Kind.ERROR_GUARD:
            waits.let_go(kept, layers[0].connection)
        elif kind is Kind.WAITING and not (layers[1:] and layers[1].kind is kind):
            waits.begin(kept, layers)
        else:
            fuse.place_guard(kept.name, kept.folder, kind, layers, beneath=kept.world.beneath)
    finally:
        kept.world.table.forget()
    return True


def _detach(kept: Kept, _action: actions.Detach) -> bool:
    kept.on_folder = ""
    try:
        fuse.detach(kept.folder)
    finally:
        kept.world.table.forget()
    serving = kept.observed().serving
    if serving is not None:
        kept.on_folder = serving.unit
        kept.want_spare()
    return True


def _start_drain(kept: Kept, action: actions.StartDrain) -> bool:
    orphan = kept.workers[action.unit]
    deadline = kept.world.now() + (_PATIENCE if _is_outdated(kept, orphan) else kept.stop_timeout)
    drain = Drain(orphan.unit, orphan.mount_id, deadline)
    kept.memory = replace(kept.memory, draining=(*kept.memory.draining, drain))
    return True


def _is_outdated(kept: Kept, worker: Worker) -> bool:
    """Was it replaced because another mount-s3 is installed? Nobody has asked for that, and nobody waits for it."""
    serving = kept.serving
    return serving is not None and is_replaced(worker.program, serving.program)


def _kill(kept: Kept, action: actions.Kill) -> bool:
    late = action.drain
    draining = tuple(replace(d, killed=True) if d.unit == late.unit else d for d in kept.memory.draining)
    kept.memory = replace(kept.memory, draining=draining)

    def told(answer: Answer | MountdError) -> None:
        holders = [] if isinstance(answer, MountdError) else list(answer["holders"])
        drained_late(kept.name, late.unit, holders)
        kept.kill(late.unit)

    kept.world.helper.ask("holders", told, mount_id=late.mount_id, folder=kept.folder)
    return True


def _end_hung(kept: Kept, action: actions.EndHung) -> bool:
    """Callers of a stopped process are freed by the end of the connection only, not by the death of the process."""
    try:
        kept.world.fusectl.abort(kept.workers[action.unit].connection)
    except MountdError as error:
        not_killed(kept.name, action.unit, error.detail)
    kept.give_up(action.unit)
    return True


def _use_spare(kept: Kept, _action: actions.UseSpare) -> bool:
    spare.use(kept)
    return True


_ACTIONS: dict[type, Callable[[Kept, Any], bool]] = {
    actions.Prepare: _prepare,
    actions.Stage: _stage,
    actions.SwapIn: _swap_in,
    actions.DropStaging: _drop_staging,
    actions.PlaceGuard: _place_guard,
    actions.Expose: _expose,
    actions.Detach: _detach,
    actions.StartDrain: _start_drain,
    actions.Kill: _kill,
    actions.EndHung: _end_hung,
    actions.Rest: lambda kept, _action: demand.rest(kept),
    actions.StageSpare: lambda kept, _action: spare.stage(kept),
    actions.UseSpare: _use_spare,
    actions.DropSpare: lambda kept, action: spare.drop(kept, action.cause),
}


def act(kept: Kept, action: actions.Action) -> bool:
    """Carry an action out; True when the situation changed at once. Raises MountdError."""
    return _ACTIONS[type(action)](kept, action)

"""Folders whose callers wait: each situation with what is to be done about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mountd.core.actions import (
    Action,
    Detach,
    DropSpare,
    DropStaging,
    Expose,
    PlaceGuard,
    Prepare,
    Stage,
    SwapIn,
    UseSpare,
)
from mountd.core.backoff import Failure
from mountd.core.layers import Kind, Layer
from mountd.core.memory import Drain, Memory, Spare, Staging
from mountd.core.messages import Cause
from mountd.core.observed import Observed, Worker
from mountd.core.plan import decide
from mountd.core.situation import Decision, Situation
from mountd.core.units.worker import Folder, Prepared
from mountd.words.model import Mount, Place, State

NOW = 1000.0
MOUNT = Mount("erdos", "bucket", "/mnt/erdos", Place("mounts.toml", 1), when_away="wait", wait_limit=60.0)
DEAD = Layer(Kind.LIVE, 40, 6, "fuse.mount-s3 s3://bucket")
WAITING = Layer(Kind.WAITING, 50, 8, "fuse.mount-s3 s3://bucket")
GUARD = Layer(Kind.ERROR_GUARD, 51, 9, "fuse.s3mountd-guard s3mountd-guard:erdos")
GIVEN = Worker("s3mount-erdos-2.service", "erdos", 2, "new", WAITING.connection, "/mnt/erdos")
BESIDE = replace(GIVEN, connection=77)
STAGING = Staging(GIVEN.unit, "new", NOW - 1)
CRASHED = Failure(Cause("worker-crashed", "SIGKILL"), 1, NOW, NOW)
LATER = Failure(Cause("unreachable"), 3, NOW - 5, NOW + 9)
DUE = Failure(Cause("unreachable"), 3, NOW - 5, NOW - 1)
SPARE = Spare(BESIDE.unit, "new")
READY = Memory(coverable=True, prepared=Prepared(Folder(1000, 1000, 0o755)))
OVER = replace(READY, away=NOW - 60)


def look(observed: Observed, memory: Memory, mount: Mount = MOUNT) -> Decision:
    return decide(Situation(mount, "new", observed, memory, NOW))


def here(*layers: Layer, workers: tuple[Worker, ...] = ()) -> Observed:
    held = {layer.connection for layer in layers if layer.kind is Kind.WAITING}
    return Observed(layers, workers, frozenset(held | {BESIDE.connection}))


CASES: list[tuple[str, Observed, Memory, tuple[Action, ...]]] = [
    ("at first callers wait, then the worker is given their mount", here(), READY, (PlaceGuard("wait"), Stage())),
    ("they wait already", here(WAITING), READY, (Stage(),)),
    ("a worker that was given up and has not ended still has their mount",
     here(WAITING, workers=(GIVEN,)), replace(READY, draining=(Drain(GIVEN.unit, 0, NOW, killed=True),)), ()),
    ("they wait while there is nothing to try", here(WAITING), replace(READY, failure=LATER), ()),
    ("the mount was dead, as after the daemon lost what it held", here(DEAD), replace(READY, failure=LATER),
     (PlaceGuard("wait"),)),
    ("a crash without a spare", here(DEAD), replace(READY, failure=CRASHED), (PlaceGuard("wait"), Stage())),
    ("a crash with a spare: its own mount will be the guard", here(DEAD, workers=(BESIDE,)),
     replace(READY, failure=CRASHED, spare=SPARE), (UseSpare(),)),
    ("the spare has begun: callers wait at its mount", here(DEAD, workers=(BESIDE,)),
     replace(READY, failure=CRASHED, staging=STAGING), (Expose(),)),
    ("a worker was on its way on a mount that cannot make anybody wait",
     Observed((DEAD,), (BESIDE,)), replace(READY, staging=STAGING), (DropStaging(), PlaceGuard("wait"))),
    ("a spare is of no use where callers wait already", here(WAITING, workers=(BESIDE,)),
     replace(READY, failure=DUE, spare=SPARE), (DropSpare(), Stage())),
    ("the worker has been given their mount", here(WAITING, workers=(GIVEN,)), replace(READY, staging=STAGING), ()),
    ("it serves", here(WAITING, workers=(GIVEN,)), replace(READY, staging=replace(STAGING, ready=True)), (SwapIn(),)),
    ("it serves, in the last moment", here(WAITING, workers=(GIVEN,)),
     replace(OVER, staging=replace(STAGING, ready=True)), (SwapIn(),)),
    ("they have waited long enough", here(WAITING), replace(OVER, failure=LATER), (PlaceGuard("error"),)),
    ("long enough, and a worker has their mount: it goes first", here(WAITING, workers=(GIVEN,)),
     replace(OVER, staging=STAGING), (DropStaging(),)),
    ("it has been given up and has not ended", here(WAITING, workers=(GIVEN,)),
     replace(OVER, draining=(Drain(GIVEN.unit, 0, NOW, killed=True),)), ()),
    ("after that a try is one like any other", here(DEAD), OVER, (Stage(),)),
    ("and nobody waits again at that", here(DEAD, workers=(BESIDE,)), replace(OVER, staging=STAGING), ()),
    ("stopped: everything goes", here(WAITING), replace(READY, held=True), (Detach(),)),
    ("a folder that is not known is left alone", here(), Memory(), (Prepare(),)),
]


@pytest.mark.parametrize(("observed", "memory", "actions"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])
def test_each_row(observed: Observed, memory: Memory, actions: tuple[Action, ...]) -> None:
    assert look(observed, memory).actions == actions


def test_the_end_of_waiting_is_a_time_to_look() -> None:
    assert look(here(WAITING), replace(READY, failure=LATER, away=NOW - 55)).look_at == NOW + 5
    assert look(here(WAITING), replace(READY, failure=LATER, away=NOW - 1)).look_at == NOW + 9
    assert look(here(DEAD), replace(OVER, failure=LATER)).look_at == NOW + 9


def test_who_waits_is_not_called_served() -> None:
    decision = look(here(WAITING, workers=(GIVEN,)), replace(READY, failure=DUE, staging=STAGING))
    assert decision.state is State.WAITING
    assert decision.cause == Cause("unreachable")


@pytest.mark.parametrize("other", ["error", "empty"])
def test_another_guard_by_configuration(other: str) -> None:
    mount = replace(MOUNT, when_away=other)
    assert look(here(WAITING), replace(READY, failure=LATER), mount).actions == (PlaceGuard(other),)
    assert look(here(GUARD), replace(READY, failure=LATER)).actions == (PlaceGuard("wait"),)


def test_callers_wait_for_a_verdict_on_writing_before_a_worker_is_given_their_mount() -> None:
    unjudged, away = replace(READY, unjudged=True), Cause("connection-refused")
    assert look(Observed((WAITING,)), unjudged) == Decision(State.MOUNTING)
    assert look(Observed(), unjudged).actions == (PlaceGuard("wait"),)
    assert look(Observed((WAITING,)), replace(unjudged, hindrance=away)) == Decision(State.WAITING, cause=away)
    assert look(Observed((WAITING,)), READY).actions == (Stage(),)


def test_a_worker_that_nobody_may_write_through_yet_is_not_shown_to_those_who_wait() -> None:
    unjudged = replace(READY, unjudged=True, staging=STAGING)
    assert look(Observed((), (BESIDE,), frozenset({BESIDE.connection})), unjudged).actions == ()

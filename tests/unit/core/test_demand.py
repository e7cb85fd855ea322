"""Mounts on demand: when they sleep, when they wake, when it is time to see whether anybody uses them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mountd.core import news, verdict
from mountd.core.actions import Action, DropSpare, PlaceGuard, Prepare, Rest, Stage, StageSpare
from mountd.core.backoff import Failure
from mountd.core.layers import Kind, Layer
from mountd.core.memory import Memory, Spare, Staging
from mountd.core.messages import Cause
from mountd.core.observed import Observed, Worker
from mountd.core.plan import decide
from mountd.core.situation import Decision, Situation
from mountd.core.status import View, mount_document, summary
from mountd.core.units.worker import Folder, Prepared
from mountd.words.model import Health, Mount, Place, Reason, State

NOW = 1000.0
MOUNT = Mount("erdos", "bucket", "/mnt/erdos", Place("mounts.toml", 1), on_demand=True, idle_unmount=600.0)
LIVE = Layer(Kind.LIVE, 41, 7, "fuse.mount-s3 s3://bucket")
WAITING = Layer(Kind.WAITING, 50, 8, "fuse.mount-s3 s3://bucket")
GUARD = Layer(Kind.ERROR_GUARD, 51, 9, "fuse.s3mountd-guard s3mountd-guard:erdos")
WORKER = Worker("s3mount-erdos-1.service", "erdos", 1, "new", LIVE.connection, "/mnt/erdos")
GIVEN = replace(WORKER, connection=WAITING.connection)
STAGING = Staging(GIVEN.unit, "new", NOW - 1)
REFUSED = Failure(Cause("connection-refused"), 1, NOW - 1, NOW + 5)
READY = Memory(coverable=True, prepared=Prepared(Folder(1000, 1000, 0o755)))
CALLED = replace(READY, awake=NOW - 1)
SERVES = Observed((LIVE, WAITING), (WORKER,), frozenset({50}))
SLEEPS = Observed((WAITING,), (), frozenset({50}))


def look(observed: Observed, memory: Memory, mount: Mount = MOUNT) -> Decision:
    return decide(Situation(mount, "new", observed, memory, NOW))


CASES: list[tuple[str, Observed, Memory, State, tuple[Action, ...]]] = [
    ("the host is asked about the folder first", Observed(), Memory(), State.MOUNTING, (Prepare(),)),
    ("then callers are waited for", Observed(), READY, State.WAITING, (PlaceGuard("wait"),)),
    ("nobody has come", SLEEPS, READY, State.WAITING, ()),
    ("an old guard is exchanged", Observed((GUARD,)), READY, State.WAITING, (PlaceGuard("wait"),)),
    ("somebody has come: what was known of the keys is asked again", SLEEPS, replace(CALLED, prepared=None),
     State.MOUNTING, (Prepare(),)),
    ("a worker is given their mount", SLEEPS, CALLED, State.MOUNTING, (Stage(),)),
    ("they wait for the first try, whatever is configured", Observed((WAITING,), (GIVEN,), frozenset({50})),
     replace(CALLED, staging=STAGING), State.MOUNTING, ()),
    ("it has failed: now the configuration counts", SLEEPS, replace(CALLED, failure=REFUSED), State.WAITING,
     (PlaceGuard("error"),)),
    ("mount-s3 is missing: nobody waits for what cannot come", SLEEPS,
     replace(READY, refusal=Cause("worker-missing")), State.FAILED, (PlaceGuard("error"),)),
    ("it serves, and it is not time yet", SERVES, replace(CALLED, idle_due=NOW + 5), State.MOUNTED, ()),
    ("it is time to see whether anybody uses it", SERVES, replace(CALLED, idle_due=NOW), State.MOUNTED, (Rest(),)),
    ("a spare is kept while it is awake", SERVES, replace(CALLED, idle_due=NOW + 5, spare_due=NOW), State.MOUNTED,
     (StageSpare(),)),
    ("and none when it sleeps", SLEEPS, replace(READY, spare=Spare("s3mount-erdos-3.service", "new")), State.WAITING,
     (DropSpare(),)),
    ("stopped by an operator it does not wait for anybody", Observed(), replace(READY, held=True), State.STOPPED, ()),
]


@pytest.mark.parametrize(("observed", "memory", "state", "actions"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])
def test_each_row(observed: Observed, memory: Memory, state: State, actions: tuple[Action, ...]) -> None:
    decision = look(observed, memory)
    assert (decision.state, decision.actions) == (state, actions)


def test_asleep_nothing_is_due_and_the_reason_says_so() -> None:
    decision = look(SLEEPS, READY)
    assert (decision.cause, decision.look_at) == (Cause("on-demand"), None)


def test_the_time_to_see_whether_anybody_uses_it_is_a_time_to_look() -> None:
    assert look(SERVES, replace(CALLED, idle_due=NOW + 5)).look_at == NOW + 5
    assert look(SERVES, replace(CALLED, idle_due=NOW + 5), replace(MOUNT, idle_unmount=0.0)).look_at is None
    assert look(SERVES, replace(CALLED, idle_due=NOW), replace(MOUNT, on_demand=False)).actions == ()


def test_callers_of_a_mount_that_wakes_are_limited_where_waiting_is_configured() -> None:
    waits = replace(MOUNT, when_away="wait", wait_limit=60.0)
    given = Observed((WAITING,), (), frozenset({50}))
    failed = replace(CALLED, failure=REFUSED, away=NOW - 10)
    assert look(given, failed, waits).actions == ()
    assert look(given, replace(failed, away=NOW - 60), waits).actions == (PlaceGuard("error"),)


def shown(state: State, reason: Reason | None, health: Health) -> View:
    return View(MOUNT, state, health, reason, 0.0)


def test_a_mount_that_sleeps_is_well_for_everybody() -> None:
    view = shown(State.WAITING, Reason("on-demand", "", ""), Health.OK)
    mount = mount_document(view)
    assert verdict.of_mount(mount) is verdict.Exit.WELL
    assert verdict.is_ready(mount)
    assert not verdict.needs_person(mount)
    assert news.condition(mount) is news.Condition.WELL
    assert summary([view]) == "1 mount: 1 on demand"
    trouble = mount_document(shown(State.WAITING, Reason("unreachable", "", ""), Health.DOWN))
    assert verdict.of_mount(trouble) is verdict.Exit.DEGRADED
    assert not verdict.is_ready(trouble)

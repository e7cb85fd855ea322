"""The table of decisions: each row with the situation that calls for it."""

from dataclasses import replace
from functools import partial

import pytest

from mountd.core.actions import (
    Action,
    Detach,
    DropSpare,
    DropStaging,
    EndHung,
    Kill,
    PlaceGuard,
    Prepare,
    Stage,
    StageSpare,
    StartDrain,
    SwapIn,
    UseSpare,
)
from mountd.core.backoff import Failure
from mountd.core.layers import Kind, Layer
from mountd.core.memory import Drain, Hung, Memory, Spare, Staging
from mountd.core.messages import Cause
from mountd.core.observed import Observed, Worker
from mountd.core.plan import decide
from mountd.core.situation import Decision, Situation
from mountd.core.units.worker import Folder, Prepared
from mountd.words.model import Mount, Place, State

NOW = 1000.0
MOUNT = Mount("erdos", "bucket", "/mnt/erdos", Place("mounts.toml", 1))
READY = Prepared(Folder(1000, 1000, 0o755))
WORKER = Worker("s3mount-erdos-1.service", "erdos", 1, "new", 41, "/mnt/erdos")
LIVE = Layer(Kind.LIVE, 41, 7, "fuse.mount-s3 s3://bucket")
DEAD = Layer(Kind.LIVE, 40, 6, "fuse.mount-s3 s3://bucket")
GUARD = Layer(Kind.ERROR_GUARD, 50, 8, "fuse.s3mountd-guard s3mountd-guard:erdos")
EMPTY = Layer(Kind.EMPTY_GUARD, 51, 9, "tmpfs s3mountd-guard:erdos")
FOREIGN = Layer(Kind.FOREIGN, 60, 10, "ext4 /dev/sdb1")
STAGING = Staging("s3mount-erdos-2.service", "new", NOW - 1)
REFUSED = Failure(Cause("bucket-missing"), 1, NOW - 5, NOW + 25)
BAD_OPTION = Failure(Cause("option-rejected", "x"), 1, NOW - 5, None)
DUE = Failure(Cause("unreachable"), 3, NOW - 5, NOW - 1)
CRASHED = Failure(Cause("worker-crashed", "SIGKILL"), 1, NOW, NOW)
CRASHING = Failure(Cause("worker-crashed", "SIGKILL"), 5, NOW - 4, NOW)


ready = partial(Memory, coverable=True, prepared=READY)
NOTHING = Observed()
BLANK = Memory()


def look(observed: Observed = NOTHING, memory: Memory = BLANK, mount: Mount | None = MOUNT) -> Decision:
    return decide(Situation(mount, "new", observed, memory, NOW))


def half_swapped(top: Layer, *workers: Worker) -> Observed:
    """Killed between the two steps of a swap: the new worker's mount lies below the one it replaces."""
    new = replace(WORKER, unit="s3mount-erdos-2.service", connection=42)
    return Observed((top, replace(LIVE, connection=42, mount_id=9)), (*workers, new))


@pytest.mark.parametrize("observed", [half_swapped(LIVE, WORKER), half_swapped(DEAD), half_swapped(GUARD)])
def test_a_swap_that_was_cut_in_the_middle_is_finished(observed: Observed) -> None:
    assert look(observed).actions[-1] == Detach()
    assert look(observed).state is State.MOUNTED


def test_a_guard_or_a_dead_mount_below_a_worker_stays() -> None:
    for below in (GUARD, DEAD):
        assert look(Observed((LIVE, below), (WORKER,))) == Decision(State.MOUNTED)


def serving(digest: str = "new") -> Observed:
    return Observed((LIVE,), (replace(WORKER, digest=digest),))


CASES = [
    ("nothing known: ask the host first", Observed(), Memory(), (Prepare(),), State.MOUNTING),
    ("the host is being asked", Observed(), Memory(preparing=NOW - 1), (), State.MOUNTING),
    ("the host is being asked for too long", Observed(), Memory(preparing=NOW - 15), (), State.WAITING),
    ("a known folder is guarded before the first worker", Observed(), ready(),
     (PlaceGuard("error"), Stage()), State.MOUNTING),
    ("a guard is there already", Observed((GUARD,)), ready(), (Stage(),), State.MOUNTING),
    ("staged and silent: wait", Observed((GUARD,)), ready(staging=STAGING), (), State.MOUNTING),
    ("staged and ready: swap", Observed((GUARD,)), Memory(staging=replace(STAGING, ready=True)),
     (SwapIn(),), State.MOUNTING),
    ("staged too long", Observed((GUARD,)), Memory(staging=replace(STAGING, since=NOW - 121)),
     (DropStaging(Cause("start-timeout", "120 s")),), State.MOUNTING),
    ("staged for another configuration", Observed((GUARD,)), Memory(staging=replace(STAGING, digest="old")),
     (DropStaging(),), State.MOUNTING),
    ("serving as wanted", serving(), Memory(), (), State.MOUNTED),
    ("serving an older configuration: stage beside it", serving("old"), ready(),
     (Stage(),), State.MOUNTED),
    ("a worker died: its dead mount is guard enough", Observed((DEAD,)), ready(failure=CRASHED),
     (Stage(),), State.MOUNTING),
    ("a worker that dies again and again is tried without a new word", Observed((GUARD,)), ready(failure=CRASHING),
     (Stage(),), State.WAITING),
    ("unmounted by somebody: guard at once, then stage", Observed(), ready(failure=CRASHED),
     (PlaceGuard("error"), Stage()), State.MOUNTING),
    ("the store said no: wait, guarded", Observed(), ready(failure=REFUSED),
     (PlaceGuard("error"),), State.FAILED),
    ("a refused option: wait for a person", Observed((GUARD,)), ready(failure=BAD_OPTION),
     (), State.FAILED),
    ("the time to try again has come", Observed((GUARD,)), ready(failure=DUE),
     (Stage(),), State.WAITING),
    ("no mount-s3, and the folder not known yet: ask, so that it can be guarded", Observed(),
     Memory(refusal=Cause("worker-missing")), (Prepare(),), State.FAILED),
    ("no mount-s3: guarded all the same", Observed(), Memory(coverable=True, refusal=Cause("worker-missing")),
     (PlaceGuard("error"),), State.FAILED),
    ("no keys: guarded all the same", Observed(), Memory(coverable=True, failure=REFUSED),
     (PlaceGuard("error"),), State.FAILED),
    ("no mount-s3", Observed((GUARD,)), ready(refusal=Cause("worker-missing")), (), State.FAILED),
    ("somebody else's mount: hands off", Observed((FOREIGN,)), ready(), (), State.FOREIGN),
    ("somebody else's mount comes while staging", Observed((FOREIGN,)), Memory(staging=STAGING),
     (DropStaging(),), State.FOREIGN),
    ("somebody else's mount over a serving one", Observed((FOREIGN, LIVE), (WORKER,)), Memory(), (), State.FOREIGN),
    ("an operator stopped it: take the mount away", serving(), Memory(held=True), (Detach(),), State.DRAINING),
    ("stopped, a guard is left", Observed((GUARD,)), Memory(held=True), (Detach(),), State.STOPPED),
    ("stopped and gone", Observed(), Memory(held=True), (), State.STOPPED),
    ("stopped while staging", Observed((GUARD,)), Memory(held=True, staging=STAGING),
     (DropStaging(), Detach()), State.STOPPED),
]


@pytest.mark.parametrize(("observed", "memory", "actions", "state"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])
def test_each_row(observed: Observed, memory: Memory, actions: tuple[Action, ...], state: State) -> None:
    decision = look(observed, memory)
    assert (decision.actions, decision.state) == (actions, state)


def test_empty_guard_replaces_a_dead_mount_when_asked_for() -> None:
    wants_empty = replace(MOUNT, when_away="empty")
    memory = ready(failure=REFUSED)
    assert look(Observed((DEAD,)), memory, wants_empty).actions == (PlaceGuard("empty"),)
    assert look(Observed((EMPTY,)), memory, wants_empty).actions == ()


def test_a_folder_that_may_not_be_covered_gets_no_guard() -> None:
    full = Failure(Cause("folder-not-empty", "it holds a"), 1, NOW, None)
    decision = look(Observed(), Memory(failure=full))
    assert (decision.actions, decision.state, decision.look_at) == ((), State.FAILED, None)


def test_a_failed_change_keeps_the_old_worker_serving_and_says_so() -> None:
    decision = look(serving("old"), ready(failure=REFUSED))
    assert (decision.state, decision.actions) == (State.MOUNTED, ())
    assert decision.cause == Cause("bucket-missing")
    assert decision.look_at == REFUSED.not_before


@pytest.mark.parametrize("memory", [ready(failure=DUE), ready(failure=DUE, staging=STAGING)])
def test_while_a_change_is_tried_again_the_old_worker_stays_degraded(memory: Memory) -> None:
    decision = look(serving("old"), memory)
    assert (decision.state, decision.cause) == (State.MOUNTED, Cause("unreachable"))


def test_workers_nobody_accounts_for_are_drained_and_killed_at_their_deadline() -> None:
    old = replace(WORKER, unit="s3mount-erdos-0.service", connection=33, digest="old")
    first = look(Observed((LIVE,), (WORKER, old)))
    assert first.actions == (StartDrain(old.unit),)
    draining = Memory(draining=(Drain(old.unit, 5, NOW + 10),))
    later = look(Observed((LIVE,), (WORKER, old)), draining)
    assert (later.actions, later.look_at) == ((), NOW + 10)
    overdue = Drain(old.unit, 5, NOW)
    assert look(Observed((LIVE,), (WORKER, old)), Memory(draining=(overdue,))).actions == (Kill(overdue),)
    killed = replace(overdue, killed=True)
    assert look(Observed((LIVE,), (WORKER, old)), Memory(draining=(killed,))).actions == ()


def test_a_worker_below_a_foreign_mount_is_not_drained() -> None:
    assert look(Observed((FOREIGN, LIVE), (WORKER,))).actions == ()


def test_a_mount_that_left_the_configuration_is_taken_away_then_rests() -> None:
    assert look(serving(), mount=None).actions == (Detach(),)
    assert look(Observed((), (WORKER,)), mount=None).actions == (StartDrain(WORKER.unit),)
    assert look(Observed(), mount=None).state is State.STOPPED


def test_disabled_is_its_own_word() -> None:
    assert look(mount=replace(MOUNT, enabled=False)).state is State.DISABLED


def test_a_try_after_a_network_failure_still_waits_in_words() -> None:
    decision = look(Observed((GUARD,)), ready(failure=DUE, staging=STAGING))
    assert (decision.state, decision.cause) == (State.WAITING, Cause("unreachable"))


SPARE = Spare("s3mount-erdos-9.service", "new")
SPARE_WORKER = replace(WORKER, unit=SPARE.unit, connection=77)


def with_spare(*layers: Layer) -> Observed:
    return Observed(layers, (WORKER, SPARE_WORKER) if LIVE in layers else (SPARE_WORKER,))


def test_a_mount_that_serves_gets_a_spare_when_it_is_due() -> None:
    assert look(serving(), Memory(prepared=READY, spare_due=NOW)).actions == (StageSpare(),)
    later = look(serving(), Memory(prepared=READY, spare_due=NOW + 3))
    assert (later.actions, later.look_at) == ((), NOW + 3)
    assert look(serving(), Memory(spare_due=NOW)).actions == (Prepare(),)
    assert look(serving(), Memory(prepared=READY)).actions == ()


def test_a_spare_waits_and_is_no_orphan() -> None:
    assert look(with_spare(LIVE), Memory(prepared=READY, spare=SPARE, spare_due=NOW)).actions == ()


def test_after_a_crash_the_spare_begins() -> None:
    crashed = Memory(prepared=READY, coverable=True, failure=CRASHED, spare=SPARE)
    assert look(with_spare(DEAD), crashed).actions == (UseSpare(),)
    assert look(with_spare(DEAD), replace(crashed, prepared=None, preparing=NOW - 60)).actions == (UseSpare(),)


def test_a_spare_of_another_configuration_or_for_nothing_is_let_go() -> None:
    old = replace(SPARE, digest="old")
    assert look(with_spare(LIVE), Memory(prepared=READY, spare=old)).actions == (DropSpare(),)
    crashed = Memory(prepared=READY, coverable=True, failure=CRASHED, spare=old)
    assert look(with_spare(DEAD), crashed).actions == (DropSpare(), Stage())
    assert DropSpare() in look(with_spare(LIVE), Memory(held=True, spare=SPARE)).actions


STANDBY = replace(MOUNT, standby=True)
HOT = replace(SPARE, hot=True, since=NOW - 1)


def test_a_standby_that_has_answered_takes_over_without_a_pause() -> None:
    crashing = Memory(coverable=True, failure=replace(CRASHING, not_before=NOW + 9), spare=replace(HOT, ready=True))
    assert look(with_spare(DEAD), crashing, STANDBY).actions == (UseSpare(),)
    not_yet = replace(crashing, spare=HOT)
    assert look(with_spare(DEAD), not_yet, STANDBY).actions == ()
    refused = replace(crashing, failure=REFUSED)
    assert look(with_spare(DEAD), refused, STANDBY).actions == ()
    failed = Failure(Cause("crash-loop", "5 times in a row"), 5, NOW, NOW + 30)
    loop = replace(crashing, failure=failed)
    waiting = look(with_spare(DEAD), loop, STANDBY)
    assert (waiting.actions, waiting.state, waiting.look_at) == ((), State.FAILED, NOW + 30)
    again = look(with_spare(DEAD), replace(loop, failure=replace(failed, not_before=NOW)), STANDBY)
    assert again.actions == (UseSpare(),)


def test_a_standby_is_dropped_when_it_is_not_asked_for_any_more_and_a_waiting_spare_when_one_is() -> None:
    assert look(with_spare(LIVE), Memory(prepared=READY, spare=replace(HOT, ready=True))).actions == (DropSpare(),)
    assert look(with_spare(LIVE), Memory(prepared=READY, spare=SPARE), STANDBY).actions == (DropSpare(),)
    assert look(with_spare(LIVE), Memory(prepared=READY, spare=HOT), STANDBY).actions == ()


def test_a_standby_that_never_answers_is_given_up() -> None:
    waiting = look(with_spare(LIVE), Memory(prepared=READY, spare=HOT), STANDBY)
    assert waiting.look_at == HOT.since + STANDBY.start_timeout
    late = replace(HOT, since=NOW - STANDBY.start_timeout)
    given_up = look(with_spare(LIVE), Memory(prepared=READY, spare=late), STANDBY)
    assert given_up.actions == (DropSpare(Cause("start-timeout", "120 s")),)


DEAF = Failure(Cause("worker-hung", "1 caller waited"), 1, NOW, NOW)
HUNG = ready(failure=DEAF, hung=Hung(WORKER.unit, NOW + 3))
FRESH = replace(WORKER, unit=STAGING.unit, connection=99)


def test_a_hung_worker_gets_a_successor_at_once_and_is_no_service() -> None:
    decision = look(serving(), HUNG)
    assert (decision.actions, decision.state, decision.cause) == ((Stage(),), State.MOUNTING, DEAF.cause)
    assert decision.look_at == NOW + 3
    assert look(with_spare(LIVE), replace(HUNG, spare=SPARE)).actions == (UseSpare(),)


def test_the_successor_is_swapped_in_before_the_callers_of_the_hung_one_get_their_error() -> None:
    there = Observed((LIVE,), (WORKER, FRESH))
    assert look(there, replace(HUNG, staging=replace(STAGING, ready=True))).actions == (SwapIn(),)
    swapped = Observed((replace(LIVE, connection=99),), (WORKER, FRESH))
    assert look(swapped, HUNG).actions == (EndHung(WORKER.unit),)


def test_callers_do_not_wait_longer_for_a_successor_that_does_not_come() -> None:
    late = replace(HUNG, hung=Hung(WORKER.unit, NOW), staging=STAGING)
    decision = look(Observed((LIVE,), (WORKER, FRESH)), late)
    assert (decision.actions, decision.state) == ((EndHung(WORKER.unit),), State.MOUNTING)
    ended = replace(late, draining=(Drain(WORKER.unit, 0, NOW, killed=True),))
    assert look(Observed((LIVE,), (WORKER, FRESH)), ended).actions == ()

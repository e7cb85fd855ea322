"""The heart: given what is wanted, what is, and what is remembered, what to do now. Pure.

``decide`` goes through an ordered table of rows; the first that has an answer wins. Nothing here knows a clock, a
file or a bus. Times are monotonic seconds.
"""

from dataclasses import replace

from mountd.core import demand, guarding, housekeeping
from mountd.core.actions import Action, Detach, DropSpare, DropStaging, Prepare, Stage, SwapIn, UseSpare
from mountd.core.backoff import LOOP
from mountd.core.messages import Cause
from mountd.core.situation import Decision, Row, Situation
from mountd.words.errors import FAULTS, FaultClass
from mountd.words.model import State

PREPARE_LIMIT = 15.0
"""Seconds after which a host that does not answer is worth a word; its answer is still waited for."""
_SILENT = "the file system of the folder or of the keys does not answer"

LOOK_AGAIN_REFUSED = 5.0
"""Seconds between looks while the host refuses (mount-s3 missing): somebody may install it at any time."""


def _foreign(it: Situation) -> Decision | None:
    top = it.observed.top
    if top is None or top.ours or it.mount is None:
        return None
    actions: tuple[Action, ...] = (DropStaging(),) if it.memory.staging else ()
    return Decision(State.FOREIGN, actions, Cause("foreign-mount", top.description))


def _unwanted(it: Situation) -> Decision | None:
    if it.wanted:
        return None
    actions: list[Action] = [DropStaging()] if it.memory.staging else []
    if it.observed.top is not None and it.observed.top.ours:
        actions.append(Detach())
    if it.memory.draining or it.observed.workers:
        return Decision(State.DRAINING, tuple(actions))
    if it.mount is not None and not it.mount.enabled:
        return Decision(State.DISABLED, tuple(actions), Cause("disabled"))
    return Decision(State.STOPPED, tuple(actions), Cause("stopped"))


def _half_swapped(it: Situation) -> Decision | None:
    """The new worker has answered and is on the folder, below what it shall replace: the second step is missing."""
    if it.observed.beneath is None:
        return None
    return Decision(State.MOUNTED, (Detach(),), _while_trying(it)[1])


def _staging(it: Situation) -> Decision | None:
    staging = it.memory.staging
    if staging is None or it.mount is None:
        return None
    state, cause = _while_trying(it)
    if state in (State.MOUNTING, State.WAITING):
        cause = staging.finding or it.memory.hindrance or cause
    if staging.digest != it.digest:
        return Decision(state, (DropStaging(),), cause)
    if staging.ready and not it.memory.unjudged:
        return Decision(state, (SwapIn(),), cause)
    deadline = staging.since + it.mount.start_timeout
    if it.now >= deadline:
        late = staging.finding or it.memory.hindrance or Cause("start-timeout", f"{it.mount.start_timeout:.0f} s")
        return Decision(state, (DropStaging(late),), cause)
    # Callers who wait would be given to the worker at once.
    guard = () if it.memory.unjudged and guarding.kind(it) == "wait" else guarding.missing(it)
    return Decision(state, guard, cause, deadline)


def _hung(it: Situation) -> Decision | None:
    """Another worker in its place, at once: callers wait. What becomes of the hung one is seen to beside this."""
    if it.observed.serving is None or it.serving is not None:
        return None
    state, cause = _while_trying(it)
    return Decision(state, _next_step(it), cause)


def _serving(it: Situation) -> Decision | None:
    worker = it.serving
    if worker is None:
        return None
    if worker.digest == it.digest:
        return housekeeping.with_spare(it)
    held_back = _held_back(it)
    if held_back is not None:
        cause, look_at = held_back
        return Decision(State.MOUNTED, (), cause, look_at)
    return Decision(State.MOUNTED, _next_step(it), _while_trying(it)[1])


def _standby(it: Situation) -> Decision | None:
    """After a crash the back-off is for starts, and a worker that has answered already is no start; a crash loop waits.

    Until it is one it goes hardly faster by this: the next standby is made only when this one has served for a while.
    """
    code = it.memory.failure.cause.code if it.memory.failure is not None else ""
    crashed = code != LOOP and code in FAULTS and FAULTS[code].klass is FaultClass.WORKER
    if not crashed or not housekeeping.standby_is_ready(it):
        return None
    state, cause = _while_trying(it)
    return Decision(state, (UseSpare(),), cause)


def _held_back_row(it: Situation) -> Decision | None:
    held_back = _held_back(it)
    if held_back is None:
        return None
    cause, look_at = held_back
    state = State.FAILED if FAULTS[cause.code].needs_person else State.WAITING
    # Also a folder whose worker cannot even be started is guarded, and for that the host must be asked first.
    unasked = it.memory.failure is None and not it.memory.coverable and it.memory.preparing is None
    return Decision(state, (Prepare(),) if unasked else guarding.missing(it), cause, look_at)


def _begin(it: Situation) -> Decision | None:
    state, cause = _while_trying(it)
    if it.memory.hindrance is not None and it.memory.failure is None:
        cause = it.memory.hindrance
        state = State.FAILED if FAULTS[cause.code].needs_person else State.WAITING
    asked = it.memory.preparing if it.memory.spare is None else None
    if asked is not None and it.now >= asked + PREPARE_LIMIT:
        return Decision(State.WAITING, (), Cause("host-refused", _SILENT))
    if asked is not None:
        return Decision(state, (), cause, asked + PREPARE_LIMIT)
    # Where callers shall wait, the spare's own mount is their guard.
    by_spare = it.memory.spare is not None and guarding.kind(it) == "wait"
    return Decision(state, (*(() if by_spare else guarding.missing(it)), *_next_step(it)), cause)


_ROWS: tuple[Row, ...] = (
    _foreign, _unwanted, _half_swapped, _staging, _hung, demand.idle, _serving, _standby, _held_back_row, demand.asleep,
    _begin)


def _held_back(it: Situation) -> tuple[Cause, float | None] | None:
    """Why no worker may be started now, and until when (None: until something changes)."""
    if it.memory.refusal is not None:
        return it.memory.refusal, it.now + LOOK_AGAIN_REFUSED
    failure = it.memory.failure
    if failure is None:
        return None
    if failure.not_before is None or failure.not_before > it.now:
        return failure.cause, failure.not_before
    return None


def _next_step(it: Situation) -> tuple[Action, ...]:
    if it.memory.spare is not None:
        return (UseSpare(),)
    if it.memory.preparing is not None or it.observed.guard_is_taken:
        return ()
    if it.memory.prepared is None:
        return (Prepare(),)
    # A worker that is given the mount at which callers wait serves them as soon as it can.
    too_early = it.memory.unfronted or (it.memory.unjudged and guarding.kind(it) == "wait")
    return () if too_early else (Stage(),)


def _while_trying(it: Situation) -> tuple[State, Cause | None]:
    """A try under way keeps the word of the failure before it, so that retries do not flicker.

    The first crash is news, and tried again at once; from the second on there is a time of waiting between two tries.
    """
    failure = it.memory.failure
    if it.serving is not None:
        return State.MOUNTED, failure.cause if failure else None
    if failure is None:
        return State.MOUNTING, None
    fault = FAULTS[failure.cause.code]
    if fault.klass is FaultClass.WORKER and failure.count == 1:
        return State.MOUNTING, failure.cause
    return (State.FAILED if fault.needs_person else State.WAITING), failure.cause


def decide(situation: Situation) -> Decision:
    """The next step for one mount. Ever called again after its actions, it comes to rest without actions."""
    chores, deadline = housekeeping.drains(situation)
    if housekeeping.spare_is_stale(situation):
        chores = (DropSpare(), *chores)
        situation = replace(situation, memory=replace(situation.memory, spare=None))
    decision = next(found for row in _ROWS if (found := row(situation)) is not None)
    if decision.state is State.MOUNTED and decision.cause is None:
        decision = replace(decision, cause=situation.memory.limited)
    wait_ends = guarding.wait_ends(situation) if situation.observed.serving is None else None
    times = [time for time in (decision.look_at, deadline) if time is not None]
    rest_due = demand.rest_due(situation)
    times += [max(rest_due, situation.now)] if rest_due is not None else []
    times += [wait_ends] if wait_ends is not None and wait_ends > situation.now else []
    return replace(decision, actions=(*chores, *decision.actions), look_at=min(times, default=None))

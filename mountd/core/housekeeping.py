"""What is seen to beside the mount itself: workers that drain, workers nobody accounts for, spares. Pure."""

from mountd.core.actions import Action, DropSpare, EndHung, Kill, Prepare, StageSpare, StartDrain
from mountd.core.layers import Kind
from mountd.core.memory import Hung
from mountd.core.messages import Cause
from mountd.core.situation import Decision, Situation
from mountd.words.model import State


def drains(it: Situation) -> tuple[tuple[Action, ...], float | None]:
    """Kills that are due, workers nobody accounts for, a hung one; when the next deadline is."""
    memory, observed = it.memory, it.observed
    kills: list[Action] = [Kill(drain) for drain in memory.draining if not drain.killed and drain.deadline <= it.now]
    waiting = [drain.deadline for drain in memory.draining if not drain.killed and drain.deadline > it.now]
    known = {drain.unit for drain in memory.draining}
    known |= {one.unit for one in (memory.staging, memory.spare) if one is not None}
    known |= {observed.serving.unit} if observed.serving else set()
    hung = _hung(it)
    if hung is not None:
        known.add(hung.unit)
        replaced = observed.serving is None or observed.serving.unit != hung.unit
        if replaced or hung.deadline <= it.now:
            kills = [*kills, EndHung(hung.unit)]
        else:
            waiting.append(hung.deadline)
    covered = {layer.connection for layer in observed.layers if layer.kind is Kind.LIVE}
    orphans = [
        StartDrain(worker.unit) for worker in observed.workers
        if worker.unit not in known and worker.connection not in covered
    ]
    return (*kills, *orphans), min(waiting, default=None)


def _hung(it: Situation) -> Hung | None:
    """The hung worker as long as it has not been ended."""
    hung, ended = it.memory.hung, {drain.unit for drain in it.memory.draining}
    there = hung is not None and any(worker.unit == hung.unit for worker in it.observed.workers)
    return hung if hung is not None and there and hung.unit not in ended else None


def spare_is_stale(it: Situation) -> bool:
    """Is there a spare that is of no use: for another configuration, or for a mount that is not wanted?"""
    spare = it.memory.spare
    if spare is None:
        return False
    # Where callers wait already, the next worker has to be given their mount.
    waited_for = it.observed.top is not None and it.observed.top.kind is Kind.WAITING
    unfit = spare.digest != it.digest or spare.hot != (it.mount is not None and it.mount.standby)
    return not it.wanted or waited_for or unfit


def standby_is_ready(it: Situation) -> bool:
    """Is there a second worker that has answered and would take the folder over at once?"""
    return it.memory.spare is not None and it.memory.spare.ready


def with_spare(it: Situation) -> Decision:
    """All is well: time to see to the next time."""
    due, spare = it.memory.spare_due, it.memory.spare
    if spare is not None and spare.hot and not spare.ready and it.mount is not None:
        deadline = spare.since + it.mount.start_timeout
        late = DropSpare(Cause("start-timeout", f"{it.mount.start_timeout:.0f} s"))
        return Decision(State.MOUNTED, (late,) if it.now >= deadline else (), look_at=max(deadline, it.now))
    if spare is not None or due is None or it.memory.refusal is not None:
        return Decision(State.MOUNTED)
    if it.now < due:
        return Decision(State.MOUNTED, look_at=due)
    if it.memory.prepared is None:
        return Decision(State.MOUNTED, () if it.memory.preparing is not None else (Prepare(),))
    return Decision(State.MOUNTED, (StageSpare(),))

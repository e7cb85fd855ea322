"""When is an order carried out? Pure: compares a mount before the order with the mount now."""

from dataclasses import dataclass

from mountd.core import verdict
from mountd.core.verdict import Document


@dataclass(frozen=True)
class Goal:
    """What an order wants to see in the end: the mount ``up``, ``away``, or either as the configuration says.

    ``fresh``: up on another worker than before.
    """

    up: bool = False
    away: bool = False
    fresh: bool = False

    @property
    def either(self) -> bool:
        """True when both ends are right."""
        return self.up and self.away


STARTED = Goal(up=True)
RESTARTED = Goal(up=True, fresh=True)
STOPPED = Goal(away=True)
APPLIED = Goal(up=True, away=True)
SWAPPED = Goal(up=True, away=True, fresh=True)

_PASSING = ("mounting", "draining")
_IDLE = ("stopped", "disabled")
_MARKS = ("state", "health", "since", "unit", "pid", "restarts", "next_try", "reason")


def reached(goal: Goal, before: Document | None, after: Document | None) -> bool:
    """True when the mount is what the order wanted."""
    if after is None:
        return not goal.up
    if after["state"] in _IDLE:
        return goal.away
    if not goal.up or not verdict.is_ready(after):
        return False
    if not goal.fresh or before is None or _another_worker(before, after):
        return True
    # A change that could not come up and is now taken back leaves the worker that served all the while.
    return goal.either and bool(before["health"] == "degraded")


def _another_worker(before: Document, after: Document) -> bool:
    return any(after[mark] != before[mark] for mark in ("unit", "pid"))


def settled(goal: Goal, before: Document | None, after: Document | None, calm: bool) -> bool:
    """True when the order has been carried out or has come to nothing; False while that is open.

    An order is answered before it is carried out, so a mount that is not up and looks exactly as before counts only
    when it still does so once the first seconds are over (``calm``). A mount that waits without a time for its next
    try is being tried right now: the daemon keeps the word ``waiting`` meanwhile, so that it does not flicker.
    """
    if reached(goal, before, after) and not (goal.either and after is not None and after["state"] in _IDLE):
        taken_back = goal.fresh and before is not None and after is not None and not _another_worker(before, after)
        return calm or not taken_back
    trying = after is not None and after["state"] == "waiting" and not after["next_try"]
    if after is None or trying or after["state"] in _PASSING:
        return False
    if before is None and after["state"] == "foreign":
        # What was taken away a moment ago is seen to be gone in the next one.
        return calm
    if after["state"] == "mounted" and (not goal.up or after["health"] in ("ok", "unknown")):
        return False
    return calm or before is None or any(after[mark] != before[mark] for mark in _MARKS)

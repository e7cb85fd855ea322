"""When is an order carried out? Pure: compares a mount before the order with the mount now."""

from enum import Enum

from mountd.cli import verdict
from mountd.cli.verdict import Document


class Goal(Enum):
    """What an order wants to see in the end."""

    UP = "up"
    FRESH = "fresh"
    """Up on another worker than before."""
    AWAY = "away"


_PASSING = ("mounting", "draining")
_MARKS = ("state", "health", "since", "unit", "pid", "restarts", "next_try", "reason")


def reached(goal: Goal, before: Document | None, after: Document | None) -> bool:
    """True when the mount is what the order wanted."""
    if goal is Goal.AWAY:
        return after is None or after["state"] in ("stopped", "disabled")
    if after is None or not verdict.is_ready(after):
        return False
    return goal is Goal.UP or before is None or any(after[mark] != before[mark] for mark in ("unit", "pid"))


def settled(goal: Goal, before: Document | None, after: Document | None, calm: bool) -> bool:
    """True when the order has been carried out or has come to nothing; False while that is open.

    An order is answered before it is carried out, so a sick mount that looks exactly as before counts only
    when it still does so once the first seconds are over (``calm``). A mount that waits without a time for
    its next try is being tried right now: the daemon keeps the word ``waiting`` meanwhile, so that it does
    not flicker.
    """
    if reached(goal, before, after):
        return True
    trying = after is not None and after["state"] == "waiting" and not after["next_try"]
    if after is None or trying or after["state"] in _PASSING:
        return False
    if after["state"] == "mounted" and (goal is not Goal.UP or after["health"] in ("ok", "unknown")):
        return False
    return calm or before is None or any(after[mark] != before[mark] for mark in _MARKS)

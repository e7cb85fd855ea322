"""Mounts whose worker comes at the first access and goes when nobody uses the folder. Pure."""

from mountd.core import guarding
from mountd.core.actions import Rest
from mountd.core.messages import Cause
from mountd.core.situation import Decision, Situation
from mountd.words.model import State

CODE = "on-demand"


def asleep(it: Situation) -> Decision | None:
    """Nobody has come yet: whoever does, waits, and that is seen."""
    if not it.asleep or not it.memory.coverable:
        return None
    return Decision(State.WAITING, guarding.missing(it), Cause(CODE))


def idle(it: Situation) -> Decision | None:
    """Time to see whether anybody uses the folder."""
    due = rest_due(it)
    return Decision(State.MOUNTED, (Rest(),)) if due is not None and it.now >= due else None


def rest_due(it: Situation) -> float | None:
    """When that is; None for a mount that does not go by itself, or not now."""
    mount, worker = it.mount, it.serving
    if mount is None or not mount.on_demand or not mount.idle_unmount or not it.wanted:
        return None
    return it.memory.idle_due if worker is not None and worker.digest == it.digest else None

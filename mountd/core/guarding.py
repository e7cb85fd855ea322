"""Which guard callers meet while no worker serves the folder. Pure."""

from mountd.core.actions import Action, DropStaging, Expose, PlaceGuard
from mountd.core.layers import Kind, Layer
from mountd.core.situation import Situation

_EFFECTS = {Kind.EMPTY_GUARD: "empty", Kind.WAITING: "wait"}
"""A dead mount is a guard of the kind ``error`` by itself."""


def missing(it: Situation) -> tuple[Action, ...]:
    """What is to be done for the right guard, if it is not there.

    Without a known folder there is none: a folder that may not be covered (it holds files) stays as it is.
    """
    if it.mount is None or not it.memory.coverable or it.observed.serving is not None:
        return ()
    wanted, present = kind(it), _effect(it.observed.top)
    if wanted == present:
        return ()
    if present == "wait":
        return _end_of_waiting(it, wanted)
    return _beginning_of_waiting(it) if wanted == "wait" else (PlaceGuard(wanted),)


def kind(it: Situation) -> str:
    """What callers shall meet now: as configured, and an error when they have waited long enough."""
    if it.mount is None:
        return "error"
    if it.asleep or _is_waking(it):
        return "wait"
    end = wait_ends(it)
    return "error" if end is not None and it.now >= end else it.mount.when_away


def _is_waking(it: Situation) -> bool:
    """The first caller of a mount on demand waits for the first try, whatever is configured for after that."""
    memory, on_demand = it.memory, it.mount is not None and it.mount.on_demand
    end = wait_ends(it)
    tried = memory.failure is not None or memory.refusal is not None
    return on_demand and memory.awake is not None and not tried and (end is None or it.now < end)


def wait_ends(it: Situation) -> float | None:
    """When those who wait get an error, None where nobody waits under a limit."""
    if it.mount is None or it.mount.when_away != "wait" or it.memory.away is None:
        return None
    return it.memory.away + it.mount.wait_limit


def _effect(top: Layer | None) -> str:
    return "" if top is None else _EFFECTS.get(top.kind, "error")


def _end_of_waiting(it: Situation, wanted: str) -> tuple[Action, ...]:
    """A worker that was given the mount holds its end as well: it has to go first, or callers wait on."""
    if not it.observed.guard_is_taken:
        return (PlaceGuard(wanted),)
    return (DropStaging(),) if it.memory.staging is not None else ()


def _beginning_of_waiting(it: Situation) -> tuple[Action, ...]:
    """Callers wait best at the mount that a worker on its way will serve."""
    staging = it.memory.staging
    worker = it.observed.worker(staging.unit) if staging is not None else None
    if worker is None:
        return (PlaceGuard("wait"),)
    return (Expose(),) if worker.connection in it.observed.held else (DropStaging(), PlaceGuard("wait"))

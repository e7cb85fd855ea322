"""Which guard callers meet while no worker serves the folder. Pure."""

from mountd.core.actions import Action, PlaceGuard
from mountd.core.layers import Kind, Layer
from mountd.core.situation import Situation


def missing(it: Situation) -> tuple[Action, ...]:
    """The guard that is missing, if one is. A dead mount is a guard of the kind ``error`` by itself.

    Without a known folder there is none: a folder that may not be covered (it holds files) stays as it is.
    """
    if it.mount is None or not it.memory.coverable or it.observed.serving is not None:
        return ()
    top = it.observed.top
    present = "" if top is None else _effect(top)
    return () if present == it.mount.when_away else (PlaceGuard(it.mount.when_away),)


def _effect(layer: Layer) -> str:
    return "empty" if layer.kind is Kind.EMPTY_GUARD else "error"

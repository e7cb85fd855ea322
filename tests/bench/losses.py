"""Did a program lose something? Told from its exit status and from what the store has, before and after."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum

File = tuple[int, str]
"""Size in bytes, and a digest of them."""
Files = Mapping[str, File]
"""By name."""


class Outcome(Enum):
    """What came of one program; the value is what a reader sees behind its exit status."""

    RIGHT = "right"
    WHOLE = "nothing lost"
    TOLD = "lost, and said so"
    LOST = "LOST"
    """Success was reported for what is not there: the one that nobody notices."""


def outcome(status: int, before: Files, after: Files, plain: Files, varies: Collection[str] = ()) -> Outcome:
    """What came of it.

    ``plain`` is what the same program leaves in a plain local folder that began like ``before``: the store has to have
    the same, byte for byte, where success is reported. Files named in ``varies`` say when or where they were made; they
    have to be there and not be empty. What the program left besides (temporary files) does not count.
    """
    def same(name: str) -> bool:
        if name in varies and name in plain:
            return after.get(name, (0, ""))[0] > 0
        return after.get(name) == plain.get(name)

    right = all(map(same, {*before, *plain}))
    if status == 0:
        return Outcome.RIGHT if right else Outcome.LOST
    # A file that was to go may only be gone when all that was to come is there.
    kept = all(name in after and (after[name] == before[name] or same(name)) for name in before)
    return Outcome.WHOLE if right or kept else Outcome.TOLD

"""Uploads that nobody will complete: which of those that a store lists may be aborted. Pure.

An upload that is under way looks like one that a crash has left. So one is aborted only when it is older than the
mount says, older than every worker of this machine that could still be at it, and by more than clocks may differ.
Times are seconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass

MARGIN = 120.0
"""The store's clock is asked, but its answer takes a while to come."""
UNKNOWN = -1.0
TRY, _TRIED = ".s3mountd-try-", 600.0
"""How the uploads begin that ``system.s3.rights`` begins for a try, and how old one is at most that is under way."""


@dataclass(frozen=True)
class Upload:
    """One upload that a store lists. ``age`` is by the store's own clock."""

    key: str
    number: str
    age: float


    @property
    def is_try(self) -> bool:
        """Is it one of s3mountd's own, here or elsewhere, that is given up in a moment?"""
        return self.key.rpartition("/")[2].startswith(TRY) and self.age < _TRIED


@dataclass(frozen=True)
class Found:
    """What is known of a mount's incomplete uploads."""

    count: int
    oldest: float | None
    """Age of the oldest at that time, None without any."""
    aborted: int
    """How many were aborted then; they are not counted."""
    at: float
    """Since the epoch."""
    more: bool = False
    """There are more than were counted."""


def least_age(limit: float, begun: Iterable[float], now: float) -> float:
    """How old an upload has to be to be aborted, UNKNOWN for none.

    ``limit`` is the mount's, 0 for none; ``begun`` is since when (epoch) the workers run that may write to the bucket,
    0 for one that does not say.
    """
    starts = list(begun)
    if not limit or not all(starts):
        return UNKNOWN
    return max(limit, now - min(starts, default=now) + MARGIN)


def abortable(uploads: Iterable[Upload], prefix: str, least: float) -> list[Upload]:
    """Those that may be aborted, below the prefix only, whatever the store has listed."""
    if least < 0:
        return []
    return [one for one in uploads if one.key.startswith(prefix) and one.age > least]

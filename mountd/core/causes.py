"""What several mounts suffer from together: an endpoint that is away is one cause, however many mounts it has. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from mountd.core.messages import Cause
from mountd.words.errors import FAULTS, FaultClass
from mountd.words.model import Reason

_OF_ONE_BUCKET = frozenset({"throttled", "store-error", "proxy-failed"})
_NAMED = 3
"""Mounts that are called by name in a sentence."""


def is_outage(cause: Cause | Reason | None) -> bool:
    """Does it lie between this machine and the endpoint, so that all mounts of the endpoint have it?"""
    return (cause is not None and cause.code not in _OF_ONE_BUCKET
            and FAULTS[cause.code].klass is FaultClass.NETWORK)


@dataclass(frozen=True)
class Affected:
    """A mount that suffers from its endpoint. ``since`` is monotonic seconds, ``wall`` the same since the epoch."""

    name: str
    endpoint: str
    reason: Reason
    since: float
    wall: float
    grace: float

    @property
    def counts_at(self) -> float:
        """When it is more than a blip."""
        return self.since + self.grace


@dataclass(frozen=True)
class Shared:
    """One cause for all the mounts named. ``since`` is seconds since the epoch."""

    reason: Reason
    endpoint: str
    since: float
    mounts: tuple[str, ...]

    def sentence(self) -> str:
        """One line for all of them."""
        count = len(self.mounts)
        if count == 1:
            return f"{self.mounts[0]}: {self.reason.text}"
        names = ", ".join(self.mounts[:_NAMED]) + (", ..." if count > _NAMED else "")
        return f"{self.reason.text}: {count} mounts are affected ({names})"


def shared(affected: Iterable[Affected], now: float) -> tuple[Shared, ...]:
    """The causes that last longer than the grace of one of their mounts, the oldest first."""
    groups: dict[str, list[Affected]] = {}
    for one in affected:
        groups.setdefault(one.endpoint, []).append(one)
    found = [_cause(members) for members in groups.values() if any(one.counts_at <= now for one in members)]
    return tuple(sorted(found, key=lambda cause: cause.since))


def _cause(members: list[Affected]) -> Shared:
    first = min(members, key=lambda one: one.since)
    return Shared(first.reason, first.endpoint, first.wall, tuple(sorted(one.name for one in members)))

"""What a mount that serves cannot do though it should: found beside the proof that it serves. Pure."""

from collections.abc import Iterable

from mountd.core.messages import Cause
from mountd.words.model import Health

_USELESS = frozenset({"read-denied"})
"""Codes with which nobody is served, whatever a probe for a name that nobody has may prove."""
VAGUE = frozenset({"start-timeout", "store-error", "tls-failed", "unreachable"})
"""Codes that mount-s3's own words lead to for want of a better one."""
AMBIGUOUS = {"bucket-missing": "host-unknown"}
"""Codes of mount-s3's own words that may mean another one, by what S3 says when it is asked apart."""
_LESSER = frozenset({"access-denied", "no-answer", "store-error", "write-denied", "write-untried", "store-full"})
"""Codes that an errno, or none at all, leads to, and those of writing: they matter less than that nobody can read."""


def healthy(cause: Cause) -> Health:
    """The health of a mount that has this to be said of it."""
    return Health.DOWN if cause.code in _USELESS else Health.DEGRADED


def gravest(remarks: Iterable[Cause]) -> Cause | None:
    """The one that is told first; None without any."""
    return min(remarks, key=lambda cause: cause.code not in _USELESS, default=None)


def verdict(found: tuple[Health, Cause | None], remarks: Iterable[Cause]) -> tuple[Health, Cause | None]:
    """What a probe proved, and what is to be said besides: an outage is told first, a remark before a vague word."""
    told, cause = gravest(remarks), found[1]
    if told is None or found[0] is Health.UNKNOWN or (cause is not None and cause.code not in _LESSER):
        return found
    if cause is not None and told.code not in _USELESS:
        return found
    return healthy(told), told


def better(said: Cause, found: Cause | None) -> Cause:
    """Why a start failed: mount-s3's own words, unless S3, asked apart from it, has said more."""
    more = found is not None and (said.code in VAGUE or AMBIGUOUS.get(said.code) == found.code)
    return found if found is not None and more else said

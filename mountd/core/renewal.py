"""When keys that expire are fetched anew, and when it is said that they will end. Pure: seconds since the epoch.

mount-s3 asks for others five minutes before the end that it was told (``core.lease``), so they have to be there before.
"""

from dataclasses import dataclass

from mountd.core import backoff
from mountd.core.messages import Cause
from mountd.words.errors import FAULTS

_SHARE, _MOST = 1 / 3, 24 * 3600.0
"""Others are fetched when a third of their time is left, or a day: so early that a failure can be told and mended."""
_NEAR = 600.0
"""Seconds before the end in which it is tried as often as that makes sense."""
_JITTER = 0.1
PACE = 30.0
"""Never asked more often than this, whatever comes back."""
_ENOUGH = 330.0
"""Keys that last no longer are not begun with: mount-s3 would ask for others with every request."""
_LAST_TRIES = 60.0
"""While keys run out it is tried this often, however patient the fault's class is."""
LONG, LONG_LEAD, SHORT_LEAD = 6 * 3600.0, 24 * 3600.0, 900.0
"""What lives longer than the first is told of a day before its end, the rest a quarter of an hour."""
_BY_HAND = frozenset({"sso-ended"})
"""Why only a person can get others, who is told as if the keys lived long: no further try can help."""


@dataclass(frozen=True)
class Term:
    """Keys that are in use: since when, until when (None: they do not end), and the tries since that failed."""

    begun: float
    expires: float | None
    failures: int = 0
    cause: Cause | None = None
    """Why the last try failed."""

    def age(self, now: float) -> float:
        """Seconds since they were asked for."""
        return now - self.begun

    def lasts(self, now: float) -> bool:
        """Long enough to begin with; what is short has to do when it is fresh."""
        return self.expires is None or self.expires - now > (0.0 if self.age(now) < PACE else _ENOUGH)


def due(term: Term, now: float, chance: float) -> float | None:
    """When to fetch others, None for never; ``chance`` (0 to 1) spreads many mounts. Nothing is due in the past."""
    if term.expires is None:
        return None
    if term.cause is not None:
        return now + _wait(term, now, chance)
    life = max(0.0, term.expires - term.begun)
    ahead = min(_MOST, life * _SHARE) * (1 + _JITTER * chance)
    return max(term.expires - ahead, term.begun + PACE, now)


def _wait(term: Term, now: float, chance: float) -> float:
    wait = backoff.delay(term.cause.code if term.cause else "", term.failures, chance)
    left = (term.expires or now) - now
    # Some things only a person can mend, but a person may do so at any time.
    patient = FAULTS["no-credentials"].retry.cap if wait is None else wait
    return max(PACE, min(patient, _LAST_TRIES) if 0 < left < _NEAR else patient)


def lead(term: Term, wanted: float) -> float:
    """How long before the end it is said: as wanted (0: nothing is), else by how long the keys live and who can get
    others. Seconds."""
    if wanted:
        return wanted
    long = term.expires is not None and term.expires - term.begun > LONG
    return LONG_LEAD if long or (term.cause is not None and term.cause.code in _BY_HAND) else SHORT_LEAD


def warn_at(term: Term, wanted: float) -> float | None:
    """When to say that the keys end: those that cannot be had anew, or could not be yet. None when all is well."""
    if term.expires is None or term.cause is None:
        return None
    return term.expires - lead(term, wanted)

"""How often a webhook is tried, as values: which answers are final, and how long to wait after the others."""

from datetime import UTC
from email.utils import parsedate_to_datetime

TRIES = 8
BUDGET = 600.0
"""Seconds for one piece of news, waits included."""
TIMEOUT = 10.0
"""Seconds that the other side may be silent."""
_FIRST, _FACTOR, _CAP = 1.0, 2.5, 240.0
_JITTER = 0.2


def is_final(status: int) -> bool:
    """Is asking again useless? What the server cannot do now, or wants later, is not (RFC 9110, 15.5 and 15.6)."""
    return status < 500 and status not in (408, 425, 429)


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds that a ``Retry-After`` asks for: a number or a date (RFC 9110, 10.2.3); ``now`` is since the epoch."""
    if value is None:
        return None
    if value.isascii() and value.strip().isdigit():
        return float(value.strip()[:9])
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    # A date without a zone is meant as UTC.
    return max(0.0, (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now)


def pause(tries: int, wished: float | None, chance: float) -> float:
    """Seconds to wait after so many tries; ``wished`` is what the server asked for, ``chance`` (0 to 1) the jitter."""
    if wished is not None:
        return wished
    return min(_CAP, _FIRST * _FACTOR ** (tries - 1)) * (1.0 + _JITTER * chance)


def is_over(tries: int, elapsed: float, wait: float) -> bool:
    """Is it time to give up?"""
    return tries >= TRIES or elapsed + wait > BUDGET

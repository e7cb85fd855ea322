"""When to try again: attempts counted, delays grown by the fault's class, all as values."""

from dataclasses import dataclass

from mountd.core.messages import Cause
from mountd.words.errors import CRASHES, FAULTS

STABLE_SECONDS = 2.0
"""A mount that served this long has recovered: the next crash is a first one again.

Short on purpose. A start costs a tenth of a second, so one that dies every few seconds is best started at once;
the delays are for those that die as soon as they serve."""


LOOP = "crash-loop"
_CRASHED = frozenset({"worker-crashed", "worker-ended", "worker-out-of-memory"})


@dataclass(frozen=True)
class Failure:
    """The last thing that went wrong: its cause, how often in a row, and when to try again (monotonic seconds).

    ``not_before`` is None when only a change of configuration or an operator's word helps.
    """

    cause: Cause
    count: int
    at: float
    not_before: float | None


def delay(code: str, count: int, chance: float) -> float | None:
    """Seconds to wait after the ``count``-th failure in a row; ``chance`` (0 to 1) moves it by the jitter."""
    retry = FAULTS[code].retry
    if retry.first is None:
        return None
    if retry.first == 0.0:
        # The first crash costs nothing; from the second on the delay grows as if it had begun at half a second.
        grown = 0.0 if count <= 1 else 0.5 * retry.factor ** min(count - 2, 30)
    else:
        grown = retry.first * retry.factor ** max(0, min(count - 1 - retry.after, 30))
    bounded = min(grown, retry.cap)
    return bounded * (1.0 + retry.jitter * (2.0 * chance - 1.0))


def after(previous: Failure | None, cause: Cause, now: float, chance: float) -> Failure:
    """The memory after one more failure; a failure of another class begins its own count."""
    klass = FAULTS[cause.code].klass
    same = previous is not None and FAULTS[previous.cause.code].klass is klass
    count = previous.count + 1 if previous is not None and same else 1
    if count >= CRASHES and cause.code in _CRASHED:
        last = FAULTS[cause.code].sentence.format(detail=cause.detail)
        cause = Cause(LOOP, f"{count} times in a row, at last {last}")
    wait = delay(cause.code, count, chance)
    return Failure(cause, count, now, None if wait is None else now + wait)


def worth_saying(count: int) -> bool:
    """Is the ``count``-th repetition worth a line in the journal? The 1st, 2nd, 4th, 8th ... is."""
    return count & (count - 1) == 0

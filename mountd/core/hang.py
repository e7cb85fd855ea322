"""Is a worker hung? Only when nothing else can explain that callers wait. Pure: counters and clocks are arguments.

Hung is a worker that leaves callers waiting, does not answer a statvfs (a question that it answers by itself, without
S3), and does nothing at all meanwhile, although S3 is well when it is asked from this host. A false kill loses what is
being uploaded, a late one costs patience: what is not known is never a reason (docs/adr/0014).
"""

from dataclasses import dataclass, replace
from enum import Enum

THREADS = 16
"""Requests that mount-s3 works on at once (``--max-threads``, its default): so many can keep it from a statvfs."""
_BUSY = 8.0
"""So many times more patience when all threads may be at work: a close waits for S3 to put a large file together."""
_SLEPT = 0.5
"""Seconds of sleep of the machine after which nothing before counts."""

_BYTES, _BYTES_A_SECOND = 4096, 256
_CPU, _CPU_A_SECOND = 0.02, 0.02
"""What a worker without work does all the same: timers, a line of its log."""


@dataclass(frozen=True)
class Pulse:
    """What a worker's process has done so far, as counters of the kernel."""

    bytes: int
    """Read and written by system calls."""
    cpu: float
    """Seconds."""
    faults: int = 0
    """Pages brought back from disk: a machine short of memory is slow, not hung."""
    sockets: str = ""
    """What lies in the queues of its TCP connections, as a text that changes when that does."""
    stopped: bool = False
    """Every thread is stopped by a signal, so nothing it waits for can help."""


@dataclass(frozen=True)
class Sample:
    """One look. Times are monotonic seconds; those of a machine that sleeps are not counted (clock_gettime(2))."""

    at: float
    slept: float
    """Seconds that the machine has slept since it was booted."""
    callers: int | None
    """Requests that wait, our own questions left out; None when that is not known."""
    silent: float | None = None
    """For how long a statvfs has had no answer; None when none is under way."""
    pulse: Pulse | None = None


@dataclass(frozen=True)
class Watch:
    """What was seen of a worker since callers began to wait."""

    ticks: int = 0
    """Looks in a row at which callers waited."""
    last: Sample | None = None
    quiet: Sample | None = None
    """The look since which the worker has done nothing."""


class Verdict(Enum):
    """What to do next."""

    CALM = "calm"
    SUSPECT = "suspect"
    """Callers wait: ask for a statvfs, feel the pulse."""
    SILENT = "silent"
    """All speaks for a hang, if S3 is well: ask."""
    HUNG = "hung"


def tick(limit: float) -> float:
    """Seconds between two looks: three looks fit into the limit, and it costs next to nothing."""
    return min(5.0, max(1.0, limit / 3))


def patience(limit: float) -> float:
    """Seconds of silence that count: two looks have passed before anything was asked."""
    return max(tick(limit), limit - 2 * tick(limit))


def follow(watch: Watch, sample: Sample, limit: float) -> Watch:
    """The watch after one more look."""
    if not sample.callers:
        return Watch()
    last = watch.last
    if last is None or sample.slept - last.slept > _SLEPT or sample.at - last.at > 2 * tick(limit) + 1.0:
        # The machine or this daemon was away: what was seen before says nothing of now.
        return Watch(1, sample, sample if sample.pulse else None)
    quiet = watch.quiet
    if sample.pulse is None or quiet is None or quiet.pulse is None or _moved(quiet, sample):
        quiet = sample if sample.pulse else None
    return replace(watch, ticks=watch.ticks + 1, last=sample, quiet=quiet)


def _moved(before: Sample, now: Sample) -> bool:
    old, new = before.pulse, now.pulse
    if old is None or new is None:
        return True
    span = now.at - before.at
    return (
        new.bytes - old.bytes > _BYTES + _BYTES_A_SECOND * span
        or new.cpu - old.cpu > _CPU + _CPU_A_SECOND * span
        or new.faults > old.faults
        or (new.sockets != old.sockets and not new.stopped)
    )


def verdict(watch: Watch, limit: float, threads: int, store: str | None) -> Verdict:
    """``threads`` is the worker's own limit; ``store`` is "" when S3 is well now, a code when not, None unknown."""
    last, quiet = watch.last, watch.quiet
    if watch.ticks < 2 or last is None:
        return Verdict.CALM
    if watch.ticks < 3 or last.silent is None or last.pulse is None or quiet is None:
        return Verdict.SUSPECT
    at_work = (last.callers or 0) >= threads and not last.pulse.stopped
    needed = limit * _BUSY if at_work else patience(limit)
    # A timer is a few milliseconds early or late.
    if min(last.silent, last.at - quiet.at) < needed - 0.1:
        return Verdict.SUSPECT
    return Verdict.HUNG if store == "" else Verdict.SILENT

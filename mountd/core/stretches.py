"""Stretches of time as pairs of seconds since the epoch: cut, subtracted, added up. Pure."""

from collections.abc import Iterable, Sequence

DAY = 86400.0

Stretch = tuple[float, float]
"""From and to."""


def cut(stretches: Iterable[Stretch], begin: float, end: float) -> list[Stretch]:
    """The parts of stretches between two moments."""
    return [(max(a, begin), min(b, end)) for a, b in stretches if b > begin and a < end]


def total(stretches: Iterable[Stretch]) -> float:
    """Seconds in all of them."""
    return sum(end - begin for begin, end in stretches)


def minus(stretches: Iterable[Stretch], gaps: Sequence[Stretch]) -> list[Stretch]:
    """What of the stretches lies in no gap; both are in order and without overlaps of their own."""
    left: list[Stretch] = []
    at = 0
    for begin, end in stretches:
        while at < len(gaps) and gaps[at][1] <= begin:
            at += 1
        start = begin
        for gap_begin, gap_end in gaps[at:]:
            if gap_begin >= end:
                break
            if gap_begin > start:
                left.append((start, gap_begin))
            start = max(start, min(gap_end, end))
        if start < end:
            left.append((start, end))
    return left


def by_day(stretches: Iterable[Stretch], begins: Sequence[float]) -> list[float]:
    """Seconds of the stretches in each of the days that begin so."""
    seconds = [0.0] * len(begins)
    for begin, end in cut(stretches, begins[0], begins[-1] + DAY):
        for number in range(int((begin - begins[0]) // DAY), len(begins)):
            if begins[number] >= end:
                break
            seconds[number] += min(end, begins[number] + DAY) - max(begin, begins[number])
    return seconds

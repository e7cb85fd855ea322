"""Time spans as people write them: ``"90s"``, ``"1h 30min"``, or seconds as a number."""

import re

_UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.ASCII)


def seconds(text: str) -> float:
    """Seconds of a span; a number without a unit counts seconds, as in systemd.time(7). Raises ValueError."""
    rest, total = text.strip(), 0.0
    if not rest:
        raise ValueError(text)
    while rest:
        match = _PART.match(rest)
        if match is None or (match[2] or "s") not in _UNITS:
            raise ValueError(text)
        total += float(match[1]) * _UNITS[match[2] or "s"]
        rest = rest[match.end():]
    return total


def text(span: float) -> str:
    """A span of seconds in the largest unit that divides it: ``"90s"``, ``"2min"``, ``"1h"``."""
    for unit, size in (("h", 3600), ("min", 60)):
        if span >= size and span % size == 0:
            return f"{span / size:g}{unit}"
    return f"{span:g}s"


_ROUGH = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def rough(span: float) -> str:
    """Two units at most, as a person says it: ``3d 4h``, ``12min``, ``0s``."""
    left = max(0, int(span))
    parts = []
    for unit, size in _ROUGH:
        if left >= size:
            parts.append(f"{left // size}{unit}")
            left %= size
        elif parts:
            break
    return " ".join(parts[:2]) or "0s"

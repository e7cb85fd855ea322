"""Findings as lines for people: what, how it stands, and what mends it."""

from collections.abc import Mapping, Sequence
from typing import Any

from mountd.cli.text import Style, clean, wrapped
from mountd.core.findings import Finding, Level, verdict

_LEVEL = 9


def of_plain(row: Mapping[str, Any]) -> Finding:
    """One that came over a line."""
    return Finding(row["name"], Level[row["level"].upper()], row["text"], row["fix"])


def show(found: Sequence[Finding], style: Style) -> list[str]:
    """A paragraph each: level, name and text, the fix below; a fix of several lines is there to be copied."""
    indent = _LEVEL + max((len(one.name) for one in found), default=0) + 2
    lines: list[str] = []
    for one in found:
        label = f"{one.level.value.ljust(_LEVEL)}{clean(one.name)}"
        first, *rest = wrapped(clean(one.text), style.width, label, indent)
        level = first[:_LEVEL] if one.level is Level.SKIPPED else style.paint(first[:_LEVEL], verdict(one.level))
        lines += [level + first[_LEVEL:], *rest]
        fixes = one.fix.splitlines()
        if len(fixes) == 1:
            lines += wrapped(clean(one.fix), style.width, f"{'':{_LEVEL}}->", _LEVEL + 3)
        else:
            lines += [f"{'':{_LEVEL}}{clean(line)}" for line in fixes]
    return lines

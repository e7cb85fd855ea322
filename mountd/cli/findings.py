"""Findings as lines for people: what, how it stands, and what mends it."""

from collections.abc import Iterable

from mountd.cli.text import Style, clean, wrapped
from mountd.core.findings import Finding, verdict

_LEVEL, _NAME = 9, 20


def show(found: Iterable[Finding], style: Style) -> list[str]:
    """A paragraph each: level, name and text, the fix below."""
    lines: list[str] = []
    indent = _LEVEL + _NAME + 2
    for one in found:
        label = f"{one.level.value.ljust(_LEVEL)}{clean(one.name).ljust(_NAME + 1)}"
        first, *rest = wrapped(clean(one.text), style.width, label, indent)
        lines += [style.paint(first[:_LEVEL], verdict(one.level)) + first[_LEVEL:], *rest]
        if one.fix:
            lines += wrapped(f"-> {clean(one.fix)}", style.width, "", indent)
    return lines

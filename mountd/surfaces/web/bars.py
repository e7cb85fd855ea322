"""A bar for each of 30 days, as a drawing that needs no style of its own. Pure.

The height says as much as the colour: nobody has to tell red from green.
"""

from collections.abc import Mapping, Sequence
from html import escape

from mountd.core import spans
from mountd.core.plain import visible
from mountd.core.verdict import Document

Days = Mapping[str, Sequence[Document]]
"""The days of each mount, as the history document has them, by the mount's name."""

_STEP, _WIDTH, _HEIGHT = 4, 3, 16
_TALL = {"none": 2, "fair": 8, "some": 12, "much": 16}
_MUCH = 0.05
"""Share of a watched day that makes it a bad one."""


def _kind(day: Document) -> str:
    if day["out"]:
        return "much" if day["out"] >= _MUCH * day["watched"] else "some"
    return "fair" if day["watched"] else "none"


def drawing(days: Sequence[Document]) -> str:
    """All days side by side, the latest on the right; nothing for a mount of which nothing is known."""
    if not any(day["watched"] for day in days):
        return ""
    shapes = dict.fromkeys(_TALL, "")
    for number, day in enumerate(days):
        kind = _kind(day)
        tall = _TALL[kind]
        shapes[kind] += f"M{number * _STEP} {_HEIGHT - tall}h{_WIDTH}v{tall}h-{_WIDTH}z"
    paths = "".join(f'<path class="{kind}" d="{shape}"/>' for kind, shape in shapes.items() if shape)
    told = escape(_told(days))
    return (f'<svg class="bars" viewBox="0 0 {len(days) * _STEP - 1} {_HEIGHT}" preserveAspectRatio="xMinYMid" '
            f'role="img" aria-label="{told}">'
            f"<title>{told}</title>{paths}</svg>")


def bad_days(days: Sequence[Document]) -> str:
    """The days with outages, the latest first, as a list."""
    rows = "".join(
        f"<li>{escape(day['date'])}: {spans.rough(max(1, day['out']))} "
        f'<span class="code">{escape(visible(day["code"]))}</span></li>'
        for day in reversed(days) if day["out"])
    return f'<ul class="days">{rows}</ul>' if rows else ""


def _told(days: Sequence[Document]) -> str:
    watched, out = sum(day["watched"] for day in days), sum(day["out"] for day in days)
    bad = sum(bool(day["out"]) for day in days)
    known = sum(bool(day["watched"]) for day in days)
    if not bad:
        return f"no outage in {known} day{'s' * (known != 1)}"
    return (f"{bad} day{'s' * (bad != 1)} of {known} with an outage, "
            f"{spans.rough(max(1, out))} in all of {spans.rough(watched)}")

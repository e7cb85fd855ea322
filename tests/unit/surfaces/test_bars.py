"""The bars of 30 days."""

import re
from typing import Any

import pytest

from mountd.surfaces.web import bars


def day(watched: float = 86400, out: float = 0.0, code: str = "") -> dict[str, Any]:
    return {"date": "2026-11-22", "watched": watched, "out": out, "code": code}


@pytest.mark.parametrize(("one", "kind"), [
    (day(0), "none"), (day(), "fair"), (day(out=1), "some"), (day(out=4320), "much"), (day(100, 100), "much")])
def test_a_bar_is_as_high_as_its_day_was_bad(one: Any, kind: str) -> None:
    drawn = bars.drawing([day(), one])
    assert f'class="{kind}" d="' in drawn
    heights = sorted(map(int, re.findall(r"v(\d+)h", drawn)))
    assert heights == sorted([8, {"none": 2, "fair": 8, "some": 12, "much": 16}[kind]])


def test_of_what_is_not_known_nothing_is_drawn() -> None:
    assert bars.drawing([]) == bars.drawing([day(0)] * 30) == bars.bad_days([day()]) == ""


def test_it_is_told_in_words_too() -> None:
    assert 'aria-label="no outage in 1 day"' in bars.drawing([day(0), day()])
    assert 'aria-label="1 day of 2 with an outage, 1min in all of 2d"' in bars.drawing([day(), day(out=60)])


def test_codes_of_others_stay_text() -> None:
    assert "<b>" not in bars.bad_days([day(out=5, code="<b>")])

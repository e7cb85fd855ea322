"""Time spans."""

from __future__ import annotations

import re

import pytest

from mountd.core import spans


@pytest.mark.parametrize(("text", "seconds"), [
    ("90s", 90), ("90", 90), ("10min", 600), ("10m", 600), ("1h 30min", 5400), ("1h30min", 5400), ("500ms", 0.5),
    ("1.5s", 1.5), ("2d", 172800), (" 5 sec ", 5),
])
def test_right(text: str, seconds: float) -> None:
    assert spans.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", " ", "s", "10 parsecs", "-5s", "1,5s", "5s x", "٣s", "1e3"])
def test_wrong(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        spans.seconds(text)


@pytest.mark.parametrize(("seconds", "text"), [(90, "90s"), (120, "2min"), (3600, "1h"), (86400, "24h"), (0.5, "0.5s")])
def test_text(seconds: float, text: str) -> None:
    assert spans.text(seconds) == text
    assert spans.seconds(text) == seconds

"""What `s3mountctl history` prints."""

import pytest

from mountd.cli import past, text
from mountd.cli.text import Style, columns, moment
from tests.unit.cli.canned import document, golden

PAGE = Style(80)
NOW = moment("2026-11-22T13:40:00Z")
SHARES = {"24h": 1.0, "7d": 0.99968586, "30d": 0.99}


@pytest.mark.parametrize("blips", [False, True])
def test_history(blips: bool) -> None:
    lines = past.page(document("history"), blips, PAGE)
    assert lines == golden("history_blips" if blips else "history")
    assert max(columns(line) for line in lines) <= 80


def test_of_nothing() -> None:
    assert past.page({**document("history"), "mounts": []}, False, PAGE) == ["No mounts are configured."]


@pytest.mark.parametrize(("share", "said"), [
    (1.0, "100 %"), (0.99999999, "99.99 %"), (0.9998, "99.98 %"), (0.5, "50.00 %"), (0.0, "0.00 %")])
def test_what_was_not_always_there_is_never_100_percent(share: float, said: str) -> None:
    assert text.percent(share) == said


@pytest.mark.parametrize(("since", "said"), [
    ("2026-01-01T00:00:00Z", "100 % in 24 h, 99.96 % in 7 days, 99.00 % in 30 days"),
    ("2026-11-20T00:00:00Z", "100 % in 24 h, 99.96 % since 2026-11-20 00:00:00 UTC"),
    ("2026-11-22T13:00:00Z", "100 % since 2026-11-22 13:00:00 UTC")])
def test_no_window_is_longer_than_what_is_known(since: str, said: str) -> None:
    assert ", ".join(text.available(SHARES, since, NOW)) == said


def test_a_window_in_which_nobody_watched_is_left_out() -> None:
    assert text.available({**SHARES, "24h": None}, "2026-01-01T00:00:00Z", NOW)[0] == "99.96 % in 7 days"


@pytest.mark.parametrize(("seconds", "said"), [(0.114, "0.11s"), (3.25, "3.2s"), (12.9, "12s"), (250.0, "4min 10s")])
def test_lengths(seconds: float, said: str) -> None:
    assert text.brief(seconds) == said

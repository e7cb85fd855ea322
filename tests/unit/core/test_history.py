"""What counts as an outage, what is kept of it, and the figures that follow."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mountd.core import history, reckoning
from mountd.core.history import KEPT_OUTAGES, KEPT_SECONDS, History, Outage, Standing
from mountd.core.stretches import DAY, by_day, cut, minus, total
from mountd.words.model import Health, State

T = 1795305600.0
"""A midnight of UTC."""
WELL, OUT, ASIDE = Standing.WELL, Standing.OUT, Standing.ASIDE


def told(*turns: tuple[float, Standing, str], grace: float = 0.0) -> History:
    """A history from turns at seconds after ``T``."""
    made = History()
    for at, to, code in turns:
        made = history.turned(made, to, code, T + at, grace, "mended")
    return made


@pytest.mark.parametrize(("before", "state", "health", "code", "after"), [
    (ASIDE, State.MOUNTED, Health.OK, "", WELL),
    (WELL, State.MOUNTED, Health.DEGRADED, "throttled", OUT),
    (WELL, State.MOUNTED, Health.DOWN, "access-denied", OUT),
    (WELL, State.MOUNTED, Health.UNKNOWN, "", WELL),
    (OUT, State.MOUNTED, Health.UNKNOWN, "", OUT),
    (ASIDE, State.MOUNTED, Health.UNKNOWN, "", ASIDE),
    (WELL, State.MOUNTING, Health.DOWN, "worker-crashed", OUT),
    (WELL, State.MOUNTING, Health.UNKNOWN, "", ASIDE),
    (ASIDE, State.MOUNTING, Health.UNKNOWN, "", ASIDE),
    (OUT, State.MOUNTING, Health.UNKNOWN, "", OUT),
    (ASIDE, State.WAITING, Health.DOWN, "unreachable", OUT),
    (WELL, State.FAILED, Health.DOWN, "bucket-missing", OUT),
    (WELL, State.FOREIGN, Health.DOWN, "foreign-mount", OUT),
    (OUT, State.STOPPED, Health.UNKNOWN, "stopped", ASIDE),
    (WELL, State.DISABLED, Health.UNKNOWN, "disabled", ASIDE),
    (WELL, State.DRAINING, Health.UNKNOWN, "", ASIDE),
    (WELL, State.WAITING, Health.UNKNOWN, "on-demand", ASIDE),
])
def test_what_a_state_counts_as(
    before: Standing, state: State, health: Health, code: str, after: Standing,
) -> None:
    assert history.standing(before, state, health, code) is after


def test_before_a_mount_was_ever_well_nothing_counts() -> None:
    assert told((0, OUT, "bucket-missing"), (100, ASIDE, "stopped")) == History()
    assert told((0, OUT, "bucket-missing"), (100, WELL, "")).begun == T + 100


def test_an_outage_has_its_times_its_code_and_what_was_done() -> None:
    made = told((0, WELL, ""), (10, OUT, "unreachable"), (70, WELL, ""))
    assert made.outages == (Outage(T + 10, T + 70, "unreachable", "mended"),)
    assert made.last(T + 80, 10.0) == made.outages[0]


def test_an_outage_is_called_by_what_was_wrong_for_longest() -> None:
    turns = ((0, WELL, ""), (10, OUT, "worker-crashed"), (11, OUT, "unreachable"), (71, OUT, "access-denied"))
    assert told(*turns, (73, WELL, "")).outages[0].code == "unreachable"
    lasting = told(*turns)
    assert lasting.open is not None
    assert lasting.open.outage(T + 73).code == "unreachable"
    assert lasting.open.outage(T + 300).code == "access-denied"


def test_what_is_over_within_grace_is_a_blip_and_no_outage() -> None:
    made = told((0, WELL, ""), (100, OUT, "unreachable"), (160, WELL, ""), (200, OUT, "worker-crashed"),
                (209.9, WELL, ""), grace=10.0)
    assert [one.blip for one in made.outages] == [False, True]
    assert made.last(T + 300, 10.0) == made.outages[0]
    assert reckoning.availabilities(made, T + 600)["24h"] == pytest.approx(0.9)


def test_what_lasts_passes_for_an_outage_when_grace_is_over() -> None:
    made = told((0, WELL, ""), (100, OUT, "unreachable"))
    assert made.last(T + 109, 10.0) is None
    assert made.grace_left(T + 109, 10.0) == pytest.approx(1.0)
    assert (made.last(T + 110, 10.0), made.grace_left(T + 110, 10.0)) == (Outage(T + 100, None, "unreachable"), None)


def test_time_in_which_nobody_watched_is_neither_good_nor_bad() -> None:
    made = told((0, WELL, ""), (100, ASIDE, "stopped"), (800, WELL, ""), (900, OUT, "unreachable"), (950, WELL, ""))
    assert made.gaps == ((T + 100, T + 800),)
    assert reckoning.availabilities(made, T + 1000)["24h"] == pytest.approx(1 - 50 / 300)


def test_an_outage_over_a_reboot_goes_on_without_the_time_the_machine_was_off() -> None:
    made = history.rebooted(told((0, WELL, ""), (100, OUT, "unreachable")), T + 110, T + 1000)
    made = history.turned(made, WELL, "", T + 1010, 0.0, "")
    assert [(one.since, one.until) for one in made.outages] == [(T + 100, T + 1010)]
    assert history.lasted(made, made.outages[0], T + 2000) == pytest.approx(20)


def test_a_reboot_of_a_mount_that_was_well_is_no_outage() -> None:
    made = history.rebooted(told((0, WELL, "")), T + 110, T + 1000)
    assert history.standing(made.standing, State.MOUNTING, Health.UNKNOWN, "") is ASIDE
    made = history.turned(made, WELL, "", T + 1010, 0.0, "")
    assert (made.outages, made.gaps) == ((), ((T + 110, T + 1010),))


def test_sleep_within_an_outage_does_not_make_it_longer() -> None:
    made = history.unwatched(told((0, WELL, ""), (100, OUT, "unreachable")), T + 102, T + 5000)
    assert history.turned(made, WELL, "", T + 5003, 10.0, "").outages[0].blip


def test_without_a_watched_moment_there_is_no_availability() -> None:
    assert set(reckoning.availabilities(History(), T).values()) == {None}
    stopped = told((0, WELL, ""), (1, ASIDE, "stopped"))
    assert reckoning.availabilities(stopped, T + 3 * DAY) == {"24h": None, "7d": 1.0, "30d": 1.0}


def test_a_short_outage_shows_in_a_month() -> None:
    made = told((0, WELL, ""), (29 * DAY, OUT, "x"), (29 * DAY + 1, WELL, ""))
    share = reckoning.availabilities(made, T + 30 * DAY)["30d"]
    assert share is not None
    assert share < 1.0


def test_what_is_forgotten_is_not_taken_for_a_good_time() -> None:
    turns = [(0.0, WELL, "")]
    for number in range(KEPT_OUTAGES + 20):
        turns += [(100.0 + 100 * number, OUT, "x"), (150.0 + 100 * number, WELL, "")]
    made = told(*turns)
    assert len(made.outages) == KEPT_OUTAGES
    assert made.begun == T + 150 + 100 * 19
    later = history.turned(made, OUT, "x", T + KEPT_SECONDS + 10 * DAY, 0.0, "")
    assert (later.outages, later.begun) == ((), T + 10 * DAY)


def test_blips_are_forgotten_before_outages() -> None:
    turns = [(0.0, WELL, ""), (10.0, OUT, "x"), (50.0, WELL, "")]
    for number in range(KEPT_OUTAGES + 20):
        turns += [(100.0 + 10 * number, OUT, "x"), (101.0 + 10 * number, WELL, "")]
    made = told(*turns, grace=10.0)
    assert len(made.outages) == KEPT_OUTAGES
    assert not made.outages[0].blip
    assert made.begun == T


def test_a_clock_that_was_years_ahead_leaves_no_trace() -> None:
    ahead = told((0, WELL, ""), (10, OUT, "x"), (20, WELL, ""), (4000 * DAY, OUT, "y"), (4001 * DAY, WELL, ""))
    made = history.turned(ahead, OUT, "z", T + 3600, 0.0, "")
    made = history.turned(made, WELL, "", T + 3700, 0.0, "")
    assert [one.code for one in made.outages] == ["z"]
    assert made.outages[0].until == T + 3700


def test_a_day_has_its_share_and_the_code_of_most_of_it() -> None:
    made = told((3600, WELL, ""), (DAY - 100, OUT, "unreachable"), (DAY + 50, WELL, ""), (DAY + 60, OUT, "throttled"),
                (DAY + 160, WELL, ""), (DAY + 1000, ASIDE, "stopped"))
    bars = reckoning.days(made, T + 2 * DAY + 10)
    assert [bar.begin for bar in bars[-3:]] == [T, T + DAY, T + 2 * DAY]
    assert [(bar.watched, bar.out, bar.code) for bar in bars[-3:]] == [
        (DAY - 3600, 100, "unreachable"), (1000, 150, "throttled"), (0, 0, "")]
    assert len(bars) == 30


def test_the_document() -> None:
    made = told((0, WELL, ""), (100, OUT, "worker-crashed"), (160.25, WELL, ""), (200, OUT, "of-another-version"))
    document: Any = reckoning.document([reckoning.Kept("erdos", made)], T + 300, 500)
    [mount] = json.loads(json.dumps(document))["mounts"]
    assert mount["name"] == "erdos"
    assert mount["outages"][0] == {
        "from": "2026-11-22T00:01:40.000Z", "to": "2026-11-22T00:02:40.250Z", "seconds": 60.25,
        "code": "worker-crashed", "text": "mount-s3 was ended", "done": "mended", "blip": False}
    assert (mount["outages"][1]["to"], mount["outages"][1]["text"]) == (None, "of-another-version")
    assert mount["days"][-1] == {"date": "2026-11-22", "watched": 300, "out": 160.25, "code": "of-another-version"}
    assert len(reckoning.document([reckoning.Kept("erdos", made)], T + 300, 1)["mounts"][0]["outages"]) == 1


@pytest.mark.parametrize("text", ["null", "{}", "[]", '{"begun": 1}', '{"begun": "x", "standing": "well", "since": 0}'])
def test_a_file_that_cannot_be_understood_is_an_empty_history(text: str) -> None:
    assert history.of_plain(json.loads(text)) == History()


_TURNS = st.lists(st.tuples(st.floats(0.0, 20 * DAY), st.sampled_from(Standing), st.sampled_from(["", "x", "y"])))


@settings(max_examples=100, deadline=None)
@given(_TURNS, st.floats(0.0, 60.0), st.floats(-DAY / 2, 3 * DAY))
def test_whatever_happens_figures_stay_figures(
    turns: list[tuple[float, Standing, str]], grace: float, jump: float,
) -> None:
    made, wall = History(), T
    for step, (wait, to, code) in enumerate(turns):
        wall += wait
        made = history.turned(made, to, code, wall, grace, "")
        if step % 3 == 2:
            made = history.unwatched(made, wall, wall + jump)
            wall += jump
    assert history.of_plain(json.loads(json.dumps(history.plain(made)))) == made
    for share in reckoning.availabilities(made, wall).values():
        assert share is None or -1e-9 <= share <= 1 + 1e-9
    for bar in reckoning.days(made, wall):
        assert -1e-6 <= bar.out <= bar.watched + 1e-6 <= DAY + 1
    ends = [end for one in made.outages for end in (one.since, one.until)]
    assert ends == sorted(ends, key=lambda end: end or 0.0)
    assert all(one < two for one, two in made.gaps)


@settings(max_examples=100, deadline=None)
@given(_TURNS)
def test_watched_and_unwatched_time_make_up_the_whole(turns: list[tuple[float, Standing, str]]) -> None:
    made, wall = History(), T
    for wait, to, code in turns:
        wall += min(wait, DAY)
        made = history.turned(made, to, code, wall, 0.0, "")
    if made.begun is None:
        return
    bars = reckoning.days(made, wall)
    first = max(made.begun, bars[0].begin)
    aside = [*made.gaps, *([(made.since, wall)] if made.standing is ASIDE else [])]
    assert sum(bar.watched for bar in bars) == pytest.approx(wall - first - total(cut(aside, first, wall)), abs=1e-3)


_STRETCHES = st.lists(st.integers(0, 200), unique=True).map(sorted).map(
    lambda ends: [(float(a), float(b)) for a, b in zip(ends[::2], ends[1::2], strict=False)])


@settings(max_examples=100, deadline=None)
@given(_STRETCHES, _STRETCHES)
def test_what_is_taken_away_is_what_is_in_both(ours: Any, gaps: Any) -> None:
    def inside(stretches: Any) -> set[int]:
        return {second for begin, end in stretches for second in range(int(begin), int(end))}

    left = minus(ours, gaps)
    assert inside(left) == inside(ours) - inside(gaps)
    assert total(left) == len(inside(left))
    assert sum(by_day(left, [0.0])) == total(left)


def test_an_empty_history_is_a_value() -> None:
    assert replace(History(), since=1.0) != History()
    assert history.unwatched(History(), 0, 1) == history.rebooted(History(), 0, 1) == History()

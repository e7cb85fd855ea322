"""When a mount's turn is told, and as what: one table of stories, each a list of looks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mountd.core import news
from mountd.core.news import Condition, Event, Known, News, Turn, condition, step

GRACE = 10.0
CHANGE, OUTAGE, RECOVERY, NEEDS_YOU = "change", "outage", "recovery", "needs-you"


def mount(said: str) -> dict[str, Any]:
    """``state/health/code``, as a mount's document."""
    state, health, code = said.split("/")
    return {"name": "one", "state": state, "health": health, "reason": {"code": code} if code else None}


WELL, AWAY, UNSURE = "mounted/ok/", "waiting/down/unreachable", "mounted/unknown/"
SLOW, DENIED, CRASHED = "mounted/degraded/throttled", "mounted/down/access-denied", "mounting/down/worker-crashed"
FOREIGN = "foreign/down/foreign-mount"
ASLEEP = "waiting/ok/on-demand"
FAILED, STOPPED, STARTS = "failed/down/bucket-missing", "stopped/unknown/stopped", "mounting/unknown/"

STORIES = {
    "the first sight of what is well": [(0, WELL, "")],
    "the first mount": [(0, STARTS, ""), (1, UNSURE, ""), (1, WELL, CHANGE)],
    "a crash, answered at once": [
        (0, WELL, ""), (1, CRASHED, CHANGE), (1, UNSURE, ""), (2, WELL, CHANGE), (99, WELL, "")],
    "an outage": [
        (0, WELL, ""), (5, AWAY, CHANGE), (14, AWAY, ""), (15, AWAY, OUTAGE), (60, AWAY, ""), (70, WELL, RECOVERY)],
    "while mounted": [(0, WELL, ""), (5, SLOW, CHANGE), (15, SLOW, OUTAGE), (16, WELL, RECOVERY)],
    "grace counts from the first turn": [(0, WELL, ""), (1, CRASHED, CHANGE), (8, AWAY, CHANGE), (11, AWAY, OUTAGE)],
    "the alarm takes the place of the change": [(0, WELL, ""), (1, CRASHED, CHANGE), (12, AWAY, OUTAGE)],
    "it gets worse": [
        (0, WELL, ""), (1, AWAY, CHANGE), (11, AWAY, OUTAGE), (20, FAILED, NEEDS_YOU), (30, WELL, RECOVERY)],
    "it gets better, not well": [(0, WELL, ""), (1, DENIED, CHANGE), (11, DENIED, NEEDS_YOU), (20, SLOW, CHANGE),
                                 (30, DENIED, CHANGE), (31, WELL, RECOVERY)],
    "not proven is not back": [
        (0, WELL, ""), (1, AWAY, CHANGE), (11, AWAY, OUTAGE), (20, UNSURE, ""), (21, WELL, RECOVERY)],
    "an operator's stop": [(0, WELL, ""), (1, STOPPED, CHANGE), (60, STOPPED, "")],
    "a stop amid an outage": [
        (0, WELL, ""), (1, AWAY, CHANGE), (11, AWAY, OUTAGE), (12, STOPPED, CHANGE), (20, WELL, CHANGE)],
    "out at first sight": [(0, AWAY, ""), (10, AWAY, OUTAGE), (20, WELL, RECOVERY)],
    "mounted on demand": [(0, STARTS, ""), (1, WELL, CHANGE), (2, ASLEEP, CHANGE), (99, ASLEEP, ""),
                          (100, STARTS, CHANGE), (101, WELL, CHANGE)],
    "somebody else's mount": [
        (0, WELL, ""), (1, FOREIGN, CHANGE), (11, FOREIGN, NEEDS_YOU)],
    "a word of a newer daemon": [(0, WELL, ""), (1, "dreaming/odd/", ""), (20, WELL, "")],
}


@pytest.mark.parametrize("story", STORIES)
def test_what_is_told(story: str) -> None:
    known: Known | None = None
    heard = []
    for at, said, _ in STORIES[story]:
        known, told, _due = step(known, mount(said), GRACE, at)
        heard.append(told.event.value if told else "")
    assert heard == [event for _, _, event in STORIES[story]]


def test_when_to_look_again() -> None:
    known, _, due = step(None, mount(WELL), GRACE, 0)
    assert due is None
    known, _, due = step(known, mount(AWAY), GRACE, 5)
    assert due == 15
    known, _, due = step(known, mount(UNSURE), GRACE, 6)
    assert due == 15, "an unproven moment does not stop the clock"
    known, _, due = step(known, mount(AWAY), GRACE, 15)
    assert due is None


def test_previous_is_what_was_before() -> None:
    known, _, _ = step(None, mount(WELL), GRACE, 0)
    known, change, _ = step(known, mount(AWAY), GRACE, 1)
    known, outage, _ = step(known, mount(AWAY), GRACE, 11)
    known, worse, _ = step(known, mount(FAILED), GRACE, 12)
    _, back, _ = step(known, mount(WELL), GRACE, 13)
    well = {"state": "mounted", "health": "ok", "code": None}
    told = [one.document() for one in (change, outage, worse, back) if one]
    assert [one["previous"] for one in told] == [
        well, well, {"state": "waiting", "health": "down", "code": "unreachable"},
        {"state": "failed", "health": "down", "code": "bucket-missing"}]
    assert told[1] == {"event": "outage", "at": "", "mount": mount(AWAY), "previous": well}


def test_without_grace_the_turn_itself_is_the_alarm() -> None:
    known, _, _ = step(None, mount(WELL), 0, 0)
    assert step(known, mount(AWAY), 0, 1)[1] == News(Event.OUTAGE, mount(AWAY), Turn("mounted", "ok"))


def test_an_alarm_that_waits_is_not_lost_behind_a_change() -> None:
    outage = News(Event.OUTAGE, mount(AWAY), Turn("mounted", "ok"))
    change = News(Event.CHANGE, mount(FAILED), Turn("waiting"))
    assert change.after(outage) == News(Event.OUTAGE, mount(FAILED), Turn("mounted", "ok"))
    recovery = News(Event.RECOVERY, mount(WELL), Turn("waiting"))
    assert recovery.after(outage) == News(Event.RECOVERY, mount(WELL), Turn("mounted", "ok"))
    assert outage.after(None) == outage


@pytest.mark.parametrize(("said", "expected"), [
    (WELL, Condition.WELL), (UNSURE, Condition.UNSURE), (SLOW, Condition.OUT), (DENIED, Condition.PERSON),
    ("mounted/degraded/bucket-missing", Condition.PERSON), ("mounted/degraded/new", Condition.OUT),
    (AWAY, Condition.OUT), (FAILED, Condition.PERSON), (STOPPED, Condition.OFF),
    ("disabled/unknown/disabled", Condition.OFF), ("draining/unknown/", Condition.OFF), (STARTS, Condition.OUT),
])
def test_condition(said: str, expected: Condition) -> None:
    assert condition(mount(said)) is expected


def test_a_later_daemon_goes_on_where_the_earlier_one_was() -> None:
    before: dict[str, Known] = {}
    for name, story in {"sick": [WELL, AWAY], "well": [WELL]}.items():
        known: Known | None = None
        for at, said in enumerate(story):
            known, _, _ = step(known, mount(said), 0, at)
        assert known is not None
        before[name] = known
    after = news.recalled(json.loads(json.dumps(news.kept(before))), 1000)
    assert step(after["well"], mount(UNSURE), GRACE, 1000)[1] is None
    assert step(after["well"], mount(WELL), GRACE, 1001)[1] is None
    assert step(after["sick"], mount(AWAY), GRACE, 1100)[1] is None, "this outage has been told"
    told = step(after["sick"], mount(WELL), GRACE, 1100)[1]
    assert told is not None and told.event is Event.RECOVERY


@pytest.mark.parametrize("value", [
    None, [], {"one": []}, {"one": ["a", "b", "c", "d", "e", "f", "nonsense"]}, {"one": 3}, 7])
def test_what_cannot_be_understood_is_forgotten(value: object) -> None:
    assert news.recalled(value, 0) == {}

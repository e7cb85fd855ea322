"""What is told of endpoints that are away: by a clock that is set, with what went to the journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import structlog
from structlog.typing import EventDict

from mountd.core.status import View
from mountd.daemon.outages import Outages
from mountd.words.model import Health, Mount, Place, Reason, State

AWAY = Reason("unreachable", "http://s3 cannot be reached", "check the network")
DENIED = Reason("access-denied", "refused", "ask")


class Stage:
    """Mounts of one endpoint, and the journal."""

    def __init__(self, journal: list[EventDict], count: int) -> None:
        self.journal, self.time = journal, 1000.0
        self.counted: list[tuple[str, ...]] = []
        self.outages = Outages(lambda: self.time, lambda: self.time)
        self.outages.counted = lambda names: self.counted.append(tuple(names))
        self.mounts = [Mount(f"m{number}", "b", f"/m{number}", Place("f", 1), options={"endpoint_url": "http://s3"})
                       for number in range(count)]
        self.outages.want(self.mounts)

    def turn(self, reason: Reason | None, state: State = State.MOUNTED) -> None:
        for mount in self.mounts:
            self.outages.look(View(mount, state, Health.DEGRADED if reason else Health.OK, reason, self.time))

    def pass_time(self, seconds: float) -> None:
        self.time += seconds
        self.outages._tell()

    @property
    def said(self) -> list[str]:
        return [f"{entry['log_level']}: {entry['event']}" for entry in self.journal]


@pytest.fixture
def journal() -> Iterator[list[EventDict]]:
    with structlog.testing.capture_logs() as entries:
        yield entries


def test_ten_mounts_are_one_line_and_one_when_it_is_over(journal: list[EventDict]) -> None:
    stage = Stage(journal, 10)
    stage.turn(AWAY)
    stage.pass_time(9)
    assert (stage.said, stage.outages.causes()) == ([], ())
    stage.pass_time(1)
    assert stage.said == ["warning: http://s3 cannot be reached: 10 mounts are affected (m0, m1, m2, ...)"]
    (cause,) = stage.outages.causes()
    assert (cause.reason, cause.since, len(cause.mounts)) == (AWAY, 1000.0, 10)
    stage.pass_time(100)
    stage.turn(None)
    assert stage.said[1:] == ["info: http://s3 answers again after 1min 50s: 10 mounts were affected"]
    assert stage.outages.causes() == ()
    assert stage.counted == [tuple(mount.name for mount in stage.mounts)]


def test_a_blip_is_not_worth_a_line(journal: list[EventDict]) -> None:
    stage = Stage(journal, 3)
    stage.turn(AWAY)
    stage.pass_time(9)
    stage.turn(None)
    stage.pass_time(100)
    assert stage.said == []


def test_the_second_outage_is_told_too(journal: list[EventDict]) -> None:
    stage = Stage(journal, 2)
    for _ in range(2):
        stage.turn(AWAY)
        stage.pass_time(11)
        stage.turn(None)
    assert len(stage.said) == 4


def test_a_single_mount_is_told_by_name_and_is_no_common_cause(journal: list[EventDict]) -> None:
    stage = Stage(journal, 1)
    stage.turn(AWAY)
    stage.pass_time(11)
    assert stage.said == ["warning: m0: http://s3 cannot be reached"]
    assert journal[0]["mount"] == "m0"
    assert stage.outages.causes() == ()


def test_it_is_over_when_its_mounts_are_configured_no_more(journal: list[EventDict]) -> None:
    stage = Stage(journal, 2)
    stage.turn(AWAY)
    stage.pass_time(11)
    stage.outages.want([])
    assert "answers again" in stage.said[-1]
    assert stage.outages.causes() == ()


@pytest.mark.parametrize(("count", "state", "reason", "here"), [
    (2, State.MOUNTED, AWAY, True), (2, State.WAITING, AWAY, True), (2, State.MOUNTED, DENIED, False),
    (2, State.MOUNTED, None, False), (2, State.STOPPED, AWAY, False),
    (1, State.MOUNTED, AWAY, True), (1, State.WAITING, AWAY, False),
])
def test_what_is_told_here_and_not_for_each_mount(
        journal: list[EventDict], count: int, state: State, reason: Reason | None, here: bool) -> None:
    stage = Stage(journal, count)
    assert stage.outages.tells(stage.mounts[0], state, reason) is here


def test_a_mount_that_moves_to_another_endpoint_is_free_of_the_old_one(journal: list[EventDict]) -> None:
    stage = Stage(journal, 2)
    stage.turn(AWAY)
    stage.pass_time(11)
    stage.mounts = [replace(mount, options={"endpoint_url": "http://new"}) for mount in stage.mounts]
    stage.outages.want(stage.mounts)
    stage.turn(AWAY)
    assert "http://s3 answers again" in stage.said[-1] or stage.outages.causes() == ()
    stage.pass_time(11)
    assert [cause.endpoint for cause in stage.outages.causes()] == ["http://new"]

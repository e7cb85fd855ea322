"""Sleep as login1 tells of it, on a private bus with a FAKE login1: locks taken and released at the right moments."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from gi.repository import GLib

from mountd.system.sleep import Sleep
from tests.bus.fake_login1 import FakeLogin1, connect
from tests.bus.private_bus import Bus


class Stage:
    """A login1 on its bus, one who listens, and what he heard."""

    def __init__(self, address: str) -> None:
        self.login1 = FakeLogin1(address)
        self.heard: list[str] = []
        self.held_at: list[int] = []
        self.sleep = Sleep(connect(address), lambda: self._hear("before"), lambda: self._hear("after"))

    def _hear(self, word: str) -> None:
        self.heard.append(word)
        self.held_at.append(self.login1.held)

    def until(self, true: Callable[[], object]) -> None:
        """Turn the loop until something holds; the limit only ends a failing test."""
        late: list[int] = []
        limit, tick = GLib.timeout_add_seconds(10, late.append, 1), GLib.timeout_add(10, lambda: True)
        while not true():
            assert not late, "nothing came"
            GLib.MainContext.default().iteration(True)
        for source in (limit, tick):
            GLib.source_remove(source)


@pytest.fixture
def stage(bus: Bus) -> Stage:
    """Both on one bus."""
    return Stage(bus.address)


def test_without_login1_nothing_happens_and_when_it_comes_it_is_asked_to_wait(stage: Stage) -> None:
    stage.until(lambda: True)
    assert stage.login1.asked == []
    stage.login1.come()
    stage.until(lambda: stage.login1.held)
    ((what, who, why, mode),) = stage.login1.asked
    assert (what, who, mode) == ("sleep", "s3mountd", "delay")
    assert why


def test_the_lock_is_held_until_all_is_done_and_taken_anew_on_waking(stage: Stage) -> None:
    stage.login1.come()
    for round_ in (1, 2):
        stage.until(lambda: stage.login1.held)
        stage.login1.tell(True)
        stage.until(lambda: not stage.login1.held)
        assert stage.heard == ["before", "after"] * (round_ - 1) + ["before"]
        assert stage.held_at[-1] == 1, "released before all was done"
        stage.login1.tell(False)
        stage.until(lambda: stage.login1.held)
        assert stage.heard == ["before", "after"] * round_
    assert stage.login1.held == 1


def test_a_login1_that_is_restarted_is_asked_again(stage: Stage) -> None:
    stage.login1.come()
    stage.until(lambda: stage.login1.held)
    stage.login1.go()
    stage.until(lambda: stage.sleep._lock is None)
    stage.login1.come()
    stage.until(lambda: stage.login1.held)
    assert len(stage.login1.asked) == 2

"""Changes of the network: the first is told at once, a flood of them less and less often."""

from __future__ import annotations

import pytest
from gi.repository import GLib

from mountd.system import network


class Clock:
    """Timers that fire when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waits: list[float] = []
        monkeypatch.setattr(GLib, "timeout_add", self._add)

    def _add(self, milliseconds: int, _callback: object) -> int:
        self.waits.append(milliseconds / 1000)
        return len(self.waits)


def test_the_first_of_many_is_told_at_once_and_the_rest_together(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, told = Clock(monkeypatch), list[int]()
    spacing = network.Spacing(lambda: told.append(1))
    for _ in range(5):
        spacing.event()
    assert len(told) == 1
    spacing.over()
    assert (len(told), clock.waits) == (2, [0.5, 1.0])
    spacing.over()
    assert len(told) == 2
    spacing.event()
    assert (len(told), clock.waits[-1]) == (3, 0.5)


def test_changes_that_do_not_end_are_told_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, told = Clock(monkeypatch), list[int]()
    spacing = network.Spacing(lambda: told.append(1))
    spacing.event()
    for _ in range(7):
        spacing.event()
        spacing.over()
    assert clock.waits == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0, 8.0]

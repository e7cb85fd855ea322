"""Who waits at folders that sleep: a kernel that counts what the test says, a loop that turns when it is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from gi.repository import GLib

from mountd.daemon.callers import Callers
from mountd.words.errors import MountdError


class Kernel:
    """fusectl, and the loop's timer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.counts: dict[int, int] = {}
        self.fails = False
        self.timers: list[tuple[int, Callable[[], bool]]] = []
        self.reads = 0
        monkeypatch.setattr(GLib, "timeout_add", self.timeout_add)

    def timeout_add(self, interval: int, turn: Callable[[], bool]) -> int:
        self.timers.append((interval, turn))
        return len(self.timers)

    def waiting(self, connection: int) -> int | None:
        self.reads += 1
        if self.fails:
            raise MountdError("host-refused", "fusectl")
        return self.counts.get(connection)

    def turn(self) -> None:
        self.timers = [timer for timer in self.timers if timer[1]()]


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(monkeypatch)


def test_the_first_caller_is_told_once_and_others_are_looked_out_for_further(kernel: Kernel) -> None:
    seen: list[str] = []
    out = Callers(kernel)  # type: ignore[arg-type]
    kernel.counts = {7: 1, 8: 1}
    out.watch(7, partial(seen.append, "seven"))
    out.watch(8, partial(seen.append, "eight"))
    kernel.turn()
    assert seen == []
    kernel.counts[7] = 2
    kernel.turn()
    kernel.turn()
    assert seen == ["seven"]
    kernel.counts[8] = 5
    kernel.turn()
    assert seen == ["seven", "eight"]


def test_one_timer_for_all_four_times_a_second_and_none_without_a_folder_that_sleeps(kernel: Kernel) -> None:
    out = Callers(kernel)  # type: ignore[arg-type]
    assert kernel.timers == []
    kernel.counts = dict.fromkeys(range(50), 1)
    for connection in range(50):
        out.watch(connection, lambda: None)
    assert [interval for interval, _ in kernel.timers] == [250]
    for connection in range(50):
        out.forget(connection)
    kernel.turn()
    assert (kernel.timers, kernel.reads) == ([], 0)
    out.watch(3, lambda: None)
    assert len(kernel.timers) == 1


def test_a_connection_that_has_gone_is_forgotten_and_one_that_cannot_be_read_is_not(kernel: Kernel) -> None:
    seen: list[int] = []
    out = Callers(kernel)  # type: ignore[arg-type]
    out.watch(7, lambda: seen.append(7))
    kernel.fails = True
    kernel.turn()
    assert len(kernel.timers) == 1
    kernel.fails = False
    kernel.turn()
    assert (kernel.timers, seen) == ([], [])

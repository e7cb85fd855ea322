"""A mount on demand between service and sleep: what the kernel says of its use, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mountd.core.health import Evidence, proven
from mountd.core.layers import Kind, Layer
from mountd.core.memory import Memory, Staging
from mountd.core.messages import Cause
from mountd.core.observed import Observed, Worker
from mountd.core.situation import Situation
from mountd.daemon import demand
from mountd.system import syscalls
from mountd.system.syscalls import Expiry
from mountd.words.errors import MountdError
from mountd.words.model import Check, Mount, Place

MOUNT = Mount("lazy", "bucket", "/mnt/lazy", Place("m.toml", 1), on_demand=True, idle_unmount=600.0,
              check=Check(interval=60.0))
LIVE, WAITING = Layer(Kind.LIVE, 7, 1, ""), Layer(Kind.WAITING, 8, 2, "")
WORKER = Worker("s3mount-lazy-1.service", "lazy", 1, "new", 7, "/mnt/lazy")


class World:
    """A clock, a helper that answers at once, a kernel that counts requests, and callers who are looked out for."""

    def __init__(self) -> None:
        self.time, self.requests, self.answer = 1000.0, 0, {"blocks": 1}
        self.asked: list[str] = []
        self.watched: dict[int, Callable[[], None]] = {}
        self.beneath = True
        self.helper = self.table = self.fusectl = self.callers = self

    def now(self) -> float:
        return self.time

    def ask(self, task: str, callback: Callable[[Any], None], *, path: str) -> int:
        self.asked.append(path)
        callback(self.answer)
        return 1

    def waiting(self, _connection: int) -> int:
        return self.requests

    def watch(self, connection: int, called: Callable[[], None]) -> None:
        self.watched[connection] = called

    def forget(self, connection: int | None = None) -> None:
        self.watched.pop(connection or 0, None)


class Kept:
    """A mount whose worker serves above a mount at which callers would wait."""

    def __init__(self) -> None:
        self.world, self.mount, self.memory, self.folder = World(), MOUNT, Memory(awake=900.0), "/mnt/lazy"
        self.layers: tuple[Layer, ...] = (LIVE, WAITING)
        self.workers: tuple[Worker, ...] = (WORKER,)
        self.evidence, self.on_folder, self.held, self.woken = proven(990.0), WORKER.unit, {8: None}, 0

    def observed(self) -> Observed:
        return Observed(self.layers, self.workers, frozenset(self.held))

    def situation(self) -> Situation:
        return Situation(self.mount, "new", self.observed(), self.memory, self.world.now())

    def wake(self) -> None:
        self.woken += 1


class Kernel:
    """What ``umount2`` answers; notes what is done to the mount."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.says, self.done = Expiry.MARKED, list[str]()
        monkeypatch.setattr(syscalls, "umount_unused", self.umount)
        monkeypatch.setattr(syscalls, "touch_mount", lambda _folder: self.done.append("touched"))

    def umount(self, folder: str) -> Expiry:
        self.done.append(folder)
        return self.says


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(monkeypatch)


def rest(kept: Kept) -> None:
    assert demand.rest(kept)  # type: ignore[arg-type]


def tend(kept: Kept) -> None:
    demand.tend(kept)  # type: ignore[arg-type]


def test_one_that_nobody_used_since_it_was_marked_sleeps(kernel: Kernel) -> None:
    kept = Kept()
    rest(kept)
    assert (kept.memory.marked, kept.memory.idle_due) == (True, 1600.0)
    kernel.says = Expiry.GONE
    rest(kept)
    assert kept.memory == Memory()
    assert (kept.on_folder, kernel.done) == ("", ["/mnt/lazy", "/mnt/lazy"])


def test_one_that_was_used_is_looked_after_for_a_while_and_marked_anew(kernel: Kernel) -> None:
    kept = Kept()
    kept.memory = replace(kept.memory, marked=True)
    rest(kept)
    assert (kept.memory.marked, kept.memory.idle_due) == (False, 1060.0)
    assert kernel.done == ["/mnt/lazy", "touched"], "the second call after that would take it away too soon"
    rest(kept)
    assert (kept.memory.marked, kept.memory.idle_due) == (True, 1600.0)


def test_one_in_use_stays_and_is_no_longer_spared_the_probes(kernel: Kernel) -> None:
    kept = Kept()
    kept.memory, kernel.says = replace(kept.memory, marked=True), Expiry.BUSY
    rest(kept)
    assert (kept.memory.marked, kept.memory.idle_due) == (False, 1600.0)


@pytest.mark.parametrize("why", ["requests are open", "it is unwell", "nothing lies beneath"])
def test_what_may_not_go_is_not_even_marked(kernel: Kernel, why: str) -> None:
    kept = Kept()
    if why == "requests are open":
        kept.world.requests = 1
    elif why == "it is unwell":
        kept.evidence = Evidence(shown=Cause("unreachable"))
    else:
        kept.layers, kept.world.beneath = (LIVE,), False
    rest(kept)
    assert kernel.done == []
    assert (kept.memory.marked, kept.memory.idle_due) == (False, 1600.0)


def test_on_an_old_kernel_an_error_guard_beneath_is_enough(kernel: Kernel) -> None:
    kept = Kept()
    kept.layers, kept.world.beneath = (LIVE, Layer(Kind.ERROR_GUARD, 9, 3, "")), False
    rest(kept)
    assert kernel.done == ["/mnt/lazy"]


def test_a_folder_whose_parent_does_not_answer_is_left_alone(kernel: Kernel) -> None:
    kept = Kept()
    kept.world.answer = MountdError("host-refused")  # type: ignore[assignment]
    rest(kept)
    assert kept.world.asked == ["/mnt"]
    assert kernel.done == []


def test_while_it_sleeps_callers_are_looked_out_for_and_the_first_one_wakes_it() -> None:
    kept = Kept()
    kept.layers, kept.workers, kept.memory = (WAITING,), (), Memory(coverable=True)
    tend(kept)
    assert list(kept.world.watched) == [8]
    kept.world.watched[8]()
    assert (kept.memory.awake, kept.woken) == (1000.0, 1)
    tend(kept)
    assert kept.world.watched == {}


def test_a_worker_that_is_there_is_needed_until_it_turns_out_that_it_is_not() -> None:
    kept = Kept()
    kept.memory = Memory()
    tend(kept)
    assert (kept.memory.awake, kept.memory.idle_due) == (1000.0, 1002.0)
    kept.layers, kept.memory = (WAITING,), replace(kept.memory, marked=True, staging=Staging("u", "new", 1000.0))
    tend(kept)
    assert (kept.memory.awake, kept.memory.idle_due, kept.memory.marked) == (1000.0, None, False)
    kept.memory = replace(kept.memory, held=True)
    tend(kept)
    assert kept.memory.awake is None

"""What the daemon holds of mounts at which callers wait, and when it lets go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mountd.core.layers import Kind, Layer
from mountd.core.memory import Memory, Staging
from mountd.core.observed import Observed, Worker
from mountd.core.situation import Situation
from mountd.core.status import CallersWait
from mountd.daemon import record, waits
from mountd.daemon.record import Record
from mountd.system import waiting
from mountd.system.waiting import Waiting
from mountd.words.model import Mount, Place

MOUNT = Mount("late", "bucket", "/mnt/late", Place("m.toml", 1), when_away="wait", wait_limit=60.0)
HELD = Waiting(9, 8, read_only=False)
HERE = Layer(Kind.LIVE, 8, 2, "fuse.mount-s3 s3://bucket")
GIVEN = Worker("s3mount-late-1.service", "late", 1, "new", 8, "/mnt/late")


class World:
    """A clock, a mount table, a helper that notes what it is asked."""

    def __init__(self) -> None:
        self.time, self.asked = 1000.0, list[str]()
        self.layers: tuple[Layer, ...] = (HERE,)
        self.table = self.helper = self

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time + 1e9

    def stack(self, _folder: str) -> tuple[Layer, ...]:
        return self.layers

    def ask(self, task: str, _callback: object, *, path: str) -> int:
        self.asked.append(f"{task} {path}")
        return 1


class Kept:
    """A mount whose callers wait."""

    def __init__(self) -> None:
        self.world, self.name, self.folder, self.mount = World(), "late", "/mnt/late", MOUNT
        self.memory, self.record, self.told = Memory(coverable=True), Record(), True
        self.held, self.asked, self.workers = {8: HELD}, set[int](), dict[str, Worker]()
        self.staged_mount = None

    def observed(self) -> Observed:
        layers = tuple(replace(layer, kind=Kind.WAITING) if layer.connection in self.held else layer
                       for layer in self.world.layers)
        return Observed(layers, tuple(self.workers.values()), frozenset(self.held))

    def situation(self) -> Situation:
        return Situation(self.mount, "new", self.observed(), self.memory, self.world.now())


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    """Its descriptors are numbers only."""
    monkeypatch.setattr(waiting, "untouched", lambda _found: True)
    monkeypatch.setattr(waiting, "release", lambda _found: None)
    monkeypatch.setattr(record, "save", lambda _name, _record: None)
    return Kept()


def tend(kept: Kept) -> None:
    waits.tend(kept)  # type: ignore[arg-type]


def test_callers_are_counted_from_when_they_began_to_wait_until_the_mount_serves(kept: Kept) -> None:
    tend(kept)
    kept.world.time += 30
    tend(kept)
    assert kept.memory.away == 1000.0
    assert waits.shown(kept) == CallersWait(1e9 + 1000.0, 1e9 + 1060.0)  # type: ignore[arg-type]
    kept.held, kept.workers = {}, {GIVEN.unit: GIVEN}
    tend(kept)
    assert [kept.memory.away, kept.record.away] == [None, None]


def test_the_count_goes_on_when_they_have_got_their_error_and_in_the_next_daemon(kept: Kept) -> None:
    tend(kept)
    kept.held = {}
    tend(kept)
    assert kept.memory.away == 1000.0
    assert waits.shown(kept) is None  # type: ignore[arg-type]
    kept.memory, kept.world.time = Memory(), 1005.0
    waits.remember(kept)  # type: ignore[arg-type]
    assert kept.memory.away == 1000.0


def test_nobody_is_kept_waiting_at_a_mount_that_is_of_no_use(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    tend(kept)
    assert kept.held
    kept.mount = replace(MOUNT, bucket="another")
    tend(kept)
    assert not kept.held
    kept.mount, kept.held, kept.world.layers = MOUNT, {8: HELD}, ()
    tend(kept)
    assert not kept.held
    kept.held, kept.world.layers = {8: HELD}, (HERE,)
    monkeypatch.setattr(waiting, "untouched", lambda _found: False)
    tend(kept)
    assert not kept.held


def test_what_a_worker_has_been_given_is_held_until_it_has_ended(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "untouched", lambda _found: False)
    kept.workers = {GIVEN.unit: GIVEN}
    tend(kept)
    assert kept.held
    kept.workers = {}
    tend(kept)
    assert not kept.held


def test_a_worker_is_asked_once_and_has_its_whole_time_from_its_first_request_on(
        kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.workers, kept.memory = {GIVEN.unit: GIVEN}, replace(kept.memory, staging=Staging(GIVEN.unit, "new", 900.0))
    tend(kept)
    tend(kept)
    assert kept.world.asked == ["statvfs /mnt/late"]
    assert kept.memory.staging == Staging(GIVEN.unit, "new", 900.0)
    monkeypatch.setattr(waiting, "untouched", lambda _found: False)
    tend(kept)
    kept.world.time += 5
    tend(kept)
    assert kept.memory.staging == Staging(GIVEN.unit, "new", 1000.0, begun=True)

"""Workers replaced by another mount-s3, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from mountd.core.memory import Drain, Memory, Staging
from mountd.core.messages import Cause
from mountd.core.observed import Worker
from mountd.daemon import spare
from mountd.daemon.keeper import Keeper
from mountd.daemon.upgrade import OUTDATED, Upgrades
from mountd.system.binary import Binary, Installed
from mountd.words.model import DaemonSettings, Mount, Place

PATH = "/usr/bin/mount-s3"
OLD, NEW = Installed(PATH, (1, 23), f"{PATH}:1-1-1"), Installed(PATH, (1, 24), f"{PATH}:2-2-2")


class Serving:
    """A keeper, what it keeps and its proof in one."""

    def __init__(self, name: str, program: str = OLD.program) -> None:
        self.name, self.memory, self.stop_timeout = name, Memory(), 90.0
        self.mount: Mount | None = Mount(name, "bucket", f"/mnt/{name}", Place("m.toml", 1))
        self.kept = self.proof = self.world = self
        self.is_good, self.woken, self.said = True, 0, dict[str, Cause]()
        self.serving: Worker | None = Worker(f"{name}-1", name, 1, "d", 7, version="1.23", program=program)

    def now(self) -> float:
        return 1000.0

    @property
    def workers(self) -> Serving:
        return self

    def __setitem__(self, unit: str, worker: Worker) -> None:
        assert self.serving is not None and unit == self.serving.unit
        self.serving = worker

    def remark(self, source: str, cause: Cause | None) -> None:
        self.said = {source: cause} if cause is not None else {}

    def wake(self) -> None:
        self.woken += 1

    def swapped(self) -> None:
        assert self.serving is not None
        self.serving = replace(self.serving, digest="d", program=NEW.program)

    @property
    def is_outdated(self) -> bool:
        return self.serving is not None and self.serving.digest == OUTDATED


class Program:
    """What is installed."""

    def __init__(self) -> None:
        self.found: Installed | Cause | None = NEW
        self.settings = DaemonSettings()

    def look(self) -> Installed | Cause | None:
        return self.found


@pytest.fixture(autouse=True)
def _no_spares(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spare, "drop", lambda _kept: True)


def turned(program: Program, keepers: Sequence[Serving]) -> list[str]:
    """Whose worker is being replaced after a turn."""
    Upgrades(cast(Binary, program), lambda: cast(list[Keeper], keepers), lambda: program.settings).turn()
    return [one.name for one in keepers if one.is_outdated]


def test_one_after_the_other() -> None:
    program, keepers = Program(), [Serving("one"), Serving("two")]
    assert turned(program, keepers) == ["one"]
    assert turned(program, keepers) == ["one"], "the second waits for the first"
    keepers[0].swapped()
    assert turned(program, keepers) == ["two"]
    keepers[1].swapped()
    assert turned(program, keepers) == []


@pytest.mark.parametrize("change", [
    {"program": ""}, {"program": NEW.program}, {"program": "/usr/local/bin/mount-s3:1-1-1"}])
def test_who_runs_it_already_or_one_of_another_place_or_does_not_say_is_left(change: dict[str, str]) -> None:
    assert turned(Program(), [Serving("one", **change)]) == []


def test_who_has_trouble_or_is_being_changed_anyway_is_left() -> None:
    unwell, starting, away = Serving("unwell"), Serving("starting"), Serving("away")
    unwell.is_good = False
    starting.memory = Memory(staging=Staging("starting-2", "d", 1.0))
    away.serving = None
    assert turned(Program(), [unwell, starting, away]) == []


@pytest.mark.parametrize("code", ["worker-too-old", "host-refused", "worker-missing"])
def test_a_program_that_is_of_no_use_is_told_and_takes_nothing_down(code: str) -> None:
    program, one = Program(), Serving("one")
    program.found = Cause(code, "1.10")
    assert turned(program, [one]) == []
    assert one.said == {"program": Cause(code, "1.10")}
    program.found = OLD
    assert turned(program, [one]) == []
    assert one.said == {}


def test_where_it_is_not_wanted_only_what_is_wrong_is_told() -> None:
    program, one = Program(), Serving("one")
    program.settings = DaemonSettings(on_upgrade="keep")
    assert turned(program, [one]) == []
    program.found = Cause("worker-missing")
    assert turned(program, [one]) == [] and one.said


def test_while_its_version_is_read_nothing_happens() -> None:
    program: Any = Program()
    program.found = None
    assert turned(program, [Serving("one")]) == []


def test_yet_another_program_is_tried_at_once_where_the_last_one_failed() -> None:
    program, one = Program(), Serving("one")
    upgrades = Upgrades(cast(Binary, program), lambda: cast(list[Keeper], [one]), DaemonSettings)
    upgrades.turn()
    woken = one.woken
    upgrades.turn()
    assert one.woken == woken
    program.found = replace(NEW, program="/usr/bin/mount-s3:3-3-3")
    upgrades.turn()
    assert one.woken == woken + 1


def test_the_old_worker_has_a_day_unless_its_mount_is_to_go_away() -> None:
    program, one = Program(), Serving("one", NEW.program)
    day = Drain("one-0", 5, 80_000.0)
    one.memory = Memory(draining=(day,))
    turned(program, [one])
    assert one.memory.draining == (day,)
    one.mount = None
    turned(program, [one])
    assert one.memory.draining == (replace(day, deadline=1090.0),)

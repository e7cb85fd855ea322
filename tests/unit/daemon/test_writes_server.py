"""A verdict is one on a server: when another one answers at an endpoint, it is tried anew."""

from __future__ import annotations

import pytest

from tests.unit.core.test_write_safety import RGW18, SEAWEEDFS
from tests.unit.daemon.test_writes import SAFE, UNSAFE, Kept, Stage, mount, stage

__all__ = ["stage"]


def test_another_server_is_tried_anew_and_until_then_the_old_verdict_holds(stage: Stage) -> None:
    kept = Kept("erdos", mount())
    stage.tend(kept)
    stage.answer(SAFE)
    stage.tend(kept)
    one = kept.configured
    assert one is not None
    stage.writes.heard(one, SEAWEEDFS.server)
    stage.tend(kept)
    assert not stage.questions
    woken = kept.woken
    stage.writes.heard(one, RGW18.server)
    stage.writes.heard(one, RGW18.server)
    assert kept.woken == woken + 1
    stage.tend(kept)
    before = kept.is_read_only
    stage.answer(UNSAFE)
    stage.tend(kept)
    assert (before, kept.is_read_only) == (False, True)
    stage.writes.heard(one, RGW18.server)
    assert not stage.questions


@pytest.mark.parametrize("there", ["", "a1"])
def test_the_way_that_is_shown_is_that_of_the_worker_that_serves(stage: Stage, there: str) -> None:
    stage.fronts.is_installed, stage.fronts.there = bool(there), there
    kept = Kept("erdos", mount(), serves=True)
    stage.tend(kept)
    stage.answer(SAFE)
    stage.tend(kept)
    kept.begun = kept.digest
    assert kept.configured is not None
    stage.writes.heard(kept.configured, RGW18.server)
    stage.tend(kept)
    stage.answer(UNSAFE)
    stage.tend(kept)

    def way() -> str:
        shown = stage.writes.shown(kept)  # type: ignore[arg-type]
        assert shown is not None
        return shown.way

    assert (kept.begun != kept.digest, way()) == (True, "direct"), "the next one has not taken over yet"
    kept.begun = ""
    assert way() == ("front" if there else "read-only")


def test_a_store_that_is_well_is_looked_at_now_and_then(stage: Stage) -> None:
    kept, looked = Kept("erdos", mount(), serves=True), list[str]()
    stage.writes.look = lambda one: looked.append(one.name)
    stage.tend(kept)
    stage.answer(SAFE)
    stage.tend(kept)
    assert not looked, "it has just been asked"
    stage.time += 900
    stage.tend(kept)
    stage.tend(kept)
    assert looked == ["erdos"]
    stage.writes = stage.anew()
    stage.writes.look = lambda one: looked.append(one.name)
    stage.tend(kept)
    assert looked == ["erdos"] * 2, "it may have been another one while nobody watched"
    kept.serves = False
    stage.time += 900
    stage.tend(kept)
    assert looked == ["erdos"] * 2

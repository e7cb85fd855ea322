"""Decisions on mounts of stores that may lose what is written."""

from dataclasses import replace

from mountd.core.actions import DropStaging, PlaceGuard, SwapIn
from mountd.core.memory import Memory
from mountd.core.messages import Cause
from mountd.core.observed import Observed
from mountd.core.situation import Decision
from mountd.words.model import State
from tests.unit.core.test_plan import LIVE, MOUNT, NOW, STAGING, WORKER, look, ready


def test_a_worker_of_a_store_that_nobody_has_tried_to_write_to_stays_beside_its_folder() -> None:
    ready_one = Memory(staging=replace(STAGING, ready=True), coverable=True, unjudged=True)
    assert look(memory=ready_one).actions == (PlaceGuard("error"),)
    assert look(memory=replace(ready_one, unjudged=False)).actions == (SwapIn(),)


def test_why_nobody_knows_is_said_meanwhile() -> None:
    away = Cause("connection-refused")
    waits = Memory(staging=replace(STAGING, ready=True), unjudged=True, hindrance=away)
    assert look(memory=waits).cause == away
    late = look(memory=replace(waits, staging=replace(STAGING, since=NOW - MOUNT.start_timeout)))
    assert late.actions == (DropStaging(away),)


def test_what_was_mounted_before_serves_on_while_nobody_knows() -> None:
    assert look(Observed((LIVE,), (WORKER,)), Memory(unjudged=True, hindrance=Cause("unreachable"))) == Decision(
        State.MOUNTED)


def test_a_mount_with_less_than_was_asked_for_says_why() -> None:
    limited = Cause("rename-unsafe", "it takes a rename for an upload of nothing")
    assert look(Observed((LIVE,), (WORKER,)), Memory(limited=limited)) == Decision(State.MOUNTED, cause=limited)


def test_a_worker_is_not_started_before_its_front_is_there() -> None:
    assert look(memory=ready(unfronted=True)).actions == (PlaceGuard("error"),)
    away = Cause("front-away", "somebody stopped it")
    waits = look(memory=ready(unfronted=True, hindrance=away))
    assert (waits.state, waits.cause) == (State.WAITING, away)

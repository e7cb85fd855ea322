"""Mounts that go by a front: started when it is there, exchanged when it is another one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mountd.core.memory import Staging
from mountd.core.messages import Cause
from mountd.words import paths
from tests.unit.daemon.test_writes import UNSAFE, Kept, Stage, mount, stage

__all__ = ["stage"]


def by_front(stage: Stage) -> Kept:
    """A mount of an unsafe store, where haproxy is installed."""
    stage.fronts.is_installed = True
    kept = Kept("erdos", mount())
    stage.tend(kept)
    stage.answer(UNSAFE)
    stage.tend(kept)
    return kept


def test_with_haproxy_an_unsafe_store_is_written_to_by_a_front(stage: Stage) -> None:
    kept = by_front(stage)
    assert kept.memory.unfronted, "nothing is started before it is there"
    assert kept.memory.hindrance is None
    stage.fronts.there = "a1"
    stage.tend(kept)
    assert kept.mount is not None
    assert (kept.mount.front, kept.memory.unfronted, kept.is_read_only) == ("a1", False, False)
    shown = stage.writes.shown(kept)  # type: ignore[arg-type]
    assert shown is not None
    assert shown.way == "front"


def test_another_front_has_other_workers_and_until_then_all_stays(stage: Stage) -> None:
    kept = by_front(stage)
    stage.fronts.there = "a1"
    stage.tend(kept)
    digest = kept.digest
    stage.fronts.there, stage.fronts.wrong = "", "somebody stopped it"
    stage.tend(kept)
    assert kept.digest == digest
    assert kept.memory.limited is not None
    assert kept.memory.limited.code == "front-away"
    stage.fronts.there, stage.fronts.wrong = "b2", ""
    stage.tend(kept)
    assert kept.digest != digest
    assert kept.memory.limited is None


def test_a_front_is_let_go_by_who_does_not_need_it(stage: Stage) -> None:
    kept = by_front(stage)
    assert stage.fronts.users == {"erdos"}
    kept.configured = mount(write_safety="read-only")
    stage.tend(kept)
    assert stage.fronts.users == set()
    assert kept.is_read_only


def test_keys_of_the_broker_are_tried_once_a_worker_has_them(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage.writes.vault, "accounts", {"erdos": object()})
    stage.fronts.is_installed = True
    kept = Kept("erdos", mount())
    stage.tend(kept)
    assert not stage.questions, "the broker gives keys in the name of a worker only"
    kept.memory = replace(kept.memory, staging=Staging("s3mount-erdos-1.service", kept.digest, 1000.0))
    stage.tend(kept)
    stage.answer(UNSAFE)
    stage.tend(kept)
    assert not kept.is_read_only, "the broker listens behind the front"
    assert stage.fronts.users == {"erdos"}


@pytest.mark.parametrize(("changed", "why"), [
    ({"proxy": "http://proxy.test:3128"}, "haproxy does not go by a proxy"),
    ({"options": {"endpoint_url": "https://10.1.2.3"}}, "haproxy compares no certificate with an address"),
])
def test_where_no_front_can_stand_the_mount_is_read_only_and_says_why(
        stage: Stage, changed: dict[str, Any], why: str) -> None:
    paths.HAPROXY.touch()
    kept = Kept("erdos", replace(mount(), **changed))
    stage.tend(kept)
    stage.answer(UNSAFE)
    stage.tend(kept)
    assert kept.is_read_only
    assert kept.memory.limited == Cause("no-front", why)
    assert not stage.fronts.users

"""What is asked of S3 beside the checks: when, of how many at once, and what becomes of the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from mountd.core.messages import Cause
from mountd.core.observed import Worker
from mountd.daemon import rights, uploads
from mountd.daemon.diagnosis import Diagnoses
from mountd.daemon.errands import Errand, Errands
from mountd.daemon.kept import Kept
from mountd.system.asking import Answer
from mountd.words.errors import MountdError
from mountd.words.model import Mount, Place


class World:
    def __init__(self) -> None:
        self.time = 1000.0
        self.learnt: dict[str, Mapping[str, int]] = {}

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time

    @property
    def writes(self) -> World:
        return self

    @property
    def sizes(self) -> World:
        return self

    def learn(self, mount: Mount, usage: Mapping[str, int], _now: float) -> bool:
        self.learnt[mount.name] = usage
        return bool(usage)

    def shown(self, _kept: object) -> None:
        return None


class Served:
    """A mount that a worker serves."""

    def __init__(self, world: World, name: str, **changed: Any) -> None:
        self.world, self.name, self.rests, self.told, self.woken = world, name, False, True, 0
        self.mount: Mount | None = Mount(name, "bucket", f"/mnt/{name}", Place("m.toml", 1), **changed)
        self.serving: Worker | None = None
        self.said: dict[str, Cause | None] = {}
        self.uploads: Any = None
        self.serve(1)

    @property
    def workers(self) -> dict[str, Worker]:
        return {self.serving.unit: self.serving} if self.serving else {}

    def serve(self, generation: int, started: float = 990.0) -> None:
        self.serving = Worker(f"{self.name}-{generation}", self.name, generation, "d", 7, started=started)

    def remark(self, source: str, cause: Cause | None) -> None:
        self.said[source] = cause

    def wake(self) -> None:
        self.woken += 1


class Scene:
    """Mounts with their errands; questions are answered by the test."""

    def __init__(self, *made: Errand) -> None:
        self.world, self.asked = World(), list[tuple[str, str, Mapping[str, Any], Callable[[Any], None]]]()
        self.errands = Errands(cast(Diagnoses, self), made, chance=lambda: 0.0)

    def ask_about(self, task: str, mount: Mount, answered: Callable[[Any], None], **fields: object) -> None:
        self.asked.append((task, mount.name, fields, answered))

    def look(self, *mounts: Served) -> None:
        for one in mounts:
            self.errands.look(cast(Kept, one))

    def after(self, seconds: float) -> list[tuple[str, str]]:
        """What has been asked when so much time has passed."""
        before = len(self.asked)
        self.world.time += seconds
        self.errands.turn()
        return [(task, name) for task, name, _, _ in self.asked[before:]]

    def answer(self, said: Answer | MountdError) -> None:
        self.asked.pop(0)[3](said)


DENIED = {"code": "write-denied", "detail": "AccessDenied"}
WELL = {"code": "", "detail": ""}


@pytest.fixture(autouse=True)
def _no_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Errands, "_arm", lambda _self: None)


def test_rights_are_tried_soon_and_again_while_something_is_wrong() -> None:
    scene = Scene(rights.RIGHTS)
    one = Served(scene.world, "one")
    scene.look(one)
    assert scene.after(0.2) == []
    assert scene.after(1.0) == [("rights", "one")]
    scene.answer(DENIED)
    assert one.said == {"rights": Cause("write-denied", "AccessDenied")}
    assert scene.after(50) == [] and scene.after(10) == [("rights", "one")]
    scene.answer(WELL)
    assert one.said == {"rights": None}
    assert scene.after(3600) == []


def test_a_question_that_failed_says_nothing_of_rights() -> None:
    scene = Scene(rights.RIGHTS)
    one = Served(scene.world, "one")
    scene.look(one)
    scene.after(1.1)
    scene.answer(MountdError("host-refused", "died"))
    assert one.said == {}


def test_a_new_worker_is_asked_about_anew_and_an_answer_about_the_old_one_is_void() -> None:
    scene = Scene(rights.RIGHTS)
    one = Served(scene.world, "one")
    scene.look(one)
    scene.after(1.1)
    one.serve(2)
    scene.look(one)
    scene.answer(DENIED)
    assert one.said == {}
    assert scene.after(1.1) == [("rights", "one")]


def test_how_much_there_is_is_learnt_by_the_way_from_stores_that_tell_it() -> None:
    scene = Scene(rights.RIGHTS)
    ceph, aws = Served(scene.world, "ceph", provider="ceph"), Served(scene.world, "aws")
    scene.look(ceph, aws)
    scene.after(1.1)
    assert [row[2]["usage"] for row in scene.asked] == [True, False]
    scene.answer({**WELL, "usage": {"objects": 3, "bytes": 70}})
    assert (scene.world.learnt["ceph"], ceph.told, ceph.woken) == ({"objects": 3, "bytes": 70}, False, 1)
    scene.answer(WELL)
    assert (scene.world.learnt["aws"], aws.told, aws.woken) == ({}, True, 0)


def test_two_at_once_and_none_for_who_is_away_or_must_not_be_touched() -> None:
    scene = Scene(rights.RIGHTS)
    many = [Served(scene.world, name) for name in ("one", "two", "three", "four")]
    many[0].rests = True
    scene.look(*many)
    many[1].serving = None
    scene.look(many[1])
    many += [Served(scene.world, "five")]
    scene.look(many[-1])
    assert scene.after(1.1) == [("rights", "three"), ("rights", "four")]
    scene.answer(WELL)
    assert scene.after(0) == [("rights", "five")]


def test_somebody_who_checks_a_mount_wants_to_know_now() -> None:
    scene = Scene(uploads.errand(list))
    one = Served(scene.world, "one")
    scene.look(one)
    assert scene.after(60) == []
    scene.errands.hasten(cast(Kept, one))
    assert scene.after(0) == [("uploads", "one")]


def test_uploads_are_looked_for_daily_whatever_becomes_of_workers() -> None:
    scene = Scene(uploads.errand(lambda: cast(list[Kept], [one])))
    one = Served(scene.world, "one", abort_uploads_after=3600.0)
    scene.look(one)
    assert scene.after(121) == [("uploads", "one")]
    assert scene.asked[0][2]["least_age"] == 3600.0
    scene.answer({"count": 2, "oldest": 50.0, "aborted": 1, "more": False})
    assert (one.uploads.count, one.uploads.aborted, one.told, one.woken) == (2, 1, False, 1)
    one.serve(2)
    scene.look(one)
    assert scene.after(80_000) == []
    assert scene.after(7000) == [("uploads", "one")]
    assert scene.asked[0][2]["least_age"] > 80_000, "the worker has been at it for so long"


def test_uploads_aborted_while_a_successor_takes_over_are_not_forgotten() -> None:
    scene = Scene(uploads.errand(list))
    one = Served(scene.world, "one", abort_uploads_after=3600.0)
    scene.look(one)
    scene.after(121)
    one.serve(2)
    scene.look(one)
    scene.answer({"count": 0, "oldest": 0.0, "aborted": 1, "more": False})
    assert one.uploads.aborted == 1
    assert scene.after(80_000) == []


def test_what_was_asked_of_another_bucket_says_nothing_of_this_one() -> None:
    scene = Scene(uploads.errand(list))
    one = Served(scene.world, "one")
    scene.look(one)
    scene.after(121)
    assert one.mount is not None
    one.mount = replace(one.mount, bucket="other")
    one.serve(2)
    scene.look(one)
    scene.answer({"count": 2, "oldest": 50.0, "aborted": 0, "more": False})
    assert one.uploads is None
    assert scene.after(1) == [("uploads", "one")]


def test_read_only_mounts_have_no_uploads() -> None:
    scene = Scene(uploads.errand(list))
    one = Served(scene.world, "one", options={"read_only": True})
    scene.look(one)
    assert scene.after(200) == [] and scene.after(100_000) == []

"""Probes and questions of many mounts, in a world without time: a clock that is set, a helper and a store that answer
when they are told to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from mountd.core.diagnosis import Finding
from mountd.core.health import Evidence, proven
from mountd.core.layers import Kind, Layer
from mountd.core.memory import Memory
from mountd.core.messages import Cause
from mountd.core.observed import Observed, Worker
from mountd.daemon.checks import Checks
from mountd.daemon.proof import Proof
from mountd.daemon.record import Record
from mountd.words.model import Check, Health, Mount, Place, State

AWAY = Finding(Cause("connection-refused"), shared=True)
DENIED = Finding(Cause("access-denied", "AccessDenied"))
WELL = Finding(None)
EIO, ENOENT = {"blocks": 1, "errno": 5}, {"blocks": 1, "errno": 0}
CHECK = Check(interval=60.0, timeout=10.0, failures=3)


@dataclass
class World:
    """The clock and the helper; what was asked is answered by the test."""

    time: float = 1000.0
    sleep: float = 0.0
    probes: dict[int, tuple[str, Callable[[Any], None]]] = field(default_factory=dict)
    forgotten: set[int] = field(default_factory=set)
    count: int = 0

    @property
    def helper(self) -> World:
        return self

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time

    def slept(self) -> float:
        return self.sleep

    def ask(self, task: str, callback: Callable[[Any], None], *, path: str, name: str) -> int:
        assert task == "check"
        self.count += 1
        self.probes[self.count] = (path, callback)
        return self.count

    def give_up(self, number: int) -> None:
        self.forgotten.add(number)

    def is_open(self, number: int) -> bool:
        return number in self.probes


class Kept:
    """A mount with a worker that serves."""

    def __init__(self, world: World, name: str, endpoint: str) -> None:
        self.world, self.name, self.folder = world, name, f"/mnt/{name}"
        self.mount = Mount(name, f"bucket-{name}", self.folder, Place("m.toml", 1),
                           options={"endpoint_url": endpoint, "force_path_style": True}, check=CHECK)
        self.evidence = Evidence()
        self.memory = Memory()
        self.rests = False
        self.record = Record(state=State.MOUNTED)
        self.woken = 0
        self.tries = 0

    def observed(self) -> Observed:
        worker = Worker(f"{self.name}-1", self.name, 1, "d", 7, self.folder)
        return Observed((Layer(Kind.LIVE, 7, 1, ""),), (worker,))

    def wake(self) -> None:
        self.woken += 1

    def prove(self) -> None:
        self.evidence = proven(self.world.now())

    def try_now(self) -> None:
        self.tries += 1


class Stage:
    """Mounts, their proofs, and what the store was asked."""

    def __init__(self, *names: str, endpoint: str = "http://s3.example") -> None:
        self.world = World()
        self.questions: list[tuple[str, Callable[[Finding | None], None]]] = []
        self.checks = Checks(self.world.now, self.world.slept,
                             lambda mount, told: self.questions.append((mount.name, told)))
        self.kept: dict[str, Kept] = {}
        self.proofs: dict[str, Proof] = {}
        for name in names:
            self.add(name, endpoint)

    def add(self, name: str, endpoint: str) -> None:
        kept = self.kept[name] = Kept(self.world, name, endpoint)
        kept.prove()
        self.proofs[name] = self.checks.proof(kept, kept.try_now)  # type: ignore[arg-type]
        self.proofs[name].look()

    def pass_time(self, seconds: float) -> None:
        """Turn whenever something is due."""
        end = self.world.time + seconds
        while True:
            times = [at for proof in self.proofs.values() if (at := self.checks._next_at(proof)) is not None]
            if not times or min(times) > end:
                break
            self.world.time = max(self.world.time, min(times))
            self.checks.turn()
        self.world.time = end

    def under_way(self) -> list[str]:
        return [path.removeprefix("/mnt/") for number, (path, _) in self.world.probes.items()
                if number not in self.world.forgotten]

    def answer(self, name: str, answer: object) -> None:
        """Answer that mount's probe."""
        number = next(number for number, (path, _) in self.world.probes.items()
                      if path == f"/mnt/{name}" and number not in self.world.forgotten)
        self.world.probes.pop(number)[1](answer)

    def say(self, finding: Finding | None) -> list[str]:
        """Answer all questions that are open; whose they were."""
        questions, self.questions = self.questions, []
        for _, told in questions:
            told(finding)
        return [name for name, _ in questions]

    def shown(self, name: str) -> tuple[Health, str]:
        healthy, cause = self.proofs[name].health(State.MOUNTED, None)
        return healthy, cause.code if cause else ""


def test_a_worker_that_has_just_come_is_proven_and_probed_within_one_interval() -> None:
    stage = Stage("one")
    assert stage.shown("one") == (Health.OK, "")
    stage.pass_time(29)
    assert stage.under_way() == []
    stage.pass_time(36)
    assert stage.under_way() == ["one"]


def test_a_good_answer_is_the_proof_and_the_next_probe_an_interval_later() -> None:
    stage = Stage("one")
    stage.proofs["one"].ask()
    stage.pass_time(1)
    stage.answer("one", ENOENT)
    assert stage.kept["one"].evidence.proven_at == stage.world.time
    stage.pass_time(59)
    assert stage.under_way() == []
    stage.pass_time(6)
    assert stage.under_way() == ["one"]


def test_probes_of_many_mounts_are_spread_over_the_interval() -> None:
    stage = Stage(*(f"m{number}" for number in range(40)))
    begun = set()
    for _ in range(70):
        stage.pass_time(1)
        for name in stage.under_way():
            begun.add(round(stage.world.time))
            stage.answer(name, ENOENT)
    assert len(begun) >= 10


def test_a_late_probe_is_explained_before_it_is_over() -> None:
    stage = Stage("one")
    stage.proofs["one"].ask()
    stage.pass_time(1.9)
    assert stage.questions == []
    stage.pass_time(0.2)
    assert stage.say(AWAY) == ["one"]
    assert stage.shown("one") == (Health.DEGRADED, "connection-refused")


def test_one_slow_answer_is_no_bad_news() -> None:
    stage = Stage("one")
    stage.proofs["one"].ask()
    stage.pass_time(9)
    stage.say(WELL)
    assert stage.shown("one") == (Health.OK, "")
    stage.answer("one", ENOENT)
    assert stage.shown("one") == (Health.OK, "")


def test_a_mount_that_fails_while_s3_is_well_is_unwell_after_three() -> None:
    stage = Stage("one")
    stage.proofs["one"].ask()
    for _ in range(2):
        stage.answer("one", EIO)
        stage.say(WELL)
        assert stage.shown("one") == (Health.OK, "")
        stage.pass_time(1.1)
    stage.answer("one", EIO)
    assert stage.shown("one") == (Health.DEGRADED, "store-error")


def away(*names: str) -> Stage:
    """These mounts with their endpoint away."""
    stage = Stage(*names)
    stage.proofs[names[0]].ask()
    stage.answer(names[0], EIO)
    stage.say(AWAY)
    return stage


def test_an_endpoint_that_is_away_is_asked_once_a_second_for_all_its_mounts() -> None:
    stage = away("one", "two", "three")
    assert {name: stage.shown(name)[1] for name in stage.kept} == dict.fromkeys(stage.kept, "connection-refused")
    asked = 0
    for _ in range(10):
        stage.pass_time(1)
        asked += len(stage.say(AWAY))
    assert 8 <= asked <= 11
    assert stage.under_way() == [], "nobody is sent through the mounts meanwhile"


def test_when_it_is_back_all_its_mounts_are_probed_at_once() -> None:
    stage = away("one", "two")
    stage.pass_time(1.1)
    stage.say(WELL)
    assert sorted(stage.under_way()) == ["one", "two"]
    assert stage.shown("one") == (Health.DEGRADED, "connection-refused"), "callers go through the mount"
    stage.answer("one", ENOENT)
    assert stage.shown("one") == (Health.OK, "")


def test_a_probe_stuck_since_the_outage_does_not_hold_up_the_next() -> None:
    stage = Stage("one")
    stage.proofs["one"].ask()
    stage.pass_time(2.1)
    stage.say(AWAY)
    stage.pass_time(1.1)
    stage.say(WELL)
    assert (len(stage.world.probes), stage.under_way()) == (2, ["one"])
    stage.answer("one", ENOENT)
    assert stage.shown("one") == (Health.OK, "")


def test_no_more_than_three_probes_are_risked_for_one_mount() -> None:
    stage = Stage("one")
    stage.proofs["one"].ask()
    for _ in range(120):
        stage.pass_time(1)
        stage.say(WELL)
    assert len(stage.world.probes) == 3
    assert stage.shown("one") == (Health.DEGRADED, "no-answer")


def test_a_probe_that_was_given_up_proves_all_the_same_when_it_is_answered() -> None:
    stage = Stage("one")
    stage.proofs["one"].ask()
    stage.pass_time(2.1)
    stage.say(AWAY)
    stage.pass_time(1.1)
    stage.say(WELL)
    first = min(stage.world.probes)
    stage.world.probes.pop(first)[1](EIO)
    assert stage.shown("one") == (Health.DEGRADED, "connection-refused"), "its failure is of another time"
    assert stage.under_way() == ["one"]
    stage.pass_time(5.5)
    second = min(stage.world.probes)
    assert second in stage.world.forgotten or stage.under_way()
    stage.world.probes.pop(second)[1](ENOENT)
    assert stage.shown("one") == (Health.OK, "")


def test_another_endpoint_is_another_matter() -> None:
    stage = away("one")
    stage.add("far", "http://other.example")
    assert stage.shown("far") == (Health.OK, "")
    stage.pass_time(1.1)
    assert stage.say(AWAY) == ["one"]


def test_a_fault_of_one_bucket_is_not_told_of_the_others() -> None:
    stage = Stage("one", "two")
    stage.proofs["one"].ask()
    stage.answer("one", EIO)
    stage.say(DENIED)
    assert (stage.shown("one"), stage.shown("two")) == ((Health.DOWN, "access-denied"), (Health.OK, ""))
    assert stage.under_way() == []


def test_what_a_person_has_to_mend_is_asked_about_less_often_when_it_lasts() -> None:
    stage = Stage("one")
    stage.proofs["one"].ask()
    stage.answer("one", EIO)
    stage.say(DENIED)
    rates = []
    for _ in range(2):
        asked = 0
        for _ in range(61):
            stage.pass_time(1)
            asked += len(stage.say(DENIED))
        rates.append(asked)
    assert rates[0] >= 30
    assert rates[1] <= 8


def test_a_sleep_makes_what_is_under_way_void() -> None:
    stage = Stage("one")
    stage.proofs["one"].ask()
    stage.world.sleep += 3600
    stage.pass_time(2.1)
    assert stage.questions == [], "time that nobody lived through is no lateness"
    assert len(stage.world.probes) == 2
    stage.answer("one", ENOENT)
    stage.world.probes.clear()
    stage.proofs["one"].ask()
    stage.world.sleep += 3600
    stage.answer("one", EIO)
    assert stage.kept["one"].evidence.failures == 0
    assert stage.under_way() == ["one"]


def test_a_sleep_of_which_nobody_told_is_noticed_at_the_next_turn() -> None:
    stage = Stage("one", "two")
    stage.world.sleep += 3600
    stage.world.time = min(proof.next_at or 0 for proof in stage.proofs.values())
    stage.checks.turn()
    assert sorted(stage.under_way()) == ["one", "two"]


def test_nothing_is_asked_while_the_machine_goes_to_sleep() -> None:
    stage = Stage("one")
    stage.proofs["one"].ask()
    stage.checks.pause()
    assert stage.under_way() == []
    stage.checks.resume()
    assert stage.under_way() == ["one"]


def test_a_kick_probes_all_and_tries_what_waits() -> None:
    stage = Stage("one", "two")
    stage.checks.kick()
    assert sorted(stage.under_way()) == ["one", "two"]


def test_an_answer_that_nobody_gave_is_waited_for_only_so_long() -> None:
    stage = away("one")
    stage.pass_time(1.1)
    assert [name for name, _ in stage.questions] == ["one"]
    stage.pass_time(19)
    assert len(stage.questions) == 1
    stage.pass_time(3)
    assert len(stage.questions) == 2


@pytest.mark.parametrize("finding", [None, WELL])
def test_a_question_that_could_not_be_answered_says_nothing(finding: Finding | None) -> None:
    stage = Stage("one")
    stage.proofs["one"].ask()
    stage.answer("one", EIO)
    stage.say(finding)
    assert stage.shown("one") == (Health.OK, "")


def test_while_it_is_found_out_whether_anybody_uses_a_mount_no_probe_does_and_it_stays_well() -> None:
    stage = Stage("lazy")
    kept, proof = stage.kept["lazy"], stage.proofs["lazy"]
    kept.rests = True
    proof.look()
    stage.pass_time(20 * CHECK.interval)
    assert stage.world.count == 0
    assert proof.health(State.MOUNTED, None) == (Health.OK, None)
    kept.rests = False
    proof.look()
    stage.pass_time(1.0)
    assert stage.under_way() == ["lazy"]


def test_a_mount_that_sleeps_is_well() -> None:
    stage = Stage("lazy")
    asleep = Cause("on-demand")
    assert stage.proofs["lazy"].health(State.WAITING, asleep) == (Health.OK, asleep)

"""All proofs together: endpoints that are away, sleeps, kicks."""

from __future__ import annotations

import pytest
from gi.repository import GLib

from mountd.core.diagnosis import Finding
from mountd.core.messages import Cause
from mountd.words.model import Health, State
from tests.unit.daemon.stage import AWAY, CHECK, DENIED, EIO, ENOENT, WELL, Stage, away


def test_an_endpoint_that_is_away_is_asked_once_a_second_for_all_its_mounts() -> None:
    stage = away("one", "two", "three")
    assert {name: stage.shown(name)[1] for name in stage.kept} == dict.fromkeys(stage.kept, "connection-refused")
    asked = 0
    for _ in range(10):
        stage.pass_time(1)
        asked += len(stage.say(AWAY))
    assert 8 <= asked <= 11
    assert stage.under_way() == [], "nobody is sent through the mounts meanwhile"


def test_what_is_known_already_wakes_nobody() -> None:
    stage = away("one", "two")
    before = {name: kept.woken for name, kept in stage.kept.items()}
    for _ in range(10):
        stage.pass_time(1)
        stage.say(AWAY)
    assert {name: kept.woken for name, kept in stage.kept.items()} == before


def test_when_it_is_back_all_its_mounts_are_probed_at_once() -> None:
    stage = away("one", "two")
    stage.pass_time(1.3)
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
    stage.pass_time(1.3)
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
    stage.pass_time(1.3)
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
    stage.pass_time(1.3)
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


def test_many_that_wait_do_not_knock_in_the_same_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    spans: dict[int, list[int]] = {}
    for count in (10, 40):
        stage = Stage(*(f"m{number}" for number in range(count)))
        for kept in stage.kept.values():
            kept.serves = False
        waits = spans[count] = []
        monkeypatch.setattr(GLib, "timeout_add", lambda milliseconds, *_, into=waits: into.append(milliseconds) or 1)
        stage.checks.kick()
    assert spans[10] == [0] * 10
    assert len(spans[40]) == 40
    assert max(spans[40]) <= 1000
    assert len(set(spans[40])) > 20


def test_an_answer_that_nobody_gave_is_waited_for_only_so_long() -> None:
    stage = away("one")
    stage.pass_time(1.3)
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

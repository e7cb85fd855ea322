"""The proof of one mount: when it is probed, and what is made of the answers."""

from __future__ import annotations

from mountd.core.diagnosis import Finding
from mountd.core.messages import Cause
from mountd.words.model import Health
from tests.unit.daemon.stage import AWAY, EIO, ENOENT, WELL, Stage


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
        stage.pass_time(1.3)
    stage.answer("one", EIO)
    assert stage.shown("one") == (Health.DEGRADED, "store-error")


def test_of_keys_that_have_ended_it_is_said_why_there_are_no_others() -> None:
    stage = Stage("one")
    stage.proofs["one"].ask()
    stage.pass_time(1)
    stage.answer("one", EIO)
    stage.say(Finding(Cause("credentials-expired"), shared=False, seconds=0.1, skew=None))
    assert stage.shown("one")[1] == "credentials-expired"
    stage.world.lacks = Cause("sso-ended", "as kim: aws sso login")
    assert stage.shown("one")[1] == "sso-ended"

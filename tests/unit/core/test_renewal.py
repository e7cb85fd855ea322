"""When keys are fetched anew, and when their end is said."""

import pytest

from mountd.core import renewal
from mountd.core.messages import Cause
from mountd.core.renewal import Term

HOUR = 3600.0
EARLY = 300.0
"""Seconds before the end that mount-s3 asks for others."""


def test_what_does_not_end_is_not_renewed() -> None:
    assert renewal.due(Term(0.0, None), 5.0, 0.5) is None
    assert renewal.warn_at(Term(0.0, None, 3, Cause("unreachable")), 0.0) is None


@pytest.mark.parametrize("life", [15 * 60.0, HOUR, 6 * HOUR, 12 * HOUR])
@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_others_are_there_before_the_worker_asks(life: float, chance: float) -> None:
    due = renewal.due(Term(1000.0, 1000.0 + life), 1000.0, chance)
    assert due is not None
    assert 1000.0 + life / 2 < due <= 1000.0 + life - min(EARLY, life / 3)


def test_many_mounts_do_not_ask_together() -> None:
    times = {renewal.due(Term(0.0, HOUR), 0.0, chance / 10) for chance in range(11)}
    assert len(times) == 11


@pytest.mark.parametrize("life", [-5.0, 0.0, 1.0, 40.0])
def test_keys_that_come_back_as_old_as_they_were_make_no_busy_loop(life: float) -> None:
    now, asked = 1000.0, 0
    while now < 1600.0:
        due = renewal.due(Term(now, now + life), now, 0.0)
        assert due is not None
        now, asked = due, asked + 1
    assert asked <= 600.0 / renewal.PACE + 1


def test_a_failure_is_tried_again_by_its_class_and_often_when_the_end_is_near() -> None:
    late, early = Term(0.0, HOUR, 5, Cause("key-refused")), Term(0.0, 12 * HOUR, 5, Cause("key-refused"))
    assert renewal.due(late, HOUR - 300, 0.5) == HOUR - 300 + 60
    assert renewal.due(early, 0.0, 0.5) == 480.0
    assert renewal.due(Term(0.0, HOUR, 1, Cause("unreachable")), 0.0, 0.5) == renewal.PACE, "never a busy loop"
    assert renewal.due(Term(0.0, HOUR, 3, Cause("secret-missing")), 2 * HOUR, 0.5) == 2 * HOUR + 120


def test_the_end_is_said_when_nothing_else_can_be_had() -> None:
    refused = Cause("role-refused", "no")
    assert renewal.warn_at(Term(0.0, HOUR), 0.0) is None
    assert renewal.warn_at(Term(0.0, HOUR, 1, refused), 0.0) == HOUR - 15 * 60
    assert renewal.warn_at(Term(0.0, 12 * HOUR, 1, refused), 0.0) == 12 * HOUR - 24 * HOUR
    assert renewal.warn_at(Term(0.0, 12 * HOUR, 1, refused), 7200.0) == 10 * HOUR


def test_a_worker_begins_with_what_lasts_or_is_fresh() -> None:
    assert Term(0.0, None).lasts(1e9)
    assert Term(0.0, HOUR).lasts(HOUR - EARLY - 31)
    assert not Term(0.0, HOUR).lasts(HOUR - EARLY)
    assert Term(0.0, 40.0).lasts(20.0)
    assert not Term(0.0, 40.0).lasts(31.0)


def test_an_sso_session_that_is_over_is_said_at_once_for_no_try_can_help() -> None:
    over = Term(0.0, HOUR, 1, Cause("sso-ended", "aws sso login"))
    assert renewal.warn_at(over, 0.0) == HOUR - 24 * HOUR
    assert renewal.warn_at(over, 600.0) == HOUR - 600

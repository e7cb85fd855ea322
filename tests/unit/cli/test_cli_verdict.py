"""The table of exit statuses, and when an order is carried out."""

import pytest

from mountd.cli import outcome
from mountd.cli.outcome import APPLIED, RESTARTED, STARTED, STOPPED, SWAPPED, Goal
from mountd.core import verdict
from mountd.words.model import Health, State
from tests.unit.cli.canned import document, mount

WELL, DEGRADED, DOWN = 0, 1, 2
STATES = {"mounting": DEGRADED, "waiting": DEGRADED, "draining": DEGRADED, "failed": DOWN, "foreign": DOWN,
          "stopped": WELL, "disabled": WELL}
HEALTHS = {"ok": WELL, "degraded": DEGRADED, "unknown": DEGRADED, "down": DOWN}


@pytest.mark.parametrize("state", [state.value for state in State if state is not State.MOUNTED])
@pytest.mark.parametrize("health", [health.value for health in Health])
def test_away_from_its_folder_the_state_counts(state: str, health: str) -> None:
    assert verdict.of_mount(mount(state=state, health=health)) == STATES[state]


@pytest.mark.parametrize("health", [health.value for health in Health])
def test_while_mounted_the_health_counts(health: str) -> None:
    assert verdict.of_mount(mount(state="mounted", health=health)) == HEALTHS[health]


def test_a_word_of_a_newer_daemon_is_not_taken_for_well() -> None:
    assert verdict.of_mount(mount(state="hibernating")) == DEGRADED
    assert verdict.of_mount(mount(health="splendid")) == DEGRADED


@pytest.mark.parametrize(("host", "status"), [("healthy", WELL), ("empty", WELL), ("sick", DOWN)])
def test_the_worst_mount_counts(host: str, status: int) -> None:
    assert verdict.of_document(document(host)) == status


def test_a_configuration_with_faults_is_not_well() -> None:
    healthy = document("healthy")
    healthy["daemon"]["problems"] = ["mounts.toml:1: a fault"]
    assert verdict.of_document(healthy) == DEGRADED


WAITING = {"state": "waiting", "health": "down", "next_try": "2026-11-22T13:41:00Z"}
LATER = {**WAITING, "next_try": "2026-11-22T13:42:00Z"}
TRYING = {**WAITING, "next_try": None}
NEW_WORKER = {"unit": "s3mount-kopah-2.service", "pid": 9}
OPEN, AT_ONCE, IF_CALM = "open", "at once", "if calm"


@pytest.mark.parametrize(("goal", "before", "after", "when"), [
    (STARTED, {"state": "stopped"}, {}, AT_ONCE),
    (STARTED, {}, {}, AT_ONCE),
    (STARTED, {"state": "stopped"}, {"state": "stopped"}, IF_CALM),
    (STARTED, {"state": "stopped"}, {"state": "mounting"}, OPEN),
    (STARTED, {"state": "stopped"}, {"health": "unknown"}, OPEN),
    (STARTED, {"state": "stopped"}, {"health": "degraded"}, AT_ONCE),
    (STARTED, {"state": "stopped"}, {"state": "failed"}, AT_ONCE),
    (STARTED, WAITING, TRYING, OPEN),
    (STARTED, WAITING, WAITING, IF_CALM),
    (STARTED, WAITING, LATER, AT_ONCE),
    (RESTARTED, {}, {}, OPEN),
    (RESTARTED, {}, NEW_WORKER, AT_ONCE),
    (RESTARTED, {}, {**NEW_WORKER, "health": "unknown"}, OPEN),
    (RESTARTED, {}, {"state": "failed"}, AT_ONCE),
    (STOPPED, {}, {"state": "stopped"}, AT_ONCE),
    (STOPPED, {}, {"state": "disabled"}, AT_ONCE),
    (STOPPED, {}, {"state": "draining"}, OPEN),
    (STOPPED, {}, {}, OPEN),
    (APPLIED, {}, {}, AT_ONCE),
    (APPLIED, {"state": "disabled"}, {"state": "disabled"}, IF_CALM),
    (APPLIED, {}, {"state": "disabled"}, AT_ONCE),
    (SWAPPED, {}, {}, OPEN),
    (SWAPPED, {}, NEW_WORKER, AT_ONCE),
    (SWAPPED, {"state": "stopped"}, {"state": "stopped"}, IF_CALM),
    (SWAPPED, {}, {"health": "degraded"}, AT_ONCE),
    (SWAPPED, {"health": "degraded"}, {"health": "degraded"}, IF_CALM),
    (SWAPPED, {"health": "degraded"}, {}, IF_CALM),
    (SWAPPED, {"health": "degraded"}, NEW_WORKER, AT_ONCE),
    (RESTARTED, {"health": "degraded"}, {}, OPEN),
])
def test_when_an_order_is_carried_out(goal: Goal, before: dict[str, object], after: dict[str, object],
                                      when: str) -> None:
    old, new = mount(**before), mount(**after)
    assert outcome.settled(goal, old, new, calm=False) is (when == AT_ONCE)
    assert outcome.settled(goal, old, new, calm=True) is (when != OPEN)


def test_a_mount_that_was_not_there_before() -> None:
    assert not outcome.settled(STARTED, None, None, calm=True)
    assert outcome.settled(STARTED, None, mount(), calm=False)
    assert not outcome.settled(APPLIED, None, None, calm=True)
    foreign = mount(state="foreign", health="unknown")
    assert not outcome.settled(APPLIED, None, foreign, calm=False), "it may have gone a moment ago"
    assert outcome.settled(APPLIED, None, foreign, calm=True)
    assert outcome.settled(STOPPED, mount(), None, calm=False)


def test_a_disabled_mount_is_what_a_reload_wanted_but_not_what_a_start_wanted() -> None:
    assert outcome.reached(APPLIED, None, mount(state="disabled"))
    assert not outcome.reached(STARTED, None, mount(state="disabled"))

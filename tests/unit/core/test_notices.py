"""What a desktop is shown: stories of several mounts, each a list of looks."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from mountd.core import notices
from mountd.core.notices import Close, Memory, Notice, decide

WELL, AWAY, UNSURE, STARTS = "mounted/ok/", "waiting/down/unreachable", "mounted/unknown/", "mounting/unknown/"
REFUSED, DENIED, STOPPED = "waiting/down/connection-refused", "mounted/down/access-denied", "stopped/unknown/stopped"
GRACE = 10.0


def mount(name: str, said: str, endpoint: str = "https://s3.example.org") -> dict[str, Any]:
    """``state/health/code``, as a mount's document."""
    state, health, code = said.split("/")
    reason = {"code": code, "text": f"text of {code}", "hint": f"hint of {code}"} if code else None
    return {"name": name, "state": state, "health": health, "reason": reason, "grace": GRACE,
            "options": {"endpoint_url": endpoint}}


class Desktop:
    """What was shown, look after look."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.due: float | None = None

    def look(self, now: float, *mounts: dict[str, Any]) -> list[str]:
        """Summaries, ``-`` for a notification that is closed."""
        self.memory, self.steps, self.due = decide(self.memory, mounts, now)
        return ["-" if isinstance(step, Close) else step.summary for step in self.steps]


@pytest.fixture
def desktop() -> Desktop:
    return Desktop()


OUT, BACK, NEEDS = "The S3 folder one is not well", "The S3 folder one is well again", "The S3 folder one needs you"


def test_an_outage_and_its_end(desktop: Desktop) -> None:
    assert desktop.look(0, mount("one", WELL)) == []
    assert desktop.look(5, mount("one", AWAY)) == []
    assert desktop.due == 15
    assert desktop.look(15, mount("one", AWAY)) == [OUT]
    (shown,) = desktop.steps
    assert shown == Notice("unreachable@https://s3.example.org", OUT, "text of unreachable")
    assert desktop.look(40, mount("one", AWAY)) == []
    assert desktop.look(41, mount("one", UNSURE)) == [], "not proven is not back"
    assert desktop.look(42, mount("one", WELL)) == [BACK]
    (good,) = desktop.steps
    assert isinstance(good, Notice) and good.good and good.key == shown.key
    assert desktop.look(99, mount("one", WELL)) == []


def test_who_has_to_act_is_told_how(desktop: Desktop) -> None:
    desktop.look(0, mount("one", DENIED))
    assert desktop.look(10, mount("one", DENIED)) == [NEEDS]
    (shown,) = desktop.steps
    assert isinstance(shown, Notice) and shown.urgent
    assert shown.body == "text of access-denied\nhint of access-denied"


def test_a_blip_is_not_shown(desktop: Desktop) -> None:
    for at in range(0, 200, 20):
        assert desktop.look(at, mount("one", AWAY)) == []
        assert desktop.look(at + 9, mount("one", WELL)) == []


def test_an_operators_stop_is_not_shown_and_takes_an_outage_away(desktop: Desktop) -> None:
    assert desktop.look(0, mount("one", WELL)) == desktop.look(60, mount("one", STOPPED)) == []
    desktop.look(100, mount("one", AWAY))
    assert desktop.look(110, mount("one", AWAY)) == [OUT]
    assert desktop.look(120, mount("one", STOPPED)) == ["-"]
    assert desktop.look(300, mount("one", WELL)) == []


def test_a_mount_that_leaves_the_configuration_takes_its_notification_with_it(desktop: Desktop) -> None:
    desktop.look(0, mount("one", AWAY))
    desktop.look(10, mount("one", AWAY))
    assert desktop.look(20) == ["-"]


def test_one_cause_is_one_notification(desktop: Desktop) -> None:
    away = [mount(f"m{number}", AWAY) for number in range(10)]
    assert desktop.look(0, *away) == []
    assert desktop.look(10, *away) == ["10 S3 folders are not well"]
    (shown,) = desktop.steps
    assert isinstance(shown, Notice)
    assert shown.body == ", ".join(f"m{number}" for number in range(10)) + "\ntext of unreachable"
    well = [mount(f"m{number}", WELL) for number in range(10)]
    assert desktop.look(20, *well) == ["10 S3 folders are well again"]


def test_another_face_of_the_same_outage_is_no_news(desktop: Desktop) -> None:
    desktop.look(0, mount("one", AWAY))
    desktop.look(10, mount("one", AWAY))
    assert desktop.look(11, mount("one", REFUSED)) == []
    assert desktop.look(12, mount("one", STARTS)) == []
    assert desktop.look(13, mount("one", WELL)) == [BACK]


def test_what_gets_worse_is_said_at_once(desktop: Desktop) -> None:
    desktop.look(0, mount("one", AWAY))
    desktop.look(10, mount("one", AWAY))
    assert sorted(desktop.look(12, mount("one", DENIED))) == ["-", NEEDS]


def test_many_causes_are_one_notification(desktop: Desktop) -> None:
    sick = [mount(f"m{number}", AWAY, f"https://{number}.example.org") for number in range(8)]
    for one in sick:
        one["reason"]["text"] += f" of {one['name']}"
    desktop.look(0, *sick)
    assert desktop.look(10, *sick) == ["8 S3 folders are not well"]
    (shown,) = desktop.steps
    assert isinstance(shown, Notice)
    assert shown.body.splitlines()[0] == "m0: text of unreachable of m0"
    assert shown.body.splitlines()[-1] == "and 3 more: s3mountctl status"
    rest = [*sick[:2], *(mount(f"m{number}", WELL) for number in range(2, 8))]
    assert desktop.look(80, *rest) == ["2 S3 folders are not well"], "it stays one"
    assert desktop.look(90, *(mount(f"m{number}", WELL) for number in range(8))) == ["2 S3 folders are well again"]


def test_few_causes_are_shown_each_by_itself(desktop: Desktop) -> None:
    sick = [mount("one", AWAY), mount("two", AWAY, "https://other.example.org"), mount("three", DENIED)]
    desktop.look(0, *sick)
    assert len(desktop.look(10, *sick)) == 3


def test_one_that_flaps_alarms_once_a_minute(desktop: Desktop) -> None:
    heard = []
    for at in range(0, 600, 1):
        said = AWAY if at % 20 < 15 else WELL
        heard += [(at, summary) for summary in desktop.look(at, mount("one", said))]
    alarms = [at for at, summary in heard if summary == OUT]
    assert len(alarms) <= 10
    assert all(after - before >= notices.PACE for before, after in pairwise(alarms))
    assert len(heard) <= 2 * len(alarms)


def test_whatever_happens_the_pace_is_bounded(desktop: Desktop) -> None:
    heard = []
    for at in range(1200):
        # Every ten seconds another endpoint is away.
        sick = [mount(f"m{number}", AWAY if (at // 12) % 40 == number else WELL, f"https://{number}.example.org")
                for number in range(40)]
        heard += [at for summary in desktop.look(at, *sick) if "not well" in summary]
    for at in heard:
        assert len([other for other in heard if at <= other < at + notices.PACE]) <= notices.BURST


def test_what_had_to_wait_is_shown_when_its_time_has_come(desktop: Desktop) -> None:
    desktop.look(0, mount("one", AWAY))
    assert desktop.look(10, mount("one", AWAY)) == [OUT]
    assert desktop.look(11, mount("one", WELL)) == [BACK]
    desktop.look(12, mount("one", AWAY))
    assert desktop.look(22, mount("one", AWAY)) == []
    assert desktop.due == 70
    assert desktop.look(70, mount("one", AWAY)) == [OUT]


def test_at_a_login_what_is_well_or_starts_says_nothing(desktop: Desktop) -> None:
    starts = [mount(f"m{number}", STARTS) for number in range(20)]
    assert desktop.look(0, *starts) == []
    assert desktop.look(5, *(mount(f"m{number}", WELL) for number in range(20))) == []


def test_a_daemon_without_grace_in_its_document(desktop: Desktop) -> None:
    old = mount("one", AWAY)
    del old["grace"]
    assert desktop.look(0, old) == [OUT]


def test_what_is_known_when_it_is_told_counts_and_not_the_first_guess(desktop: Desktop) -> None:
    desktop.look(0, mount("one", WELL))
    assert desktop.look(1, mount("one", STARTS)) == []
    assert desktop.look(12, mount("one", AWAY)) == [OUT]
    assert [step.body for step in desktop.steps if isinstance(step, Notice)] == ["text of unreachable"]

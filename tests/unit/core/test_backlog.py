"""News that wait: order, bound, and what is joined."""

from mountd.core.backlog import Backlog
from mountd.core.news import Event, News, Turn


def one(name: str, event: Event, at: int = 0) -> News:
    return News(event, {"name": name, "at": at}, Turn(str(at)))


def test_the_oldest_comes_first() -> None:
    backlog = Backlog(3)
    for name in "aba":
        backlog.add(one(name, Event.CHANGE))
    taken = [told.name for _ in range(3) if (told := backlog.take())]
    assert taken == ["a", "b", "a"]
    assert backlog.take() is None


def test_a_busy_mount_waits_and_holds_up_nobody_else() -> None:
    backlog = Backlog(3)
    for name in "aab":
        backlog.add(one(name, Event.CHANGE))
    told = backlog.take({"a"})
    assert told is not None and told.name == "b"
    assert backlog.take({"a"}) is None
    assert len(backlog) == 2


def test_what_is_too_much_is_joined_with_the_last_and_counted() -> None:
    backlog = Backlog(2)
    for at, event in enumerate((Event.CHANGE, Event.OUTAGE, Event.CHANGE, Event.CHANGE)):
        backlog.add(one("a", event, at))
    backlog.add(one("b", Event.CHANGE, 9))
    assert (len(backlog), backlog.joined) == (3, 2)
    assert backlog.take() == one("a", Event.CHANGE, 0)
    assert backlog.take() == News(Event.OUTAGE, {"name": "a", "at": 3}, Turn("1"))


def test_it_stays_bounded() -> None:
    backlog = Backlog(4)
    for at in range(1000):
        backlog.add(one(f"m{at % 5}", Event.CHANGE, at))
    assert (len(backlog), backlog.joined) == (20, 980)
    backlog.clear()
    assert (len(backlog), backlog.joined) == (0, 0)

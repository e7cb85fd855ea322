"""When a mount's turn is news, and what to call it: the words that hooks, the webhook and notifications share."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from mountd.core import verdict
from mountd.core.verdict import Document, sleeps
from mountd.words.errors import FAULTS


class Condition(Enum):
    """How a mount is, as far as somebody would want to be told."""

    WELL = "well"
    OFF = "off"
    """Nobody wants it mounted: disabled, stopped by an operator, on its way out, waiting for a first access."""
    OUT = "out"
    """It should serve and does not; it mends itself."""
    PERSON = "person"
    """The same, and somebody has to do something."""
    UNSURE = "unsure"
    """Mounted, and not proven lately: no news, in either direction."""


class Event(str, Enum):
    """What is told of a mount."""

    OUTAGE = "outage"
    RECOVERY = "recovery"
    NEEDS_YOU = "needs-you"
    CHANGE = "change"


_BY_STATE = {
    "mounting": Condition.OUT, "waiting": Condition.OUT, "failed": Condition.PERSON, "foreign": Condition.PERSON,
    "draining": Condition.OFF, "stopped": Condition.OFF, "disabled": Condition.OFF,
}
_BY_HEALTH = {"ok": Condition.WELL, "degraded": Condition.OUT, "down": Condition.PERSON}
_ALARMS = {Condition.OUT: Event.OUTAGE, Condition.PERSON: Event.NEEDS_YOU}
_LOUDNESS: dict[Event | None, int] = {None: 0, Event.OUTAGE: 1, Event.NEEDS_YOU: 2}


def condition(mount: Document) -> Condition:
    """Of a mount's part of the status document; a word of a newer daemon makes nobody run."""
    if verdict.sleeps(mount):
        return Condition.WELL
    if sleeps(mount):
        return Condition.OFF
    if mount["state"] != "mounted":
        return _BY_STATE.get(mount["state"], Condition.UNSURE)
    how = _BY_HEALTH.get(mount["health"], Condition.UNSURE)
    fault = FAULTS.get((mount["reason"] or {}).get("code", ""))
    # It may serve on as it was and not be able to become what the configuration wants: that mends nothing by itself.
    return Condition.PERSON if how is Condition.OUT and fault is not None and fault.needs_person else how


@dataclass(frozen=True)
class Turn:
    """What makes a change news; all empty when nothing was known."""

    state: str = ""
    health: str = ""
    code: str = ""

    @classmethod
    def of(cls, mount: Document) -> "Turn":
        """The turn that a document shows."""
        return cls(mount["state"], mount["health"], (mount["reason"] or {}).get("code", ""))

    def document(self) -> dict[str, str | None]:
        """As it is told."""
        return {"state": self.state or None, "health": self.health or None, "code": self.code or None}


@dataclass(frozen=True)
class Known:
    """What has been told of one mount. ``since`` is when it went out, in the seconds that ``step`` is given."""

    turn: Turn
    calm: Turn = Turn()
    """The last turn in which nothing was wrong."""
    since: float | None = None
    alarm: Event | None = None
    """The alarm that stands."""


@dataclass(frozen=True)
class News:
    """One thing to tell: the mount's document as it is now, and how it was before."""

    event: Event
    mount: Document
    previous: Turn
    at: str = ""
    """When, as it is told (RFC 3339): what waits may come late."""

    @property
    def name(self) -> str:
        """The mount's name."""
        return str(self.mount["name"])

    def document(self) -> dict[str, Any]:
        """What a hook reads and a webhook is sent."""
        return {"event": self.event.value, "at": self.at, "mount": dict(self.mount),
                "previous": self.previous.document()}

    def after(self, waiting: "News | None") -> "News":
        """This one in place of one that nobody has been told yet; an alarm is not lost behind a mere change."""
        if waiting is None:
            return self
        event = waiting.event if self.event is Event.CHANGE else self.event
        return replace(self, event=event, previous=waiting.previous)


def step(known: Known | None, mount: Document, grace: float, now: float) -> tuple[Known, News | None, float | None]:
    """What is known after a look at a mount, what is to be told, and when to look again though nothing changes.

    The first sight of a mount is no news. An alarm comes once the mount has been out for ``grace`` seconds, so a blip
    is a change (or two) and nothing more.
    """
    turn, how = Turn.of(mount), condition(mount)
    if known is None:
        return _begin(turn, how, grace, now)
    if how is Condition.UNSURE:
        return known, None, _due(known, grace)
    if how in _ALARMS:
        return _out(known, mount, _ALARMS[how], grace, now)
    event = Event.RECOVERY if known.alarm and how is Condition.WELL else Event.CHANGE
    told = News(event, mount, known.turn) if event is Event.RECOVERY or turn != known.turn else None
    return Known(turn, turn), told, None


def _begin(turn: Turn, how: Condition, grace: float, now: float) -> tuple[Known, None, float | None]:
    if how in _ALARMS:
        return Known(turn, since=now), None, now + grace
    return Known(turn, turn), None, None


def _out(known: Known, mount: Document, alarm: Event, grace: float, now: float,
         ) -> tuple[Known, News | None, float | None]:
    turn = Turn.of(mount)
    since = now if known.since is None else known.since
    fresh = replace(known, turn=turn, since=since)
    if now - since >= grace and _LOUDNESS[alarm] > _LOUDNESS[known.alarm]:
        previous = known.turn if known.alarm else known.calm
        return replace(fresh, alarm=alarm), News(alarm, mount, previous), None
    told = News(Event.CHANGE, mount, known.turn) if turn != known.turn else None
    return fresh, told, _due(fresh, grace)


def _due(known: Known, grace: float) -> float | None:
    """When the alarm is due, None when it stands or nothing is wrong."""
    return known.since + grace if known.since is not None and known.alarm is None else None


def kept(known: Mapping[str, Known]) -> dict[str, list[Any]]:
    """What a later daemon should know, as JSON can carry it."""
    return {name: [*_plain(one.turn), *_plain(one.calm), one.alarm.value if one.alarm else None]
            for name, one in known.items()}


def recalled(value: Any, now: float) -> dict[str, Known]:
    """What an earlier daemon kept; empty when that cannot be understood. An outage under way begins its grace anew."""
    try:
        return {name: _recalled(row, now) for name, row in value.items()}
    except (AttributeError, TypeError, ValueError, IndexError):
        return {}


def _recalled(row: list[Any], now: float) -> Known:
    turn, calm = Turn(*row[:3]), Turn(*row[3:6])
    return Known(turn, calm, None if turn == calm else now, Event(row[6]) if row[6] else None)


def _plain(turn: Turn) -> tuple[str, str, str]:
    return turn.state, turn.health, turn.code

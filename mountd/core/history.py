"""How a mount has fared: outages, times in which nobody watched, and what follows from both. Pure.

Times are seconds since the epoch. A history tells the truth of the time from ``begun`` on: what has to be forgotten
moves ``begun``, so that a forgotten outage is never taken for a good time.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from mountd.core.stretches import DAY, Stretch, cut, minus, total
from mountd.words.model import Health, State

KEPT_SECONDS, KEPT_OUTAGES = 90 * DAY, 500
_KEPT_GAPS = 300


class Standing(str, Enum):
    """What a moment counts as."""

    WELL = "well"
    OUT = "out"
    ASIDE = "aside"
    """Nobody promised anything, or nobody watched: neither well nor out."""


@dataclass(frozen=True)
class Outage:
    """A time in which a wanted folder did not serve; ``until`` is None while it lasts.

    ``done`` says in a few words what ended it. A ``blip`` was shorter than the mount's grace: kept, and not counted.
    """

    since: float
    until: float | None
    code: str
    done: str = ""
    blip: bool = False


@dataclass(frozen=True)
class Open:
    """An outage that lasts: what is wrong now and since when, and what was for longest before that."""

    since: float
    code: str
    code_since: float
    longest_code: str = ""
    longest: float = -1.0

    def other(self, code: str, wall: float) -> "Open":
        """It goes on for another reason."""
        so_far = wall - self.code_since
        if so_far <= self.longest:
            return replace(self, code=code, code_since=wall)
        return Open(self.since, code, wall, self.code, so_far)

    def outage(self, now: float) -> Outage:
        """It as an outage, called by what was wrong for most of the time."""
        most = self.code if now - self.code_since > self.longest else self.longest_code
        return Outage(self.since, None, most)


@dataclass(frozen=True)
class History:
    """Outages that are over and gaps that are closed, oldest first; what lasts has fields of its own."""

    begun: float | None = None
    """Since when it is known; None until the mount was well for the first time."""
    standing: Standing = Standing.ASIDE
    since: float = 0.0
    """Since when it stands so."""
    open: Open | None = None
    outages: tuple[Outage, ...] = ()
    """All with ``until``."""
    gaps: tuple[Stretch, ...] = ()

    def last(self, now: float, grace: float) -> Outage | None:
        """The outage that lasts, if it has passed for one by now, else the last one that was one."""
        if self.open is not None and lasted(self, self.open.outage(now), now) >= grace:
            return self.open.outage(now)
        return next((one for one in reversed(self.outages) if not one.blip), None)

    def grace_left(self, now: float, grace: float) -> float | None:
        """Seconds until what lasts passes for an outage; None when nothing lasts, or it does already."""
        left = grace - lasted(self, self.open.outage(now), now) if self.open is not None else 0.0
        return left if left > 0 else None


def standing(before: Standing, state: State, health: Health, code: str) -> Standing:
    """What a mount in that state counts as; ``code`` of what is wrong with it, or empty."""
    if state is State.MOUNTED:
        # Unknown neither begins an outage nor ends one.
        return {Health.OK: Standing.WELL, Health.UNKNOWN: before}.get(health, Standing.OUT)
    if state in (State.STOPPED, State.DISABLED, State.DRAINING) or code in _ASLEEP:
        return Standing.ASIDE
    if state is State.MOUNTING and not code and before is not Standing.OUT:
        # Brought up without anything having gone wrong: at boot, after a stop, in another place.
        return Standing.ASIDE
    return Standing.OUT


_ASLEEP = frozenset({"on-demand"})
"""Codes of mounts whose worker is away because nobody needs it."""


def turned(history: History, to: Standing, code: str, wall: float, grace: float, done: str) -> History:
    """The history once the mount stands otherwise, or is out for another reason; ``done``: what ends an outage now."""
    if history.begun is None:
        return replace(history, begun=wall, standing=to, since=wall) if to is Standing.WELL else history
    history = _clock_set_back(history, wall)
    wall = max(wall, history.since)
    if to is history.standing:
        if history.open is None or history.open.code == code:
            return history
        return replace(history, open=history.open.other(code, wall))
    if history.open is not None:
        over = replace(history.open.outage(wall), until=wall, done=done)
        over = replace(over, blip=lasted(history, over, wall) < grace)
        history = replace(history, outages=(*history.outages, over))
    if history.standing is Standing.ASIDE:
        history = _with_gap(history, history.since, wall)
    opened = Open(wall, code, wall) if to is Standing.OUT else None
    return _bounded(replace(history, standing=to, since=wall, open=opened), wall)


def unwatched(history: History, begin: float, end: float) -> History:
    """Nobody watched in that time: the daemon was away, or the machine slept."""
    if history.begun is None or history.standing is Standing.ASIDE:
        return history
    # It was watched as it turned.
    return _with_gap(history, max(begin, history.since), end)


def rebooted(history: History, seen: float, now: float) -> History:
    """The machine was off since it was ``seen`` last. An outage goes on; what was well is on its way again."""
    if history.standing is Standing.WELL:
        return replace(history, standing=Standing.ASIDE, since=max(history.since, min(seen, now)))
    return unwatched(history, seen, now)


def differ(one: Outage | None, two: Outage | None) -> bool:
    """Is one of them another outage, or over when the other is not? What it is called may change meanwhile."""
    return (one and (one.since, one.until)) != (two and (two.since, two.until))


def lasted(history: History, outage: Outage, now: float) -> float:
    """Seconds of an outage in which somebody watched."""
    return total(minus([(outage.since, max(outage.since, now if outage.until is None else outage.until))],
                       history.gaps))


def _clock_set_back(history: History, wall: float) -> History:
    """By more than a day: what was written of a time that has not come yet was written by a wrong clock."""
    if wall + DAY >= history.since:
        return history
    return replace(
        history, begun=min(history.begun or wall, wall), since=wall,
        open=Open(wall, history.open.code, wall) if history.open else None,
        outages=tuple(one for one in history.outages if one.until is not None and one.until <= wall),
        gaps=tuple(cut(history.gaps, 0.0, wall)))


def _with_gap(history: History, begin: float, end: float) -> History:
    """A clock that was set back must not make gaps overlap."""
    begin = max(begin, history.gaps[-1][1]) if history.gaps else begin
    return replace(history, gaps=(*history.gaps, (begin, end))) if end > begin else history


def _bounded(history: History, now: float) -> History:
    """Without what is too old or too much; blips go first, for nobody counts them."""
    begun = max(history.begun or now, now - KEPT_SECONDS)
    outages, gaps = history.outages, history.gaps
    if len(outages) > KEPT_OUTAGES:
        blips = [outage for outage in outages if outage.blip]
        dropped = set(blips[:len(outages) - KEPT_OUTAGES])
        outages = tuple(outage for outage in outages if outage not in dropped)
    for over in outages[:-KEPT_OUTAGES][-1:]:
        begun = max(begun, over.until or now)
    for _, end in gaps[:-_KEPT_GAPS][-1:]:
        begun = max(begun, end)
    return replace(
        history, begun=begun, outages=tuple(one for one in outages if (one.until or now) > begun),
        gaps=tuple(cut(gaps, begun, max(now, begun))))


# As a file


def plain(history: History) -> dict[str, Any]:
    """What a file keeps."""
    return {
        "begun": history.begun, "standing": history.standing.value, "since": history.since,
        "open": _open_row(history.open) if history.open else None,
        "outages": list(map(_row, history.outages)), "gaps": list(history.gaps),
    }


def _row(one: Outage) -> tuple[Any, ...]:
    return one.since, one.until, one.code, one.done, one.blip


def _open_row(one: Open) -> tuple[Any, ...]:
    return one.since, one.code, one.code_since, one.longest_code, one.longest


def of_plain(kept: Any) -> History:
    """The history of a file; an empty one when it cannot be understood."""
    try:
        return History(
            None if kept["begun"] is None else float(kept["begun"]), Standing(kept["standing"]), float(kept["since"]),
            _open(*kept["open"]) if kept["open"] else None, tuple(_outage(*row) for row in kept["outages"]),
            tuple((float(begin), float(end)) for begin, end in kept["gaps"]))
    except (TypeError, KeyError, ValueError):
        return History()


def _open(since: Any, code: Any, code_since: Any, longest_code: Any, longest: Any) -> Open:
    return Open(float(since), str(code), float(code_since), str(longest_code), float(longest))


def _outage(since: Any, until: Any, code: Any, done: Any, blip: Any) -> Outage:
    return Outage(float(since), float(until), str(code), str(done), bool(blip))

"""What a history says in figures: availability, a bar for each day, and the document that every surface gets. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from mountd.core.history import History, Outage, Standing, lasted
from mountd.core.messages import Cause
from mountd.core.reasons import reason
from mountd.core.status import SCHEMA, stamp
from mountd.core.stretches import DAY, Stretch, by_day, cut, minus, total
from mountd.words.errors import FAULTS
from mountd.words.model import Mount

WINDOWS = {"24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
"""Over which availability is told, by their names in documents. A clock that was set back does not end them sooner
than the last turn."""
BAR_DAYS = 30


def availabilities(history: History, now: float) -> dict[str, float | None]:
    """For each of ``WINDOWS`` the share of the watched time that was no outage; None when nobody watched."""
    if history.begun is None:
        return dict.fromkeys(WINDOWS)
    now = max(now, history.since)
    gaps, out = _gaps(history, now), _out(history, now)
    shares: dict[str, float | None] = {}
    for name, window in WINDOWS.items():
        begin = max(history.begun, now - window)
        watched = max(0.0, now - begin) - total(cut(gaps, begin, now))
        shares[name] = round(1.0 - total(cut(out, begin, now)) / watched, 8) if watched > 0 else None
    return shares


@dataclass(frozen=True)
class Day:
    """A day of UTC: its beginning, how long it was watched and out, and the code of most of what was out."""

    begin: float
    watched: float = 0.0
    out: float = 0.0
    code: str = ""


def days(history: History, now: float) -> tuple[Day, ...]:
    """The last 30, oldest first, with today."""
    now = max(now, history.since)
    begins = [now - now % DAY - number * DAY for number in reversed(range(BAR_DAYS))]
    if history.begun is None:
        return tuple(map(Day, begins))
    gaps = _gaps(history, now)
    watched = by_day(minus([(history.begun, now)], gaps), begins)
    out: list[dict[str, float]] = [{} for _ in begins]
    for outage in _counted(history, now):
        stretches = minus([(outage.since, outage.until or now)], gaps)
        for codes, seconds in zip(out, by_day(stretches, begins), strict=True):
            codes[outage.code] = codes.get(outage.code, 0.0) + seconds
    return tuple(
        Day(begin, seconds, sum(codes.values()), max(codes, key=codes.__getitem__) if any(codes.values()) else "")
        for begin, seconds, codes in zip(begins, watched, out, strict=True))


def _counted(history: History, now: float) -> Iterable[Outage]:
    yield from (outage for outage in history.outages if not outage.blip)
    if history.open is not None:
        yield replace(history.open.outage(now), until=max(now, history.open.since))


def _out(history: History, now: float) -> list[Stretch]:
    """All that counts as outage, in order."""
    stretches = [(outage.since, outage.until or now) for outage in _counted(history, now)]
    return minus(stretches, history.gaps)


def _gaps(history: History, now: float) -> list[Stretch]:
    """With the one that lasts."""
    lasting = [(history.since, now)] if history.standing is Standing.ASIDE and now > history.since else []
    return [*history.gaps, *lasting]


@dataclass(frozen=True)
class Kept:
    """One mount's history with what is needed to tell it; ``mount`` is None for one that is no longer configured."""

    name: str
    history: History
    mount: Mount | None = None


def document(kept: Sequence[Kept], now: float, limit: int) -> dict[str, Any]:
    """The history document: of each mount availability, at most ``limit`` outages, oldest first, and its days."""
    return {"schema": SCHEMA, "generated_at": stamp(now), "mounts": [_mount(one, now, limit) for one in kept]}


def _mount(kept: Kept, now: float, limit: int) -> dict[str, Any]:
    history = kept.history
    lasting = [history.open.outage(now)] if history.open else []
    return {
        "name": kept.name, "known_since": stamp(history.begun), "availability": availabilities(history, now),
        "outages": [_told(one, kept, now) for one in [*history.outages, *lasting][-limit:]],
        "days": [{"date": datetime.fromtimestamp(day.begin, UTC).date().isoformat(), "watched": round(day.watched),
                  "out": round(day.out, 3), "code": day.code} for day in days(history, now)],
    }


def _told(outage: Outage, kept: Kept, now: float) -> dict[str, Any]:
    text = reason(Cause(outage.code), kept.mount).text if outage.code in FAULTS else outage.code
    return {
        "from": stamp(outage.since), "to": stamp(outage.until), "seconds": round(lasted(kept.history, outage, now), 3),
        "code": outage.code, "text": text, "done": outage.done, "blip": outage.blip,
    }

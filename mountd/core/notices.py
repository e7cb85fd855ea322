"""Which notifications a desktop should show: one for each cause, none for blips, few at a time. Time is an argument.

The same conditions and the same grace as for hooks (``core.news``), grouped by reason and endpoint, and made level with
what is shown: a call compares what should be seen with what is, so nothing is lost by a turn that was missed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mountd.core.news import Condition, condition
from mountd.core.verdict import Document

MOST = 3
"""Causes that are shown each by itself; more are one notification."""
PACE = 60.0
"""Seconds before the same cause may alarm again."""
BURST = 5
"""Alarms in ``PACE`` seconds."""
_MANY = "many"
_LINES = 5


@dataclass(frozen=True)
class Notice:
    """A notification. ``replaces`` the one that is shown under the same ``key``; a ``good`` one ends the story."""

    key: str
    summary: str
    body: str
    urgent: bool = False
    good: bool = False


@dataclass(frozen=True)
class Close:
    """Take that one away without a word."""

    key: str


Step = Notice | Close


@dataclass(frozen=True)
class Sick:
    """A mount that is out: since when (as ``now`` counts), how, and under which cause it is told."""

    since: float
    how: Condition
    cause: str
    line: str
    hint: str


@dataclass(frozen=True)
class Shown:
    """What a notification on the screen is about."""

    names: frozenset[str]
    urgent: bool


@dataclass(frozen=True)
class Memory:
    """What is known between two looks."""

    sick: Mapping[str, Sick] = field(default_factory=dict)
    shown: Mapping[str, Shown] = field(default_factory=dict)
    alarms: Mapping[str, float] = field(default_factory=dict)
    """When each cause last alarmed."""


def decide(memory: Memory, mounts: Sequence[Document], now: float) -> tuple[Memory, list[Step], float | None]:
    """What is known after this look, what to do, and when to look again though nothing changes."""
    sick = {name: one for mount in mounts if (one := _sick(memory, name := mount["name"], mount, now))}
    grace = {mount["name"]: float(mount.get("grace", 0.0)) for mount in mounts}
    told = {name: one for name, one in sick.items() if now - one.since >= grace[name]}
    due = [one.since + grace[name] for name, one in sick.items() if name not in told]
    wanted = _wanted(told, _MANY in memory.shown)
    fresh = replace(memory, sick=sick, alarms={key: at for key, at in memory.alarms.items() if now - at < PACE})
    well = {mount["name"] for mount in mounts if condition(mount) is Condition.WELL}
    fresh, steps = _ended(fresh, wanted, well)
    for key, names in wanted.items():
        shown = Shown(frozenset(names), any(one.how is Condition.PERSON for one in names.values()))
        if fresh.shown.get(key) == shown:
            continue
        wait = _wait(fresh, key, shown, now)
        if wait > now:
            due.append(wait)
            continue
        fresh = replace(fresh, shown={**fresh.shown, key: shown}, alarms={**fresh.alarms, key: now})
        steps.append(_alarm(key, names, urgent=shown.urgent))
    return fresh, steps, min(due, default=None)


def _sick(memory: Memory, name: str, mount: Document, now: float) -> Sick | None:
    before, how = memory.sick.get(name), condition(mount)
    if how is Condition.UNSURE:
        return before
    if how not in (Condition.OUT, Condition.PERSON):
        return None
    reason = mount["reason"] or {"code": "", "text": "it has not come up yet", "hint": ""}
    cause = f"{reason['code']}@{mount['options'].get('endpoint_url', 'AWS')}"
    if before and before.how is how and any(name in shown.names for shown in memory.shown.values()):
        # An outage has many faces (refused, unreachable, late): it stays the cause that it was told as.
        return before
    return Sick(before.since if before else now, how, cause, reason["text"], reason["hint"])


def _wanted(told: Mapping[str, Sick], many: bool) -> dict[str, dict[str, Sick]]:
    groups: dict[str, dict[str, Sick]] = {}
    for name, one in told.items():
        groups.setdefault(one.cause, {})[name] = one
    return {_MANY: dict(told)} if len(groups) > MOST or (many and told) else groups


def _ended(memory: Memory, wanted: Mapping[str, object], well: set[str]) -> tuple[Memory, list[Step]]:
    """The notifications whose cause is no more: good news if mounts are well again, else just away with it."""
    steps: list[Step] = []
    for key, shown in memory.shown.items():
        if key not in wanted:
            back = shown.names & well
            steps.append(_good(key, back) if back else Close(key))
    return replace(memory, shown={key: shown for key, shown in memory.shown.items() if key in wanted}), steps


def _wait(memory: Memory, key: str, shown: Shown, now: float) -> float:
    """When this may be shown."""
    before = memory.shown.get(key)
    louder = shown.urgent and not (before and before.urgent)
    last = memory.alarms.get(key)
    own = last + PACE if last is not None and not louder else now
    crowd = min(memory.alarms.values()) + PACE if len(memory.alarms) >= BURST and key not in memory.alarms else now
    return max(own, crowd)


def _alarm(key: str, names: Mapping[str, Sick], *, urgent: bool) -> Notice:
    summary = _about(names, ("needs you", "need you") if urgent else ("is not well", "are not well"))
    lines = [one.line if len(names) == 1 else f"{name}: {one.line}" for name, one in names.items()]
    shared = list(dict.fromkeys(one.line for one in names.values()))
    if len(names) > 1 and len(shared) == 1:
        lines = [", ".join(names), *shared]
    more = [f"and {len(lines) - _LINES} more: s3mountctl status"] if len(lines) > _LINES else []
    hints = dict.fromkeys(one.hint for one in names.values() if one.how is Condition.PERSON and one.hint)
    only = list(hints) if len(hints) == 1 else []
    return Notice(key, summary, "\n".join([*lines[:_LINES], *more, *only]), urgent=urgent)


def _good(key: str, names: frozenset[str]) -> Notice:
    body = ", ".join(sorted(names)) if len(names) > 1 else ""
    return Notice(key, _about(names, ("is well again", "are well again")), body, good=True)


def _about(names: Mapping[str, object] | frozenset[str], verbs: tuple[str, str]) -> str:
    return f"The S3 folder {next(iter(names))} {verbs[0]}" if len(names) == 1 else f"{len(names)} S3 folders {verbs[1]}"

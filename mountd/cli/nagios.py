"""``s3mountctl check-health``: one line, figures and an exit status as Nagios, Icinga and their kin want them.

The form is that of the Monitoring Plugins Development Guidelines: ``SERVICE STATUS - text | figures``, exit status
0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN; a bar in the text would begin the figures.
"""

from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum

from mountd.cli.console import Console
from mountd.cli.reads import narrowed
from mountd.cli.text import clean, moment
from mountd.core import verdict
from mountd.core.verdict import Document, Exit
from mountd.words.errors import MountdError


class Level(IntEnum):
    """Exit status of the plug-in."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_LEVELS = {Exit.WELL: Level.OK, Exit.DEGRADED: Level.WARNING, Exit.DOWN: Level.CRITICAL}
_UNKNOWN_CODES = ("daemon-unreachable", "no-such-mount", "not-permitted")


def check_health(console: Console, args: Namespace) -> int:
    """Ask once, and print what a monitoring system reads."""
    names = [args.name] if args.name else []
    try:
        document = console.client.status()
        level, lines = report(narrowed(document, names) if names else of_administrator(document), names)
    except MountdError as error:
        if error.fault.code not in _UNKNOWN_CODES:
            raise
        level, lines = Level.UNKNOWN, [f"S3MOUNTD UNKNOWN - {_safe(error.fault.sentence.format(detail=error.detail))}"]
    console.say(lines)
    return level


def of_administrator(document: Document) -> Document:
    """The document without mounts that users manage themselves, of which nobody else is to be woken."""
    return {**document, "mounts": [mount for mount in document["mounts"] if not mount.get("owner")]}


def report(document: Document, names: Sequence[str]) -> tuple[Level, list[str]]:
    """The level and the lines: the first with figures, then one for each mount that is not well."""
    mounts, now = document["mounts"], moment(document["generated_at"])
    worst = verdict.of_mounts(mounts) if names else verdict.of_document(document)
    level = _LEVELS[worst]
    idle = sum(mount["state"] in ("stopped", "disabled") for mount in mounts)
    if names and idle:
        # Whoever watches one mount by name wants it there.
        level = Level.WARNING
    well = sum(map(verdict.is_ready, mounts))
    counted = [f"{len(mounts)} mount{'s' * (len(mounts) != 1)}", f"{well} ok"]
    counted += [f"{idle} not in use"] if idle else []
    faults = document["daemon"]["problems"]
    counted += [f"the configuration has {len(faults)} fault{'s' * (len(faults) != 1)}"] if faults else []
    figures = [f"mounts={len(mounts)};;;0", f"ok={well};;;0", f"idle={idle};;;0",
               *(figure for mount in mounts for figure in _figures(mount, now))]
    sick = [_line(mount) for mount in mounts if not verdict.is_ready(mount)]
    head = f"S3MOUNTD {level.name} - {_safe(', '.join(counted))}"
    return level, [f"{head} | {' '.join(figures)}", *sick, *(_safe(f"configuration: {fault}") for fault in faults)]


def _figures(mount: Document, now: datetime) -> list[str]:
    """Age of the proof in seconds, restarts as a counter, availability of a day in percent."""
    name = clean(mount["name"])
    found = [f"'{name} restarts'={mount['restarts']}c"]
    if mount["state"] == "mounted" and mount["checked_at"]:
        age = max(0.0, (now - moment(mount["checked_at"])).total_seconds())
        found.append(f"'{name} probe_age'={age:.1f}s;;;0")
    share = mount["availability"].get("24h")
    if share is not None:
        found.append(f"'{name} availability'={share * 100:.4f}%;;;0;100")
    return found


def _line(mount: Document) -> str:
    reason = mount["reason"]
    why = f": {reason['text']}; {reason['hint']}" if reason else ""
    word = mount["health"] if mount["state"] == "mounted" else mount["state"]
    return _safe(f"{mount['name']} ({word}){why}")


def _safe(text: str) -> str:
    """One line, and no bar, behind which figures would be looked for."""
    return clean(text).replace("|", "/")

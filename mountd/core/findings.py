"""What a check found: one line each, with what mends it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from mountd.core.verdict import Exit


class Level(str, Enum):
    """How it stands with one thing."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"
    SKIPPED = "-"
    """It could not be told, or does not concern this machine: the text says which."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``fix`` is a command or a line, empty where nothing has to be done."""

    name: str
    level: Level
    text: str
    fix: str = ""

    @property
    def plain(self) -> dict[str, Any]:
        """For a machine."""
        return {"name": self.name, "level": self.level.name.lower(), "text": self.text, "fix": self.fix}


def ok(name: str, text: str) -> Finding:
    """Nothing has to be done."""
    return Finding(name, Level.OK, text)


def skipped(name: str, text: str) -> Finding:
    """Nothing can be said, for this reason."""
    return Finding(name, Level.SKIPPED, text)


_EXITS = {Level.OK: Exit.WELL, Level.SKIPPED: Exit.WELL, Level.WARNING: Exit.DEGRADED, Level.BAD: Exit.DOWN}


def verdict(level: Level) -> Exit:
    """How well that is, for colours and scripts."""
    return _EXITS[level]


def worst(found: Iterable[Finding]) -> Exit:
    """The exit status of several."""
    return max((verdict(one.level) for one in found), default=Exit.WELL)

"""What reading a configuration needs to know of the host, as plain values and callables."""

from collections.abc import Callable
from dataclasses import dataclass, field

from mountd.words.model import Place, Problem
from mountd.words.options import Version


@dataclass(frozen=True)
class Source:
    """A file's name, for messages, and its text."""

    path: str
    text: str
    open_to_all: bool = False
    """Can everybody on this machine read it?"""


@dataclass(frozen=True)
class Program:
    """A program that the configuration names, as it was found: why it must not be run, and what else is wrong."""

    refused: str = ""
    remark: str = ""
    hint: str = ""


def _nobody(_name: str) -> bool:
    return False


def _nowhere(_name: str) -> str | None:
    return None


def _as_written(folder: str) -> str:
    return folder


def _any_program(_path: str) -> Program:
    return Program()


@dataclass(frozen=True)
class Facts:
    """``regions`` empty means no list; ``worker_version`` None means that no mount-s3 was found.

    ``home_of`` gives a user's home or None. ``resolve_folder`` gives a path without symbolic links and never waits
    for a mount, and ``has_link`` says whether there is one, followed or not. ``users`` and ``groups`` serve
    suggestions only. ``program`` looks at a program without running it.
    """

    regions: frozenset[str] = frozenset()
    user_exists: Callable[[str], bool] = _nobody
    group_exists: Callable[[str], bool] = _nobody
    home_of: Callable[[str], str | None] = _nowhere
    resolve_folder: Callable[[str], str] = _as_written
    worker_version: Version | None = None
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    program: Callable[[str], Program] = _any_program
    has_link: Callable[[str], bool] = _nobody


@dataclass
class Findings:
    """Problems and remarks as they are met."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)

    def problem(self, place: Place, key: str, text: str, hint: str = "") -> None:
        """Note a fault, once."""
        found = Problem(place, key, text, hint)
        if found not in self.problems:
            self.problems.append(found)

    def note(self, place: Place, key: str, text: str, hint: str = "") -> None:
        """Note a remark, once."""
        found = Problem(place, key, text, hint)
        if found not in self.notes:
            self.notes.append(found)

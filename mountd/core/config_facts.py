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


def _nobody(_name: str) -> bool:
    return False


def _nowhere(_name: str) -> str | None:
    return None


def _as_written(folder: str) -> str:
    return folder


@dataclass(frozen=True)
class Facts:
    """``regions`` empty means no list; ``worker_version`` None means that no mount-s3 was found.

    ``home_of`` gives a user's home or None. ``resolve_folder`` gives a path without symbolic links and never waits
    for a mount. ``users`` and ``groups`` serve suggestions only.
    """

    regions: frozenset[str] = frozenset()
    user_exists: Callable[[str], bool] = _nobody
    group_exists: Callable[[str], bool] = _nobody
    home_of: Callable[[str], str | None] = _nowhere
    resolve_folder: Callable[[str], str] = _as_written
    worker_version: Version | None = None
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


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

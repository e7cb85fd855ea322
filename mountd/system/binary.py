"""The mount-s3 that is installed: where it is and which version, read once for each change of the file."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from mountd.core import programs
from mountd.core.messages import Cause
from mountd.system.probe import Answer, Helper
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.options import OLDEST, Version, parse_version, version_text

SEARCHED = paths.WORKERS


@dataclass(frozen=True)
class Installed:
    """A mount-s3 that can be run."""

    path: str
    version: Version
    program: str = ""
    """Which file it is (``core.programs``)."""


_Identity = tuple[str, int, int, int]


class Binary:
    """What ``look`` finds; ``changed()`` is called when a version that was being read is known."""

    def __init__(self, helper: Helper, changed: Callable[[], None]) -> None:
        self._helper = helper
        self._changed = changed
        self._identity: _Identity | None = None
        self._found: Installed | Cause | None = None

    def look(self) -> Installed | Cause | None:
        """The installed mount-s3, the cause why none can be used, or None while its version is being read."""
        identity = _identify()
        if identity is None:
            self._identity = None
            return Cause("worker-missing", ", ".join(SEARCHED))
        if identity != self._identity:
            self._identity, self._found = identity, None
            self._helper.ask("version", lambda answer: self._read(identity, answer), binary=identity[0])
        return self._found

    @property
    def version(self) -> Version | None:
        """The version if it is known now."""
        return self._found.version if isinstance(self._found, Installed) else None

    def _read(self, identity: _Identity, answer: Answer | MountdError) -> None:
        if identity == self._identity:
            self._found = _judge(identity, answer)
            self._changed()


def _identify() -> _Identity | None:
    for path in SEARCHED:
        try:
            facts = os.stat(path)
        except OSError:
            continue
        return path, facts.st_ino, facts.st_size, facts.st_mtime_ns
    return None


def _judge(identity: _Identity, answer: Answer | MountdError) -> Installed | Cause:
    path, *numbers = identity
    if isinstance(answer, MountdError):
        return Cause(answer.fault.code, answer.detail)
    try:
        version = parse_version(str(answer["text"]))
    except ValueError as error:
        return Cause("host-refused", f"{path} --version: {error}")
    if version < OLDEST:
        return Cause("worker-too-old", version_text(version))
    return Installed(path, version, programs.program(path, *numbers))

"""A file that somebody named and that must be its owner's own: opened so that no link leads to somebody else's."""

import contextlib
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

from mountd.words.errors import MountdError

LIMIT = 1 << 20
"""Bytes of a file with credentials; systemd takes no larger credential (systemd.exec(5), LoadCredential)."""
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextlib.contextmanager
def closing(descriptor: int) -> Iterator[int]:
    """A descriptor, closed in the end."""
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def opened_at(folder: int, name: str) -> int:
    """A file in an open folder, by its own name and no link. Raises OSError."""
    return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)


def content(descriptor: int, path: Path, owners: set[int], owner: str) -> bytes:
    """What is in an open file that must be one and belong to one of ``owners``. Raises MountdError ``no-credentials``,
    naming ``owner``."""
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        raise MountdError("no-credentials", f"{path} is not a file")
    if facts.st_uid not in owners:
        raise MountdError("no-credentials", f"{path} does not belong to {owner}")
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(LIMIT)


def read(path: Path, owner: pwd.struct_passwd | None = None) -> bytes:
    """A file that belongs to whoever has its folder, or to root, with no link of another user's on the way.

    Whoever has a folder may put links into it, and names of files that are not theirs. With an ``owner`` it must be
    theirs. Raises MountdError ``no-credentials``.
    """
    opened, others = os.open("/", _FOLDER), 0
    try:
        for part in path.parent.parts[1:]:
            # Below what a user can write to, no link counts; where only root can, root has set it.
            fresh = os.open(part, _FOLDER | (os.O_NOFOLLOW if others else 0), dir_fd=opened)
            os.close(opened)
            opened = fresh
            facts = os.fstat(opened)
            others = others or facts.st_uid or facts.st_mode & _OTHERS_WRITE
        folder_uid = os.fstat(opened).st_uid
        with closing(opened_at(opened, path.name)) as descriptor:
            wanted = ({owner.pw_uid}, owner.pw_name) if owner else ({folder_uid}, "who has its folder")
            return content(descriptor, path, *wanted)
    except OSError as error:
        raise MountdError("no-credentials", f"{path}: {error.strerror}") from error
    finally:
        os.close(opened)

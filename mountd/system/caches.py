"""Cache folders: one for each worker generation, made before it starts, swept after it ended. Runs in the helper.

Two mount-s3 with the same cache folder wipe each other's files, and a folder left behind by a killed one is wiped
before the next start, however long that takes (research note mount-s3.md, 5): so none is ever used twice.
"""

import contextlib
import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from mountd.core.units.worker import file_name
from mountd.words import paths
from mountd.words.errors import MountdError

_PARENT = "s3mountd"
_KEPT_FREE = 0.05
_SUFFIX = 8
_OLD = 3600.0
"""Seconds."""


def left_over(cache: str, mount_name: str, in_use: Iterable[str]) -> list[str]:
    """Folders below ``cache`` that nobody will sweep: what this mount does not use, and of others what is old.

    A worker that is about to start may not be among those ``in_use`` yet, but its folder is young.
    """
    parent, ours, keep = Path(cache) / _PARENT, f"{file_name(mount_name)}-", {os.path.basename(used) for used in in_use}
    found = []
    with contextlib.suppress(OSError), _only_roots(parent) as opened:
        for name in set(os.listdir(opened)) - keep:
            age = time.time() - os.stat(name, dir_fd=opened, follow_symlinks=False).st_mtime
            if name[:-_SUFFIX] == ours or age > _OLD:
                found.append(str(parent / name))
    return sorted(found)


def make(cache: str, mount_name: str) -> str:
    """A new cache folder below ``cache`` for one worker.

    Only root can reach it: the worker sees it through a bind mount in its sandbox, under a user id that changes with
    each generation, hence its own open mode. Raises MountdError ``cache-full`` or ``host-refused``.
    """
    parent = Path(cache) / _PARENT
    fresh = f"{file_name(mount_name)}-{secrets.token_hex(_SUFFIX // 2)}"
    try:
        paths.CACHE_MOUNT.mkdir(mode=0o755, parents=True, exist_ok=True)
        parent.mkdir(mode=0o700, exist_ok=True)
        with _only_roots(parent) as opened:
            os.mkdir(fresh, 0o700, dir_fd=opened)
            os.chmod(fresh, 0o777, dir_fd=opened)  # noqa: S103  behind a parent that only root can enter
    except OSError as error:
        code = "cache-full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "host-refused"
        raise MountdError(code, f"cache {cache}: {error.strerror}") from error
    return str(parent / fresh)


def is_full(cache: str) -> bool:
    """Has its disk less room than mount-s3 leaves free? Then it caches nothing, and says so in a line of its log only.

    It keeps 5 % free unless max_cache_size bounds the cache (research note mount-s3.md, 5). Raises OSError.
    """
    room = os.statvfs(cache)
    return room.f_bavail < room.f_blocks * _KEPT_FREE


@contextlib.contextmanager
def _only_roots(folder: Path) -> Iterator[int]:
    """The folder opened; raises PermissionError when somebody else made it and could have root work elsewhere."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        facts = os.fstat(opened)
        if facts.st_uid != os.geteuid() or facts.st_mode & 0o077:
            raise PermissionError(errno.EPERM, f"{folder} must be root's alone; remove it")
        yield opened
    finally:
        os.close(opened)


def sweep(folder: str) -> None:
    """Remove a cache folder whose worker has ended; never one that ``make`` did not make."""
    if Path(folder).parent.name == _PARENT:
        shutil.rmtree(folder, ignore_errors=True)

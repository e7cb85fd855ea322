"""Cache folders: one for each worker generation, made before it starts, swept after it ended. Runs in the helper.

Two mount-s3 with the same cache folder wipe each other's files, and a folder left behind by a killed one is wiped
before the next start, however long that takes (research note mount-s3.md, 5): so none is ever used twice.
"""

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from mountd.core.worker import file_name
from mountd.words import paths
from mountd.words.errors import MountdError

_PARENT = "s3mountd"
_KEPT_FREE = 0.05


def make(cache: str, mount_name: str, in_use: Iterable[str]) -> str:
    """A new cache folder below ``cache`` for one worker; those of this mount that are not in use are removed.

    Only root can reach it: the worker sees it through a bind mount in its sandbox, under a user id that changes with
    each generation, hence its own open mode. Raises MountdError ``cache-full`` or ``host-refused``.
    """
    parent = Path(cache) / _PARENT
    fresh = f"{file_name(mount_name)}-{secrets.token_hex(4)}"
    try:
        paths.CACHE_MOUNT.mkdir(mode=0o755, parents=True, exist_ok=True)
        parent.mkdir(mode=0o700, exist_ok=True)
        with _only_roots(parent) as opened:
            keep = {os.path.basename(used) for used in in_use}
            for old in os.listdir(opened):
                if old[:-8] == fresh[:-8] and old not in keep:
                    shutil.rmtree(old, ignore_errors=True, dir_fd=opened)
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

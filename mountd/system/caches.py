"""Cache folders: one for each worker generation, made before it starts, swept after it ended. Runs in the helper.

Two mount-s3 with the same cache folder wipe each other's files, and a folder left behind by a killed one is wiped
before the next start, however long that takes (research note mount-s3.md, 5): so none is ever used twice.
"""

import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

from mountd.core.worker import escape
from mountd.words import paths
from mountd.words.errors import MountdError

_PARENT = "s3mountd"


def make(cache: str, mount_name: str, in_use: Iterable[str]) -> str:
    """A new cache folder below ``cache`` for one worker; those of this mount that are not in use are removed.

    Only root can reach it: the worker sees it through a bind mount in its sandbox, under a user id that changes with
    each generation, hence its own open mode. Raises MountdError ``host-refused``.
    """
    try:
        parent = Path(cache) / _PARENT
        parent.mkdir(mode=0o700, exist_ok=True)
        paths.CACHE_MOUNT.mkdir(mode=0o755, parents=True, exist_ok=True)
        stem = escape(mount_name)
        keep = set(in_use)
        for old in parent.glob(f"{stem}-????????"):
            if str(old) not in keep:
                shutil.rmtree(old, ignore_errors=True)
        fresh = parent / f"{stem}-{secrets.token_hex(4)}"
        fresh.mkdir(mode=0o700)
        os.chmod(fresh, 0o777)  # noqa: S103  behind a parent that only root can enter
    except OSError as error:
        raise MountdError("host-refused", f"cache {cache}: {error.strerror}") from error
    return str(fresh)


def sweep(folder: str) -> None:
    """Remove a cache folder whose worker has ended; never one that ``make`` did not make."""
    if Path(folder).parent.name == _PARENT:
        shutil.rmtree(folder, ignore_errors=True)

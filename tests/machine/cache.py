"""What is slow to make and used again: kept outside the repository, keyed by what it was made from.

Every entry is made beside its final place under a lock and renamed into it, so a killed run leaves no
half-made entry that the next run would trust.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]


def cache_dir() -> Path:
    """The cache of this host: S3MOUNTD_CACHE, or /var/cache/s3mountd-dev."""
    path = Path(os.environ.get("S3MOUNTD_CACHE", "/var/cache/s3mountd-dev"))
    path.mkdir(parents=True, exist_ok=True)
    return path


def say(text: str) -> None:
    """One line of progress for a person or a CI log."""
    print(f"== {text}", file=sys.stderr, flush=True)


def digest(*parts: str | bytes) -> str:
    """A short key that changes when any part or their order changes."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()[:16]


def source_files(*patterns: str) -> list[Path]:
    """The files of this source tree that git has or would take, whoever owns the tree."""
    git = ["git", "-c", "safe.directory=*", "-C", str(REPO), "ls-files", "-z"]
    listing = [*git, "--cached", "--others", "--exclude-standard", "--", *patterns]
    names = subprocess.run(listing, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\0")
    paths = (REPO / name for name in sorted(set(names)) if name)
    return [path for path in paths if path.is_file()]


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Hold the cache's lock of that name; the kernel drops it when the holder dies."""
    path = cache_dir() / f"{name}.lock"
    if not path.exists():
        path.touch()
        path.chmod(0o666)  # root and the user behind a sudo share the cache
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another run that holds the lock {name}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def made_once(kind: str, key: str, make: Callable[[Path], None]) -> Path:
    """The cached directory KIND-KEY; made by `make(path)` if it is not there yet."""
    final = cache_dir() / f"{kind}-{key}"
    with locked(kind):
        if not final.is_dir():
            draft = cache_dir() / f"{kind}-{key}.draft"
            shutil.rmtree(draft, ignore_errors=True)
            make(draft)
            draft.rename(final)
    return final

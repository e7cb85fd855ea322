"""A folder taken from whoever mounted it by hand: not before nobody uses it, so that nothing is cut."""

import subprocess
import time
from collections.abc import Sequence

from mountd.cli import running
from mountd.cli.console import Console
from mountd.cli.text import span
from mountd.words.errors import MountdError

_AGAIN = 0.5
"""Seconds between two tries."""
_BUSY = "target is busy"
_LIMIT = 30.0
"""Seconds for one umount, which waits for the worker to end."""


def announce(console: Console, folders: Sequence[str], limit: float) -> None:
    """Say what will happen to those who use the folders. Raises ``folder-busy`` where a service would mount again."""
    for folder in folders:
        command = running.stopped_by(folder)
        if command:
            raise MountdError("folder-busy", f"a service has {folder} and would mount it again; run: {command}")
    console.note(f"{folder} is unmounted as soon as no program has anything of it open, within {span(limit)}; nothing "
                 "is cut, and s3mountd mounts it at once" for folder in folders)


def release(console: Console, folders: Sequence[str], limit: float) -> None:
    """Unmount each folder once it is idle. Raises ``folder-busy`` when one is still in use after ``limit`` seconds.
    """
    ends = time.monotonic() + limit
    for folder in folders:
        told, there = False, running.mount_id(folder)
        while running.mount_id(folder) == there and (refusal := _unmount(folder)):
            if _BUSY not in refusal:
                raise MountdError("folder-busy", refusal)
            if time.monotonic() >= ends:
                raise MountdError("folder-busy", f"{folder} is in use by {_by(folder)}")
            if not told:
                console.progress(f"{folder}: waiting for {_by(folder)}")
            told = True
            time.sleep(_AGAIN)


def _unmount(folder: str) -> str:
    """What umount says against it, "" when it is done."""
    # Not lazily: that would cut what is open from its name, and succeed at once.
    try:
        done = subprocess.run(["umount", "--no-canonicalize", folder], capture_output=True, text=True, timeout=_LIMIT,
                              check=False, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"})
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MountdError("host-refused", f"umount {folder}: {error}") from error
    return done.stderr.strip() or "umount failed" if done.returncode else ""


def _by(folder: str) -> str:
    return ", ".join(running.users(folder)) or "a program that is not known"

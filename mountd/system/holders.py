"""Who still holds files of a mount: read from /proc without touching the mount."""

import contextlib
import os
from pathlib import Path

_PROC = Path("/proc")


def _mount_of(fdinfo: Path) -> int:
    """The ``mnt_id`` of an open file (proc(5), fdinfo), 0 when it has none."""
    for line in fdinfo.read_text("ascii", "replace").splitlines():
        if line.startswith("mnt_id:"):
            return int(line.split()[1])
    return 0


def _files(process: Path, mount_id: int) -> list[str]:
    held = []
    for fdinfo in (process / "fdinfo").iterdir():
        with contextlib.suppress(OSError):
            if _mount_of(fdinfo) == mount_id:
                held.append(os.readlink(process / "fd" / fdinfo.name))
    return held


def of_mount(mount_id: int, folder: str, limit: int = 5) -> list[str]:
    """``name (pid) path`` of processes with open files on the mount, at most ``limit``; none for the id 0, unknown.

    The kernel tells paths on a mount that is off its folder from the mount's own root; ``folder`` goes before them.
    """
    found: list[str] = []
    if not mount_id:
        return found
    for process in _PROC.iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            files = _files(process, mount_id)
            if files:
                command = (process / "comm").read_text("utf-8", "replace").strip()
                path = files[0] if files[0].startswith(f"{folder}/") else folder + files[0]
                found.append(f"{command} ({process.name}) {path}")
        if len(found) >= limit:
            break
    return found

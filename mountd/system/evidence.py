"""What a worker is doing, thread by thread, written to a file that only root can read. Runs in the helper.

From files of /proc that the kernel answers by itself; those that need the process's memory map (cmdline, environ, maps)
would wait for a process that is stuck, and could hold a secret.
"""

import contextlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mountd.core.units.worker import file_name
from mountd.system import last_words
from mountd.words import paths

FOLDER = paths.STATE / "evidence"
_KEPT = 5
"""Files of one mount."""
_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")
_DEADLINE = 0.3
"""Seconds for the threads of a worker; it may have hundreds."""
_LINES = 40
_OF_A_THREAD = ("comm", "wchan", "syscall", "stack")
_OF_THE_GROUP = ("memory.current", "memory.peak", "memory.high", "memory.max", "memory.events", "cpu.stat",
                 "cgroup.events")


def take(about: Mapping[str, Any], folder: Path = FOLDER) -> str:
    """Look at the process ``about["pid"]`` of ``about["unit"]``; the path of the file. Raises OSError."""
    process, unit = _PROC / str(about["pid"]), str(about["unit"])
    found = {
        "schema": 1, "taken_at": time.time(), **about,
        "threads": _threads(process),
        "descriptors": _count(process / "fd"),
        "status": _text(process / "status"),
        "cgroup": {name: text for name in _OF_THE_GROUP if (text := _text(_CGROUPS / paths.SLICE / unit / name))},
        "log": last_words.latest(unit, _LINES, settled=True),
    }
    return str(_keep(folder, str(about["name"]), found))


def _threads(process: Path) -> list[dict[str, str]]:
    end, found = time.monotonic() + _DEADLINE, []
    with contextlib.suppress(OSError):
        for task in sorted((process / "task").iterdir(), key=lambda one: int(one.name)):
            if time.monotonic() > end:
                break
            state = _text(task / "stat").rpartition(")")[2][1:2]
            found.append({"id": task.name, "state": state} | {name: _text(task / name) for name in _OF_A_THREAD})
    return found


def _count(folder: Path) -> int | None:
    with contextlib.suppress(OSError):
        return len(os.listdir(folder))
    return None


def _text(file: Path) -> str:
    """What the kernel says there, "" when it does not."""
    with contextlib.suppress(OSError):
        return file.read_text("utf-8", "replace").strip()
    return ""


def _keep(folder: Path, name: str, found: Mapping[str, Any]) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    prefix = f"{file_name(name)}@"
    path = folder / f"{prefix}{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.json"
    path.write_text(json.dumps(found, indent=1), "utf-8")
    path.chmod(0o600)
    older = sorted(one for one in folder.iterdir() if one.name.startswith(prefix))
    for one in older[:-_KEPT]:
        one.unlink(missing_ok=True)
    return path

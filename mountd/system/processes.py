"""What /proc tells of a worker's process. Runs in the helper: some of its files wait for the process's memory map."""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from mountd.core.hang import Pulse

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_ESTABLISHED = "01"
_STOPPED = frozenset("Tt")


def resident(pid: int, proc: Path = _PROC) -> int:
    """Bytes of memory that are its own or mapped (VmRSS of proc(5)). Raises OSError when it is gone, or for 0."""
    for line in (proc / str(pid) / "status").read_text("ascii", "replace").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid, "it has no memory any more")


def pulse(pid: int, proc: Path = _PROC) -> Pulse:
    """What the process has done so far. Raises OSError when it is gone.

    ``rchar`` and ``wchar`` of its ``io`` count read(2) and write(2), also on sockets and on /dev/fuse; what goes out by
    send(2), as uploads do in the AWS library, shows only in the queues of its sockets.
    """
    folder = proc / str(pid)
    lines = (line.split(": ") for line in (folder / "io").read_text("ascii").splitlines())
    counted = {name: int(value) for name, value in lines}
    # Of the fields behind the name, which may hold blanks: 9 major faults, 11 and 12 user and system time (proc(5)).
    fields = _stat(folder)
    return Pulse(counted["rchar"] + counted["wchar"], (int(fields[11]) + int(fields[12])) / _TICKS, int(fields[9]),
                 _queues(folder), all(state in _STOPPED for state in _states(folder)))


def _stat(folder: Path) -> list[str]:
    return (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()


def _states(folder: Path) -> Iterator[str]:
    for task in (folder / "task").iterdir():
        with contextlib.suppress(OSError):
            yield _stat(task)[0]


def _queues(folder: Path) -> str:
    """A digest of its established TCP connections that have something in a queue (proc(5), net/tcp)."""
    inodes = set()
    for link in (folder / "fd").iterdir():
        with contextlib.suppress(OSError):
            name = os.readlink(link)
            if name.startswith("socket:["):
                inodes.add(name[8:-1])
    rows = []
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(FileNotFoundError):
            for line in (folder / "net" / table).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if fields[3] == _ESTABLISHED and fields[4] != "00000000:00000000" and fields[9] in inodes:
                    rows.append(f"{fields[9]} {fields[4]}")
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]

"""What /proc tells of a worker's process. Runs in the helper: some of its files wait for the process's memory map."""

from pathlib import Path

_PROC = Path("/proc")


def resident(pid: int, proc: Path = _PROC) -> int:
    """Bytes of memory that are its own or mapped (VmRSS of proc(5)). Raises OSError when it is gone, or for 0."""
    for line in (proc / str(pid) / "status").read_text("ascii", "replace").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid, "it has no memory any more")

"""What a worker uses, from its control group; everybody may read the files (cgroup v2, kernel documentation)."""

from dataclasses import dataclass
from pathlib import Path

from mountd.words import paths

ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Usage:
    """``resident`` bytes (anonymous memory and mapped files), ``cpu`` seconds since the worker began.

    None where there is no such group, or without the controller (memory in some containers).
    """

    resident: int | None = None
    cpu: float | None = None


def usage(unit: str, root: Path = ROOT) -> Usage:
    """A worker's figures, as far as they can be read."""
    if not unit.startswith(paths.WORKER_PREFIX) or "/" in unit:
        return Usage()
    group = root / paths.SLICE / unit
    anon, mapped = _figures(group / "memory.stat", "anon", "file_mapped")
    used, = _figures(group / "cpu.stat", "usage_usec")
    return Usage(anon + mapped if anon is not None and mapped is not None else None,
                 used / 1e6 if used is not None else None)


def _figures(file: Path, *names: str) -> list[int | None]:
    """Values of a file of names and numbers."""
    try:
        lines = [line.split() for line in file.read_text("ascii").splitlines()]
        table = {key: int(value) for key, value in lines}
    except (OSError, ValueError):
        table = {}
    return [table.get(name) for name in names]

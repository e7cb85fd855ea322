"""What a worker uses, from its control group; everybody may read the files (cgroup v2, kernel documentation)."""

from dataclasses import dataclass
from pathlib import Path

from mountd.words import paths

ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Usage:
    """``resident`` bytes (anonymous memory and mapped files), ``cpu`` seconds since the worker began."""

    resident: int
    cpu: float


def usage(unit: str, root: Path = ROOT) -> Usage | None:
    """A worker's figures, None when there is no such group or it cannot be read."""
    if not unit.startswith(paths.WORKER_PREFIX) or "/" in unit:
        return None
    group = root / paths.SLICE / unit
    try:
        memory, cpu = _table(group / "memory.stat"), _table(group / "cpu.stat")
        return Usage(memory["anon"] + memory["file_mapped"], cpu["usage_usec"] / 1e6)
    except (OSError, ValueError, KeyError):
        return None


def _table(file: Path) -> dict[str, int]:
    return {key: int(value) for key, value in (line.split() for line in file.read_text("ascii").splitlines())}

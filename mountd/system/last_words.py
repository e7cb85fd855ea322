"""What a worker said, before it ended or altogether, read back from the journal. Runs in the helper process."""

import time

from systemd import journal

_WAIT = 0.6
_STEP = 0.03
_LIMIT = 40
"""Lines of a worker's stderr that are kept: its error chain has about six."""

_KERNEL_LIMIT = 2000
"""Lines: one kill writes as many as there are processes."""


def _stderr_lines(unit: str, since: float) -> list[str]:
    """The unit's lines that came over its stderr (stdout goes nowhere) since a wall-clock time, oldest first."""
    with journal.Reader() as reader:
        reader.add_match(_SYSTEMD_UNIT=unit)
        reader.add_match(_TRANSPORT="stdout")
        reader.seek_realtime(since)
        return [str(entry.get("MESSAGE", "")) for _, entry in zip(range(_LIMIT), reader, strict=False)]


def _finished(lines: list[str]) -> bool:
    """Has mount-s3's error chain arrived? It begins with ``Error:`` or, from the option parser, ``error:``."""
    return any(line.startswith(("Error:", "error:")) for line in lines)


def last_words(unit: str, since: float) -> str:
    """What a worker said on stderr since a wall-clock time; waits a moment, for journald may be behind."""
    deadline = time.monotonic() + _WAIT
    while True:
        lines = _stderr_lines(unit, since)
        if (_finished(lines) and len(lines) > 1) or time.monotonic() > deadline:
            # One more look: the chain's causes are written line by line behind its head.
            time.sleep(_STEP)
            return "\n".join(_stderr_lines(unit, since))
        time.sleep(_STEP)


def of_kernel(since: float) -> list[str]:
    """What the kernel has said since a wall-clock time; nothing where its log is not to be had (containers)."""
    with journal.Reader() as reader:
        reader.add_match(_TRANSPORT="kernel")
        reader.seek_realtime(since)
        return [str(entry.get("MESSAGE", "")) for entry in reader][-_KERNEL_LIMIT:]


def latest(unit: str, count: int, *, settled: bool = False) -> list[str]:
    """The last lines of the unit in the journal, however they came there, oldest first.

    Waits a moment, for journald may be behind with those of a worker that has just died, unless all is ``settled``.
    """
    if not settled:
        time.sleep(_WAIT / 2)
    with journal.Reader() as reader:
        reader.add_match(_SYSTEMD_UNIT=unit)
        reader.seek_tail()
        found: list[str] = []
        while len(found) < count and (entry := reader.get_previous()):
            found.append(str(entry.get("MESSAGE", "")))
    return found[::-1]

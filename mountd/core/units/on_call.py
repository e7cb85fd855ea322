"""What the units of ``system.on_call`` have in common: processes with network, for a daemon that has none.

Values only. Property names and types are those of org.freedesktop.systemd1(5).
"""

import errno
from collections.abc import Iterable
from pathlib import Path

from mountd.core.units.sandbox import Property, narrowed

MIB = 1024 * 1024

_LIFE: tuple[Property, ...] = (
    Property("Type", "s", "exec"),
    # The daemon starts it when it has a question; it ends when the daemon hangs up.
    Property("Restart", "s", "no"),
    Property("TimeoutStopUSec", "t", 2_000_000),
    # Else a failed unit would stay, and its name could not be taken again.
    Property("CollectMode", "s", "inactive-or-failed"),
    Property("StandardOutput", "s", "journal"),
    Property("StandardError", "s", "journal"),
    Property("OOMScoreAdjust", "i", 500),
    # It has secrets in its memory.
    Property("LimitCORE", "t", 0),
    Property("WorkingDirectory", "s", "/"),
    # No proxy: workers get none either. A resolver that does not answer must not keep threads for half a minute.
    Property("Environment", "as", ["HOME=/nonexistent", "RES_OPTIONS=timeout:2 attempts:1"]),
)


def properties(program: Path, description: str, bounds: Iterable[Property]) -> list[Property]:
    """All but standard input, which is the line to the daemon; ``bounds`` is what it may use."""
    return [
        *_LIFE, *bounds,
        *narrowed([Property("ProcSubset", "s", "pid")]),
        # A second filter takes away from the first (systemd.exec(5), SystemCallFilter=).
        Property("SystemCallFilter", "(bas)", (False, ["@privileged", "@resources"])),
        Property("SystemCallErrorNumber", "i", errno.EPERM),
        Property("SyslogIdentifier", "s", program.name),
        Property("Description", "s", description),
        Property("ExecStart", "a(sasb)", [(str(program), [str(program)], False)]),
    ]

"""A run of the program that ``on_change`` names, as a transient unit: a user of its own, no rights. Values only.

Property names and types are those of org.freedesktop.systemd1(5).
"""

from collections.abc import Sequence

from mountd.core.messages import Ending
from mountd.core.units.sandbox import SANDBOX, Property
from mountd.core.units.worker import escape
from mountd.words import paths

LIMIT = 30
"""Seconds that a run may take."""
GRACE = 2
"""Seconds between SIGTERM and SIGKILL when it takes longer."""
_MIB = 1024 * 1024
_S = 1_000_000

_LIFE: tuple[Property, ...] = (
    # Not "exec": the start is then over at once whatever the program's file system does.
    Property("Type", "s", "simple"),
    Property("Restart", "s", "no"),
    Property("CollectMode", "s", "inactive-or-failed"),
    Property("RuntimeMaxUSec", "t", LIMIT * _S),
    Property("TimeoutStopUSec", "t", GRACE * _S),
    Property("KillMode", "s", "control-group"),
    Property("StandardOutput", "s", "null"),
    Property("StandardError", "s", "journal"),
    Property("SyslogIdentifier", "s", "s3mountd-hook"),
    Property("LogRateLimitIntervalUSec", "t", 30 * _S),
    Property("LogRateLimitBurst", "u", 100),
    Property("MemoryMax", "t", 128 * _MIB),
    Property("MemorySwapMax", "t", 0),
    Property("OOMScoreAdjust", "i", 500),
    Property("TasksMax", "t", 32),
    Property("CPUWeight", "t", 20),
    Property("LimitNOFILE", "t", 1024),
    Property("LimitCORE", "t", 0),
    Property("WorkingDirectory", "s", "/"),
)


def unit_name(mount: str, number: int) -> str:
    """``s3mountd-hook-<escaped name>-<number>.service``."""
    return f"{paths.HOOK_PREFIX}{escape(mount)}-{number}.service"


def properties(argv: Sequence[str], mount: str) -> list[Property]:
    """Everything but stdin, which needs the call's own descriptor list."""
    return [
        *_LIFE, *SANDBOX,
        # A second filter takes away from the first (systemd.exec(5), SystemCallFilter=).
        Property("SystemCallFilter", "(bas)", (False, ["@privileged", "@resources"])),
        Property("Description", "s", f"s3mountd: hook for mount {mount}"),
        Property("ExecStart", "a(sasb)", [(argv[0], list(argv), False)]),
    ]


_ENDS = {
    "timeout": f"took longer than {LIMIT} s and was ended",
    "oom-kill": "used more memory than it may (128 MiB)",
    "resources": "could not be set up",
}
_COULD_NOT_RUN = 203
"""The exit status by which systemd says that it could not run the program (systemd.exec(5))."""
_LONGEST = 200


def failure(ending: Ending) -> str:
    """How a run failed, in words that follow the program's name; empty when it did not."""
    if ending.result == "success":
        return ""
    said = next((line.strip()[:_LONGEST] for line in reversed(ending.words.splitlines()) if line.strip()), "")
    if ending.result == "exit-code":
        what = "cannot be run" if ending.status == _COULD_NOT_RUN else f"ended with status {ending.status}"
    elif ending.result in ("signal", "core-dump"):
        what = f"was ended by signal {ending.status}"
    else:
        what = _ENDS.get(ending.result, f"failed ({ending.result})")
    return f"{what}: {said}" if said else what

"""The process that asks S3 out of band, as a transient unit: the daemon itself has no network. Values only.

Property names and types are those of org.freedesktop.systemd1(5).
"""

import errno

from mountd.core.sandbox import Property, narrowed
from mountd.words import paths

_MIB = 1024 * 1024

_LIFE: tuple[Property, ...] = (
    Property("Type", "s", "exec"),
    # The daemon starts it when it has a question; it ends when the daemon hangs up.
    Property("Restart", "s", "no"),
    Property("TimeoutStopUSec", "t", 2_000_000),
    # Else a failed unit would stay, and its name could not be taken again.
    Property("CollectMode", "s", "inactive-or-failed"),
    Property("StandardOutput", "s", "journal"),
    Property("StandardError", "s", "journal"),
    Property("SyslogIdentifier", "s", "s3mountd-s3"),
    # With boto3 it takes 50 to 60 MB; it may be the one that dies when memory is short.
    Property("MemoryMax", "t", 192 * _MIB),
    Property("OOMScoreAdjust", "i", 500),
    Property("TasksMax", "t", 512),
    Property("LimitNOFILE", "t", 4096),
    # It has keys in its memory.
    Property("LimitCORE", "t", 0),
    Property("WorkingDirectory", "s", "/"),
    # No proxy: workers get none either. A resolver that does not answer must not keep threads for half a minute.
    Property("Environment", "as", ["HOME=/nonexistent", "RES_OPTIONS=timeout:2 attempts:1"]),
)


def properties() -> list[Property]:
    """All but standard input, which is the line to the daemon."""
    return [
        *_LIFE,
        *narrowed([Property("ProcSubset", "s", "pid")]),
        # A second filter takes away from the first (systemd.exec(5), SystemCallFilter=).
        Property("SystemCallFilter", "(bas)", (False, ["@privileged", "@resources"])),
        Property("SystemCallErrorNumber", "i", errno.EPERM),
        Property("Description", "s", "s3mountd: asks S3 what is wrong"),
        Property("ExecStart", "a(sasb)", [(str(paths.S3), [str(paths.S3)], False)]),
    ]

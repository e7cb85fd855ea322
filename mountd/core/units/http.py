"""The process that shows the status over HTTP, as a transient unit: the daemon itself has no network. Values only.

Property names and types are those of org.freedesktop.systemd1(5).
"""

import errno
import socket

from mountd.core.listen import Listen
from mountd.core.units.sandbox import Property, narrowed
from mountd.words import paths

WRONG_USAGE, MISSING_PARTS = 64, 69
"""Exit statuses that no restart can cure (sysexits.h): a wrong command line, a library that is not installed."""
_MIB = 1024 * 1024

_LIFE: tuple[Property, ...] = (
    Property("Type", "s", "notify"),
    Property("NotifyAccess", "s", "main"),
    Property("WatchdogUSec", "t", 30_000_000),
    Property("TimeoutStartUSec", "t", 20_000_000),
    Property("TimeoutStopUSec", "t", 5_000_000),
    # Unlike a worker it holds nothing that a restart would lose, and it must be there when the daemon is not.
    Property("Restart", "s", "on-failure"),
    Property("RestartUSec", "t", 1_000_000),
    # libsoup 3.2 under PyGObject 3.42 loses about 100 bytes with each request. A fresh one each week costs a second.
    Property("RuntimeMaxUSec", "t", 7 * 86_400 * 1_000_000),
    Property("RestartPreventExitStatus", "(aiai)", ([WRONG_USAGE, MISSING_PARTS], [])),
    Property("StartLimitIntervalUSec", "t", 0),
    # Else a failed unit would stay, and its name could not be taken again.
    Property("CollectMode", "s", "inactive-or-failed"),
    Property("After", "as", ["dbus.socket", "network.target"]),
    Property("StandardOutput", "s", "journal"),
    Property("StandardError", "s", "journal"),
    Property("SyslogIdentifier", "s", "s3mountd-http"),
    Property("RuntimeDirectory", "as", [paths.HTTP_RUN.name]),
    Property("RuntimeDirectoryMode", "u", 0o755),
    # What callers can make it use is bounded; it may be the one that dies when memory is short.
    Property("MemoryMax", "t", 128 * _MIB),
    Property("OOMScoreAdjust", "i", 300),
    Property("TasksMax", "t", 32),
    Property("LimitNOFILE", "t", 1024),
    Property("LimitCORE", "t", 0),
    Property("WorkingDirectory", "s", "/"),
)

_EVERYBODY = [(socket.AF_INET.value, bytes(4), 0), (socket.AF_INET6.value, bytes(16), 0)]
_LOOPBACK = [(socket.AF_INET.value, bytes([127, 0, 0, 0]), 8), (socket.AF_INET6.value, bytes([*[0] * 15, 1]), 128)]


def _own_sandbox(listen: Listen) -> list[Property]:
    families = ["AF_UNIX"] if listen.path else ["AF_UNIX", "AF_INET6" if ":" in listen.host else "AF_INET"]
    own = [
        # dbus-daemon closes the connections of dynamic users: it is kept from looking them up (systemd sets
        # SYSTEMD_NSS_DYNAMIC_BYPASS=1 for it; seen with systemd 252 and dbus 1.14).
        Property("DynamicUser", "b", False),
        Property("User", "s", paths.HTTP_USER),
        Property("RestrictAddressFamilies", "(bas)", (True, families)),
        Property("ProcSubset", "s", "pid"),
    ]
    if listen.local:
        own += [Property("IPAddressDeny", "a(iayu)", _EVERYBODY), Property("IPAddressAllow", "a(iayu)", _LOOPBACK)]
    return [
        *narrowed(own),
        # A second filter takes away from the first (systemd.exec(5), SystemCallFilter=).
        Property("SystemCallFilter", "(bas)", (False, ["@privileged", "@resources"])),
        # GLib tries sched_setattr(2) for its threads and can do without.
        Property("SystemCallErrorNumber", "i", errno.EPERM),
    ]


def command(listen: Listen) -> list[str]:
    """The command line."""
    return [str(paths.HTTP), "--listen", str(listen)]


def description(listen: Listen, version: str) -> str:
    """What the unit is called; two that are described alike need no exchange."""
    return f"s3mountd {version}: status pages on {listen}"


def properties(listen: Listen, version: str) -> list[Property]:
    """Everything ``StartTransientUnit`` has to be told of ``paths.HTTP_UNIT``."""
    argv = command(listen)
    return [
        *_LIFE, *_own_sandbox(listen),
        Property("Description", "s", description(listen, version)),
        Property("ExecStart", "a(sasb)", [(argv[0], argv, False)]),
    ]

"""The process that gives workers their keys, as a transient unit that outlives the daemon. Values only.

It keeps its socket, its keys and its workers' tokens in the descriptor store of its unit (sd_notify(3), FDSTORE=1), so
when it dies systemd starts it again as it was: callers have waited in the queue of a socket that was never closed.
"""

import errno
import socket

from mountd.core.units.on_call import MIB
from mountd.core.units.sandbox import Property, narrowed
from mountd.words import paths

_EVERYBODY = [(socket.AF_INET.value, bytes(4), 0), (socket.AF_INET6.value, bytes(16), 0)]
_LOOPBACK = [(socket.AF_INET.value, bytes([127, 0, 0, 0]), 8)]

_LIFE: tuple[Property, ...] = (
    Property("Type", "s", "notify"),
    Property("NotifyAccess", "s", "main"),
    # mount-s3 that asks in vain drops the keys it has (aws-c-auth, credentials_provider_cached.c): it is there again
    # before anybody notices, with the daemon or without it.
    Property("Restart", "s", "always"),
    Property("RestartUSec", "t", 100_000),
    Property("StartLimitIntervalUSec", "t", 0),
    Property("FileDescriptorStoreMax", "u", 64),
    Property("TimeoutStartUSec", "t", 20_000_000),
    Property("TimeoutStopUSec", "t", 2_000_000),
    Property("CollectMode", "s", "inactive-or-failed"),
    Property("Before", "as", [paths.SLICE]),
    Property("StandardInput", "s", "null"),
    Property("StandardOutput", "s", "journal"),
    Property("StandardError", "s", "journal"),
    Property("SyslogIdentifier", "s", "s3mountd-broker"),
    Property("Environment", "as", ["HOME=/nonexistent"]),
    Property("RuntimeDirectory", "as", [paths.BROKER_LINE.parent.name]),
    Property("RuntimeDirectoryMode", "u", 0o700),
    Property("RuntimeDirectoryPreserve", "s", "restart"),
    Property("WorkingDirectory", "s", "/"),
    # What other processes of this machine can make it use is bounded; without it mounts lose their keys in the end.
    Property("MemoryMax", "t", 96 * MIB),
    Property("OOMScoreAdjust", "i", -400),
    Property("TasksMax", "t", 96),
    Property("LimitNOFILE", "t", 512),
    # It is made of secrets.
    Property("LimitCORE", "t", 0),
)

_OWN = (
    Property("RestrictAddressFamilies", "(bas)", (True, ["AF_UNIX", "AF_INET"])),
    Property("ProcSubset", "s", "pid"),
    Property("IPAddressDeny", "a(iayu)", _EVERYBODY),
    Property("IPAddressAllow", "a(iayu)", _LOOPBACK),
)


def properties() -> list[Property]:
    """Everything ``StartTransientUnit`` has to be told of ``paths.BROKER_UNIT``."""
    return [
        *_LIFE, *narrowed(_OWN),
        # A second filter takes away from the first (systemd.exec(5), SystemCallFilter=).
        Property("SystemCallFilter", "(bas)", (False, ["@privileged", "@resources"])),
        Property("SystemCallErrorNumber", "i", errno.EPERM),
        Property("Description", "s", "s3mountd: gives workers their keys"),
        Property("ExecStart", "a(sasb)", [(str(paths.BROKER), [str(paths.BROKER)], False)]),
    ]

"""sd_notify: what the daemon tells the service manager (sd_notify(3))."""

import array
import contextlib
import os
import socket
from collections.abc import Sequence
from functools import cache

from systemd import daemon


@cache
def _socket() -> socket.socket:
    """Kept open, for there may be no descriptor left when a sign of life is due; never waited for."""
    return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)


def _say(*lines: str, descriptors: Sequence[int] = ()) -> None:
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        # A name that begins with @ is one of the abstract name space.
        name = "\0" + address[1:] if address.startswith("@") else address
        beside = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        with contextlib.suppress(OSError):
            _socket().sendmsg(["\n".join(lines).encode()], beside, 0, name)


def ready(status: str) -> None:
    """The first look at every mount is done."""
    _say("READY=1", f"STATUS={status}")


def status(text: str) -> None:
    """The line that ``systemctl status s3mountd`` shows."""
    _say(f"STATUS={text}")


def alive() -> None:
    """The loop turns: a sign for the watchdog."""
    _say("WATCHDOG=1")


def stopping() -> None:
    """The daemon is on its way out."""
    _say("STOPPING=1")


def more_time(seconds: float) -> None:
    """Ask the service manager not to lose patience for that long."""
    _say(f"EXTEND_TIMEOUT_USEC={int(seconds * 1_000_000)}")


def watchdog_interval() -> float | None:
    """Seconds between two signs of life, half of what the unit allows (WatchdogSec), or None without a watchdog."""
    microseconds = os.environ.get("WATCHDOG_USEC")
    return int(microseconds) / 2_000_000 if microseconds else None


def keep_descriptor(descriptor: int, name: str) -> None:
    """Have the service manager keep a copy that outlives this process (``FileDescriptorStoreMax=``)."""
    _say("FDSTORE=1", f"FDNAME={name}", descriptors=[descriptor])


def drop_descriptor(name: str) -> None:
    """The service manager forgets what it keeps under that name."""
    _say("FDSTOREREMOVE=1", f"FDNAME={name}")


def kept_descriptors() -> dict[int, str]:
    """What an earlier daemon had kept, with the names it gave; ours to close (sd_listen_fds(3))."""
    return dict(daemon.listen_fds_with_names())

"""sd_notify: what the daemon tells the service manager (sd_notify(3))."""

import os

from systemd import daemon


def _say(*lines: str) -> None:
    daemon.notify("\n".join(lines))


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

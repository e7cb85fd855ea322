"""The scope of a helper process: beside the daemon's control group, so that neither holds up the other. Values only.

Property names and types are those of org.freedesktop.systemd1(5).
"""

from mountd.core.units.sandbox import Property
from mountd.words import paths


def helper_scope(pid: int) -> tuple[Property, ...]:
    """Properties of the scope for that process."""
    return (
        Property("Description", "s", "s3mountd: asks file systems that may not answer"),
        Property("PIDs", "au", [pid]),
        Property("DevicePolicy", "s", "closed"),
        # At a shutdown the daemon, which needs the helper to drain its workers, goes first.
        Property("Before", "as", [paths.DAEMON_UNIT]),
        Property("TimeoutStopUSec", "t", 1_000_000),
        # One that had to be killed at a shutdown is no failed unit.
        Property("CollectMode", "s", "inactive-or-failed"),
    )

"""What is proven of a mount whose worker serves: probes through the mount and questions past it, folded. Pure.

A probe through the mount is the lookup of a name that nobody has: mount-s3 makes a HEAD and a LIST of it, so the
answer ENOENT proves the whole way to the bucket (research note mount-s3.md, 2.9). What fails is explained by a
question that goes past the mount, for mount-s3 says EIO to almost everything. Times are monotonic seconds.
"""

import errno
import os
from dataclasses import dataclass, replace

from mountd.core.messages import Cause
from mountd.words.errors import FAULTS
from mountd.words.model import Check, Health

_CODES = {errno.EACCES: "access-denied", errno.EPERM: "access-denied"}
GONE = frozenset({errno.ENOTCONN, errno.ECONNABORTED, errno.ENODEV})
"""What callers get when there is no worker: its own end will tell why."""


@dataclass(frozen=True)
class Evidence:
    """All that was found out of the worker that serves now."""

    proven_at: float | None = None
    """When S3 last answered through the mount. A worker has listed the bucket to start (mount-s3.md, 3.1)."""
    failures: int = 0
    """Probes through the mount that failed, in a row."""
    well_outside: bool | None = None
    """Was S3 well when it was last asked past the mount? None when it was not asked, or nobody knows."""
    shown: Cause | None = None
    """What the mount suffers from; until a probe has proven that it is over."""
    shown_health: Health = Health.DEGRADED

    @property
    def suspicious(self) -> bool:
        """Is something wrong, be it known what or not?"""
        return self.failures > 0 or self.shown is not None


def proven(now: float) -> Evidence:
    """S3 has answered through the mount."""
    return Evidence(now)


def of_errno(number: int) -> Cause:
    """What a probe through the mount says by its error."""
    return Cause(_CODES.get(number, "store-error"), os.strerror(number))


def failed(evidence: Evidence, said: Cause, check: Check) -> Evidence:
    """A probe through the mount has failed or has not answered in time.

    It is shown when there were too many. Better than what mount-s3 says is what S3 says: its answer is waited for a
    while, and what it said holds as long as it is not well. mount-s3 may need some time to notice that it is.
    """
    counted = replace(evidence, failures=evidence.failures + 1)
    enough = check.failures if evidence.well_outside is not None else 2 * check.failures
    explained = evidence.shown is not None and not evidence.well_outside
    if explained or counted.failures < enough:
        return counted
    return replace(counted, shown=said, shown_health=Health.DEGRADED)


def forbidden(evidence: Evidence) -> Evidence:
    """The kernel did not let the probe in: its figures are all zero (mount-s3.md, 2.9)."""
    said = Cause("host-refused", "root may not enter the mounted folder")
    return replace(evidence, failures=evidence.failures + 1, shown=said, shown_health=Health.DOWN)


def asked(evidence: Evidence, found: Cause | None) -> Evidence:
    """S3 was asked past the mount: it is well, or this is what is wrong.

    That it is well ends nothing, for callers go through the mount.
    """
    if found is None:
        back = evidence.shown is not None and not evidence.well_outside
        return replace(evidence, well_outside=True, failures=0 if back else evidence.failures)
    health = Health.DOWN if FAULTS[found.code].needs_person else Health.DEGRADED
    return replace(evidence, well_outside=False, shown=found, shown_health=health)


def stale_at(evidence: Evidence, check: Check) -> float | None:
    """When the proof is too old to be one; None without any."""
    return None if evidence.proven_at is None else evidence.proven_at + 2 * check.interval + check.timeout


def verdict(evidence: Evidence, check: Check, now: float) -> tuple[Health, Cause | None]:
    """The health of a mount whose worker serves, and why it is not well."""
    if evidence.shown is not None:
        return evidence.shown_health, evidence.shown
    stale = stale_at(evidence, check)
    return (Health.UNKNOWN if stale is None or now > stale else Health.OK), None

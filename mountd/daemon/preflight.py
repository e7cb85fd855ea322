"""Beside a start that takes long: S3 is asked what is wrong, for mount-s3 may be silent about it for 100 s.

It never delays the start, and it decides nothing: its finding is the reason that is shown until the worker itself says
how it is.
"""

from dataclasses import replace

from gi.repository import GLib

from mountd.core.diagnosis import Finding
from mountd.daemon.kept import Kept

LATE = 0.5
"""Seconds after which a start takes long; most take a fifth of it."""
AGAIN = 5.0
"""Seconds between two questions."""


class Preflight:
    """Watches the staged worker of one mount, which changes with every try."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._unit = ""
        """The worker that is watched, "" for none."""
        self._timer = 0

    def look(self) -> None:
        """Something may have changed."""
        staging = self._kept.memory.staging
        unit = staging.unit if staging is not None and not staging.ready else ""
        if unit != self._unit:
            self.close()
            self._unit = unit
            if unit:
                self._later(LATE)

    def _later(self, seconds: float) -> None:
        self._timer = GLib.timeout_add(int(seconds * 1000), self._ask)

    def _ask(self) -> bool:
        self._timer = 0
        mount, unit = self._kept.mount, self._unit
        if mount is not None:
            self._kept.world.diagnoses.ask(mount, lambda finding: self._told(unit, finding))
        return bool(GLib.SOURCE_REMOVE)

    def _told(self, unit: str, finding: Finding | None) -> None:
        kept = self._kept
        staging = kept.memory.staging
        if unit != self._unit or staging is None or staging.unit != unit:
            return
        if finding is not None:
            kept.memory = replace(kept.memory, staging=replace(staging, finding=finding.cause))
            kept.wake()
        self._later(AGAIN)

    def close(self) -> None:
        """Watch nothing."""
        if self._timer:
            GLib.source_remove(self._timer)
        self._timer, self._unit = 0, ""

"""What is told of endpoints that are away: one line for all their mounts, and one when it is over."""

import time
from collections.abc import Callable, Collection
from typing import Any

import structlog
from gi.repository import GLib

from mountd.core import causes
from mountd.core.causes import Affected, Shared
from mountd.core.messages import Cause
from mountd.core.spans import rough
from mountd.core.status import View
from mountd.words.model import Mount, Reason, State

_log: Any = structlog.get_logger()
_SUFFERING = (State.MOUNTED, State.MOUNTING, State.WAITING)


class Outages:
    """Knows who is affected by what. ``counted(names)`` is called when what were blips have become an outage."""

    def __init__(self, now: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self.counted: Callable[[Collection[str]], None] = lambda _names: None
        self._now, self._wall = now, wall
        self._affected: dict[str, Affected] = {}
        self._told: dict[str, Shared] = {}
        """What was said, by endpoint, with all whom it concerned."""
        self._several: set[str] = set()
        self._timer = 0

    def want(self, mounts: Collection[Mount]) -> None:
        """These are configured."""
        endpoints = [mount.endpoint for mount in mounts if mount.enabled]
        self._several = {endpoint for endpoint in endpoints if endpoints.count(endpoint) > 1}
        for name in set(self._affected) - {mount.name for mount in mounts}:
            self._over(name)

    def tells(self, mount: Mount | None, state: State, cause: Cause | Reason | None) -> bool:
        """Is this told here, and not for each mount by itself?"""
        return (mount is not None and state in _SUFFERING and causes.is_outage(cause)
                and (state is State.MOUNTED or mount.endpoint in self._several))

    def look(self, view: View) -> None:
        """A mount's situation has changed."""
        mount, reason = view.mount, view.reason
        known = self._affected.get(mount.name)
        if known is not None and known.endpoint != mount.endpoint:
            self._over(mount.name)
        if reason is None or not self.tells(mount, view.state, reason):
            self._over(mount.name)
        else:
            since, wall = (known.since, known.wall) if known else (self._now(), self._wall())
            self._affected[mount.name] = Affected(mount.name, mount.endpoint, reason, since, wall, mount.grace)
        self._tell()

    def _over(self, name: str) -> None:
        gone = self._affected.pop(name, None)
        if gone is None or any(one.endpoint == gone.endpoint for one in self._affected.values()):
            return
        told = self._told.pop(gone.endpoint, None)
        if told is not None:
            lasted, count = rough(self._wall() - told.since), len(told.mounts)
            whom = f"{count} mounts were" if count > 1 else f"{told.mounts[0]} was"
            _log.info(f"{gone.endpoint} answers again after {lasted}: {whom} affected", code=told.reason.code)

    def causes(self) -> tuple[Shared, ...]:
        """What several mounts have in common now."""
        return tuple(one for one in causes.shared(self._affected.values(), self._now()) if len(one.mounts) > 1)

    def _tell(self) -> None:
        for cause in causes.shared(self._affected.values(), self._now()):
            told = self._told.get(cause.endpoint)
            if told is None:
                name = {"mount": cause.mounts[0]} if len(cause.mounts) == 1 else {}
                _log.warning(cause.sentence(), code=cause.reason.code, **name)
                self.counted(cause.mounts)
            if told is None or len(cause.mounts) > len(told.mounts):
                self._told[cause.endpoint] = cause
        self._arm()

    def _arm(self) -> None:
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        soon = [one.counts_at for one in self._affected.values() if one.endpoint not in self._told]
        if soon:
            self._timer = GLib.timeout_add(max(0, int((min(soon) - self._now()) * 1000)) + 1, self._due)

    def _due(self) -> bool:
        self._timer = 0
        self._tell()
        return bool(GLib.SOURCE_REMOVE)

    def close(self) -> None:
        """Say no more."""
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0

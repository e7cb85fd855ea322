"""The one place that hears of every turn of a mount and tells those whom the configuration names.

What is news, and when, is decided in ``core.news``; how it is brought is the matter of each outlet.
"""

import json
import time
from dataclasses import replace
from typing import Protocol

from gi.repository import GLib

from mountd.core import news
from mountd.core.messages import Ending
from mountd.core.news import Known, News
from mountd.core.status import stamp
from mountd.system.small_files import read_json, write_json
from mountd.words import paths
from mountd.words.model import DaemonSettings, Desired


class Outlet(Protocol):
    """Somebody to be told, as the configuration says. Nothing here may block."""

    def want(self, settings: DaemonSettings) -> None:
        """The configuration has been read."""

    def tell(self, told: News) -> None:
        """One piece of news; what waits to be told of the same mount may be joined with it."""

    def ended(self, unit: str, ending: Ending) -> bool:
        """A unit has ended; True when it was this outlet's."""


class Tell:
    """Remembers what was told of each mount, also over a restart of the daemon."""

    def __init__(self, *outlets: Outlet) -> None:
        self._outlets = outlets
        self._known: dict[str, Known] = news.recalled(read_json(paths.TOLD), time.monotonic())
        self._timers: dict[str, int] = {}
        self._last: dict[str, str] = {}

    def want(self, desired: Desired) -> None:
        """The configuration has been read; what it no longer names is forgotten."""
        names = {mount.name for mount in desired.mounts}
        for name in [name for name in self._known if name not in names]:
            self._cancel(name)
            del self._known[name]
            self._last.pop(name, None)
        for outlet in self._outlets:
            outlet.want(desired.daemon)

    def turned(self, name: str, document: str) -> None:
        """A mount has turned, or may have; ``document`` is its part of the status."""
        self._last[name] = document
        self._look(name)

    def ended(self, unit: str, ending: Ending) -> bool:
        """A unit has ended; True when it was an outlet's."""
        return any(outlet.ended(unit, ending) for outlet in self._outlets)

    def _look(self, name: str) -> None:
        self._cancel(name)
        mount, now = json.loads(self._last[name]), time.monotonic()
        before = self._known.get(name)
        known, told, due = news.step(before, mount, mount["grace"], now)
        self._known[name] = known
        if known != before:
            self._keep()
        if due is not None:
            self._timers[name] = GLib.timeout_add(max(0, int((due - now) * 1000) + 1), self._due, name)
        if told is not None:
            dated = replace(told, at=stamp(time.time()) or "")
            for outlet in self._outlets:
                outlet.tell(dated)

    def _due(self, name: str) -> bool:
        self._timers.pop(name, None)
        self._look(name)
        return bool(GLib.SOURCE_REMOVE)

    def _cancel(self, name: str) -> None:
        timer = self._timers.pop(name, 0)
        if timer:
            GLib.source_remove(timer)

    def _keep(self) -> None:
        write_json(paths.TOLD, news.kept(self._known))

"""The days of each mount, asked of the daemon seldom: when an outage began or ended, else every few minutes."""

import json
import time
from collections.abc import Callable
from typing import Any

import structlog
from gi.repository import Gio, GLib

from mountd.core.status import SCHEMA
from mountd.core.verdict import Document
from mountd.surfaces.web.bars import Days
from mountd.words import paths

_log: Any = structlog.get_logger()
_OLD = 300.0
"""Seconds after which the bar of today has changed enough to be drawn anew."""
_LIMIT_MS = 60_000


class Past:
    """Keeps ``days``; ``changed()`` is called when they are others."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.days: Days = {}
        self._changed = changed
        self._asked: tuple[Any, float] = (None, 0.0)
        self._asking = False

    def look(self, con: Any, status: Document) -> None:
        """The daemon has just answered with this status: ask for the days if they may be others."""
        outages = [(mount["name"], mount["last_outage"]) for mount in status["mounts"]]
        before, at = self._asked
        if self._asking or (outages == before and time.monotonic() - at < _OLD):
            return
        self._asking, self._asked = True, (outages, time.monotonic())
        con.call(paths.BUS_NAME, paths.OBJECT_PATH, paths.INTERFACE, "History", GLib.Variant("(s)", ("",)),
                 GLib.VariantType("(s)"), Gio.DBusCallFlags.NO_AUTO_START, _LIMIT_MS, None, self._answered)

    def _answered(self, con: Any, result: Any) -> None:
        self._asking = False
        try:
            document = json.loads(con.call_finish(result).unpack()[0])
            found = {str(mount["name"]): mount["days"] for mount in document["mounts"]}
        except (GLib.Error, ValueError, KeyError, TypeError) as error:
            _log.warning(f"the history cannot be read: {error}")
            return
        if document.get("schema") == SCHEMA and found != self.days:
            self.days = found
            self._changed()

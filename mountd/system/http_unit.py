"""The unit of the status pages, kept as the configuration wants it, without ever waiting for PID 1.

Interfaces are those of org.freedesktop.systemd1(5).
"""

from collections.abc import Callable, Mapping
from typing import Any

from gi.repository import GLib

from mountd.core.listen import Listen
from mountd.core.units import http as http_unit
from mountd.system.unit_calls import UnitCalls, packed
from mountd.words import paths

_AGAIN_MS = 500
_MOST_TRIES = 20
"""An old process has TimeoutStopSec=5 to go."""


class HttpUnit:
    """Starts, exchanges and stops ``paths.HTTP_UNIT``. ``failed(text)`` is called when PID 1 refuses."""

    def __init__(self, version: str, failed: Callable[[str], None]) -> None:
        self._calls = UnitCalls()
        self._version, self._failed = version, failed
        self._wanted: Listen | None = None
        self._run = 0

    def want(self, listen: Listen | None) -> None:
        """Have the pages there, or nowhere. One that runs already as it should is left alone."""
        self._wanted = listen
        self._run += 1
        self._look(self._run, 0)

    def _look(self, run: int, tries: int) -> bool:
        if run == self._run:
            self._calls.facts(paths.HTTP_UNIT, lambda unit: self._found(run, tries, unit))
        return bool(GLib.SOURCE_REMOVE)

    def _found(self, run: int, tries: int, unit: Mapping[str, Any]) -> None:
        if run != self._run:
            return
        wanted = self._wanted
        there = unit.get("ActiveState", "inactive") not in ("inactive", "failed")
        if there and wanted and unit.get("Description") == http_unit.description(wanted, self._version):
            return
        if there:
            self._stop(run, tries)
        elif wanted:
            self._start(wanted)

    def _stop(self, run: int, tries: int) -> None:
        """Ask it to go, and look again until its name is free."""
        if tries >= _MOST_TRIES:
            self._failed(f"{paths.HTTP_UNIT} does not stop")
            return
        if tries == 0:
            self._calls.manager("StopUnit", GLib.Variant("(ss)", (paths.HTTP_UNIT, "replace")))
        GLib.timeout_add(_AGAIN_MS, self._look, run, tries + 1)

    def _start(self, wanted: Listen) -> None:
        properties = packed(http_unit.properties(wanted, self._version))
        arguments = GLib.Variant("(ssa(sv)a(sa(sv)))", (paths.HTTP_UNIT, "fail", properties, []))
        self._calls.manager("StartTransientUnit", arguments, self._started)

    def _started(self, _answer: object, error: str) -> None:
        if error:
            self._failed(f"{paths.HTTP_UNIT}: {error}")

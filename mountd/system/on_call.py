"""A process of ours in a unit of its own: started with the first question, let go when there are no more."""

from collections.abc import Sequence

from gi.repository import GLib

from mountd.core.units.sandbox import Property
from mountd.system.asking import Callback, Line, fail_soon
from mountd.system.systemd import Systemd
from mountd.words.errors import MountdError

IDLE = 60.0
"""Seconds without a question after which the process is let go."""
PACE = 2.0
"""Seconds between a death and the next start; questions wait."""
_AGAIN_MS = 100
_MOST_TRIES = 30
"""Its name may still be taken by one that is ending."""


class OnCall:
    """One process at most; when it dies open questions are answered with an error and the next one starts another.

    ``unit`` is made of ``properties`` and gets its line as standard input; errors call it ``what``.
    """

    def __init__(self, systemd: Systemd, what: str, unit: str, properties: Sequence[Property], idle: float = IDLE,
                 pace: float = PACE) -> None:
        self._systemd, self._what, self._unit, self._properties = systemd, what, unit, properties
        self._idle, self._pace = idle, pace
        self._line: Line | None = None
        self._next = 1
        self._timers: dict[str, int] = {}
        self._asked = self._not_before = 0

    def ask(self, task: str, callback: Callback, *, descriptors: Sequence[int] = (), **fields: object) -> int:
        """Send a question; ``callback`` gets the answer or a MountdError, never before this returns. Keeps nobody
        waiting, not even for the process to start; the number returned is for ``forget``."""
        try:
            line = self._line or self._begin()
        except OSError as error:
            fail_soon(callback, f"{self._what}: {error.strerror}")
            return 0
        self._asked = GLib.get_monotonic_time()
        number = line.ask(task, callback, descriptors, fields)
        self._next = line.next
        return number

    def forget(self, number: int) -> None:
        """No longer interested in that answer."""
        if self._line is not None:
            self._line.forget(number)

    def close(self) -> None:
        """Let the process go, whatever it has under way."""
        for source in self._timers.values():
            GLib.source_remove(source)
        self._timers.clear()
        if self._line is not None:
            self._line.close()
            self._line = None

    def _begin(self) -> Line:
        self._line = Line(self._what, self._lost, self._next)
        self._later("idle", int(self._idle * 1000), self._let_go)
        self._start_in(max(0, (self._not_before - GLib.get_monotonic_time()) // 1000), self._line, 0)
        return self._line

    def _later(self, name: str, milliseconds: int, call: object, *arguments: object) -> None:
        """One timer of each name; ``call`` is done with when it was called."""
        def due() -> bool:
            self._timers.pop(name, None)
            assert callable(call)
            call(*arguments)
            return bool(GLib.SOURCE_REMOVE)

        if name in self._timers:
            GLib.source_remove(self._timers.pop(name))
        self._timers[name] = GLib.timeout_add(milliseconds, due)

    def _start_in(self, milliseconds: int, line: Line, tries: int) -> None:
        self._later("start", milliseconds, self._start, line, tries)

    def _start(self, line: Line, tries: int) -> None:
        def refused(text: str) -> None:
            if line is not self._line:
                return
            if tries < _MOST_TRIES:
                self._start_in(_AGAIN_MS, line, tries + 1)
            else:
                self._end(f"cannot be started: {text}")

        try:
            self._systemd.start(self._unit, self._properties, {"Input": line.theirs.fileno()}, refused,
                                started=line.theirs.close)
        except MountdError as error:
            refused(error.detail)

    def _lost(self) -> None:
        # One that is stopped does not see that the line is cut, and keeps its name from the next.
        self._systemd.kill(self._unit, lambda _: None)
        self._end("died")

    def _end(self, why: str) -> None:
        line, self._line = self._line, None
        assert line is not None
        self._not_before = GLib.get_monotonic_time() + int(self._pace * 1_000_000)
        self.close()
        line.break_off(why)

    def _let_go(self) -> None:
        left = self._asked + int(self._idle * 1_000_000) - GLib.get_monotonic_time()
        if self._line is not None and (left > 0 or self._line.open_questions):
            self._later("idle", max(_AGAIN_MS, left // 1000), self._let_go)
        else:
            self.close()

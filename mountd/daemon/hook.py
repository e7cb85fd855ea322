"""The hook: the program of ``on_change``, run for each news as a unit of its own. The daemon waits for none of it."""

import itertools
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from gi.repository import GLib

from mountd.core.backlog import Backlog
from mountd.core.messages import Ending
from mountd.core.news import News
from mountd.core.status import dumps
from mountd.core.units import hook as hook_unit
from mountd.system.probe import Answer, Helper
from mountd.system.systemd import Systemd
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.model import DaemonSettings

_MOST = 8
"""Runs at the same time, one a mount at most; the rest waits."""
_LOST = hook_unit.LIMIT + hook_unit.GRACE + 10
"""Seconds after which a run is over though nobody has said so."""


@dataclass(frozen=True)
class _Run:
    """A run under way: for which mount, since when (seconds since the epoch), and the timer that gives it up, or 0."""

    mount: str
    program: str
    since: float
    timer: int


def _in_memory(text: str) -> int:
    """A file in memory, to be read from its beginning and closed by the caller: it takes any length at once, and a
    program that does not read it holds up nobody. Raises OSError."""
    descriptor = os.memfd_create("s3mountd-news", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
        os.lseek(descriptor, 0, os.SEEK_SET)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


class Hook:
    """At most one run for each mount. ``complain(text)`` is told of failures, as many as there are."""

    def __init__(self, systemd: Systemd, helper: Helper, complain: Callable[[str], None]) -> None:
        self._systemd, self._helper, self._complain = systemd, helper, complain
        self._argv: tuple[str, ...] = ()
        self._backlog = Backlog(1)
        self._running: dict[str, _Run] = {}
        # An earlier daemon's runs may not be over: numbers go on from the clock.
        self._numbers = itertools.count(int(time.time() * 1000))

    def want(self, settings: DaemonSettings) -> None:
        """Take the program on; without one, nothing waits any more."""
        self._argv = settings.on_change
        if not self._argv:
            self._backlog.clear()

    def tell(self, told: News) -> None:
        """Run the program now, or when the run before it is over."""
        if self._argv:
            self._backlog.add(told)
            self._next()

    def _next(self) -> None:
        while len(self._running) < _MOST:
            told = self._backlog.take({run.mount for run in self._running.values()})
            if told is None:
                return
            self._start(told)

    def _start(self, told: News) -> None:
        unit = hook_unit.unit_name(told.name, next(self._numbers))
        try:
            stdin = _in_memory(dumps(told.document()) + "\n")
        except OSError as error:
            self._complain(f"{told.name}: the hook could not be told: {error.strerror}")
            return
        try:
            timer = GLib.timeout_add_seconds(_LOST, self._overdue, unit)
            self._running[unit] = _Run(told.name, self._argv[0], time.time(), timer)
            self._systemd.start(unit, hook_unit.properties(self._argv, told.name), {"Input": stdin},
                                lambda text: self._over(unit, f"could not be started: {text}"))
        except MountdError as error:
            self._over(unit, f"could not be started: {error.detail}")
        finally:
            os.close(stdin)

    def ended(self, unit: str, ending: Ending) -> bool:
        """A unit has ended; True when it was one of these."""
        run = self._running.get(unit)
        if run is not None:
            if ending.result != "success":
                self._helper.ask("words", lambda answer: self._failed(run, ending, answer), unit=unit,
                                 since=run.since - 1.0)
            self._over(unit)
        return unit.startswith(paths.HOOK_PREFIX)

    def _failed(self, run: _Run, ending: Ending, answer: Answer | MountdError) -> None:
        words = "" if isinstance(answer, MountdError) else str(answer["words"])
        self._complain(f"{run.mount}: the hook {run.program} {hook_unit.failure(replace(ending, words=words))}")

    def _over(self, unit: str, fault: str = "") -> None:
        run = self._running.pop(unit, None)
        if run is None:
            return
        if run.timer:
            GLib.source_remove(run.timer)
        if fault:
            self._complain(f"{run.mount}: the hook {run.program} {fault}")
        if self._backlog.joined and not self._backlog:
            self._complain(f"the hook {run.program} is slow: {self._backlog.joined} events were joined with later ones")
            self._backlog.joined = 0
        self._next()

    def _overdue(self, unit: str) -> bool:
        run = self._running.get(unit)
        if run is not None:
            self._running[unit] = replace(run, timer=0)  # it ends by itself
            self._systemd.forget(unit)
            self._over(unit, "has not ended")
        return bool(GLib.SOURCE_REMOVE)

"""The daemon's end of the helper process.

A question that is stuck in the kernel costs a thread of the helper. When too many are, a new process takes the
questions from then on, and the old one ends when its last one is answered. Nobody waits for either.
"""

import contextlib
import errno
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from gi.repository import GLib

from mountd.core.line import program
from mountd.system.asking import Answer, Callback, Line

__all__ = ["Answer", "Callback", "Helper"]

_MOST_STUCK = 32
"""Threads of one helper process that may be stuck before another takes its place."""


class _Process:
    """One helper process and the line to it."""

    def __init__(self, lost: Callable[["_Process"], None], first: int) -> None:
        self.line = Line("the helper process", lambda: lost(self), first)
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        with self.line.theirs:
            number = self.line.theirs.fileno()
            self._popen = subprocess.Popen(
                program(sys.executable, root, "mountd.system.helper", str(number)),
                pass_fds=[number], env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, stdin=subprocess.DEVNULL,
            )
        self.pid = self._popen.pid
        # Reaps it when it ends: one with a thread in an uninterruptible call may take its time to obey even a SIGKILL.
        GLib.child_watch_add(GLib.PRIORITY_DEFAULT, self.pid, lambda *_: None)

    def has_died(self) -> bool:
        """Also one of which a thread that no signal can end keeps the line open: what leads it is gone."""
        try:
            return "\nState:\tZ" in Path(f"/proc/{self.pid}/status").read_text("utf-8", "replace")
        except OSError as error:
            # Without a descriptor left nothing is known of it.
            return error.errno in (errno.ENOENT, errno.ESRCH)

    def kill(self) -> None:
        """End it; nobody waits until it has."""
        self._popen.kill()


class Helper:
    """The helper process, started anew when it dies; questions open at that time are answered with an error.

    ``started(pid)`` hears of each process.
    """

    def __init__(self, started: Callable[[int], None] = lambda _pid: None) -> None:
        self._started = started
        self._retired: list[_Process] = []
        self._process = self._start(1)

    def _start(self, first: int) -> _Process:
        process = _Process(self._lost, first)
        self._started(process.pid)
        return process

    def ask(self, task: str, callback: Callback, *, descriptors: Sequence[int] = (), **fields: object) -> int:
        """Send a question; ``callback`` gets the answer or a MountdError. The number returned cancels it."""
        if self._process.has_died():
            self._lost(self._process)
        elif self._process.line.stuck >= _MOST_STUCK:
            with contextlib.suppress(OSError):
                fresh = self._start(self._process.line.next)
                self._retired.append(self._process)
                self._process = fresh
        for idle in [one for one in self._retired if not one.line.open_questions]:
            self._retired.remove(idle)
            idle.line.close()
        return self._process.line.ask(task, callback, descriptors, fields)

    def forget(self, number: int) -> None:
        """No longer interested in that answer; as long as it does not come, it counts as stuck."""
        for process in (self._process, *self._retired):
            process.line.forget(number)

    def give_up(self, number: int) -> None:
        """That answer is not waited for: it counts as stuck until it comes, and is told if it does."""
        for process in (self._process, *self._retired):
            process.line.give_up(number)

    def is_open(self, number: int) -> bool:
        """Is that question unanswered, be it forgotten or not?"""
        return any(process.line.is_open(number) for process in (self._process, *self._retired))

    @property
    def stuck(self) -> int:
        """Questions that were forgotten and whose threads are still under way."""
        return sum(process.line.stuck for process in (self._process, *self._retired))

    def _lost(self, process: _Process) -> None:
        process.kill()
        if process in self._retired:
            self._retired.remove(process)
        else:
            # If none can be started now, the next question tries again; who asks meanwhile is told at once.
            with contextlib.suppress(OSError):
                self._process = self._start(process.line.next)
        process.line.break_off("died")

    def close(self) -> None:
        """End the helper without waiting for what it has under way."""
        for process in (self._process, *self._retired):
            process.line.close()
            process.kill()

"""The daemon's end of the helper process."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence

from mountd.system.asking import Answer, Callback, Line

__all__ = ["Answer", "Callback", "Helper"]

_BEGIN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from mountd.system import helper; helper.main()"
"""Isolated from the environment and the user's site, as the daemon itself is."""


class Helper:
    """One helper process. It is started anew when it dies; questions open at that time are answered with an error."""

    def __init__(self) -> None:
        self._line, self._process = self._start(1)

    def _start(self, first: int) -> tuple[Line, subprocess.Popen[bytes]]:
        line = Line("the helper process", self._restart, first)
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        with line.theirs:
            number = line.theirs.fileno()
            process = subprocess.Popen(
                [sys.executable, "-I", "-c", _BEGIN, root, str(number)],
                pass_fds=[number], env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, stdin=subprocess.DEVNULL,
            )
        return line, process

    def ask(self, task: str, callback: Callback, *, descriptors: Sequence[int] = (), **fields: object) -> int:
        """Send a question; ``callback`` gets the answer or a MountdError. The number returned cancels it."""
        return self._line.ask(task, callback, descriptors, fields)

    def forget(self, number: int) -> None:
        """No longer interested in that answer."""
        self._line.forget(number)

    def _restart(self) -> None:
        self._process.kill()
        self._process.wait()
        old = self._line
        self._line, self._process = self._start(old.next)
        old.break_off("died")

    def close(self) -> None:
        """End the helper process without waiting for what it has under way."""
        self._line.close()
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)

"""The machine goes to sleep and wakes up: told by login1, which waits a moment for those who asked it to.

org.freedesktop.login1(5), "Inhibitor Locks" at systemd.io. Without login1 nothing is held up and nothing is told.
"""

import os
from collections.abc import Callable
from typing import Any

from gi.repository import Gio, GLib

_NAME, _PATH, _INTERFACE = "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"
_TIMEOUT_MS = 5000


class Sleep:
    """``before()`` is called when the machine is about to sleep, which waits for its return; ``after()`` on waking."""

    def __init__(self, connection: Any, before: Callable[[], None], after: Callable[[], None]) -> None:
        self._con, self._before, self._after = connection, before, after
        self._lock: int | None = None
        self._run = 0
        """So that an answer for a login1 that is gone is of no use."""
        self._con.signal_subscribe(_NAME, _INTERFACE, "PrepareForSleep", _PATH, None, Gio.DBusSignalFlags.NONE,
                                   self._signal)
        Gio.bus_watch_name_on_connection(self._con, _NAME, Gio.BusNameWatcherFlags.NONE, self._appeared, self._vanished)

    def _appeared(self, *_arguments: Any) -> None:
        self._ask()

    def _vanished(self, *_arguments: Any) -> None:
        self._run += 1
        self._release()

    def _ask(self) -> None:
        self._run += 1
        run = self._run
        why = GLib.Variant("(ssss)", ("sleep", "s3mountd", "Callers that wait for S3 may have to be freed", "delay"))

        def returned(con: Any, result: Any) -> None:
            try:
                answer, descriptors = con.call_with_unix_fd_list_finish(result)
            except GLib.Error:
                # No login1, or one that refuses: the machine then sleeps without asking.
                return
            lock = descriptors.get(answer.unpack()[0])
            if run != self._run:
                os.close(lock)
                return
            self._release()
            self._lock = lock

        self._con.call_with_unix_fd_list(_NAME, _PATH, _INTERFACE, "Inhibit", why, None,
                                         Gio.DBusCallFlags.NO_AUTO_START, _TIMEOUT_MS, None, None, returned)

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _signal(self, *arguments: Any) -> None:
        (begins,) = arguments[5].unpack()
        if begins:
            self._run += 1
            self._before()
            self._release()
        else:
            self._after()
            self._ask()

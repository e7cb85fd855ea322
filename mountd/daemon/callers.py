"""The first callers of folders whose workers are away: seen in the kernel's count of who waits."""

from collections.abc import Callable

from gi.repository import GLib

from mountd.system.fusectl import FuseControl
from mountd.words.errors import MountdError

_EVERY_MS = 250
_OWN_REQUEST = 1
"""What ``waiting`` counts when nobody has come: the kernel's INIT."""


class Callers:
    """Waits for the first callers of folders that sleep: one timer for all of them, none when there are none."""

    def __init__(self, fusectl: FuseControl) -> None:
        self._fusectl = fusectl
        self._watched: dict[int, Callable[[], None]] = {}
        self._timer = 0

    def watch(self, connection: int, called: Callable[[], None]) -> None:
        """Call back, once, when somebody waits at that connection."""
        self._watched[connection] = called
        if not self._timer:
            self._timer = GLib.timeout_add(_EVERY_MS, self._look)

    def forget(self, connection: int) -> None:
        """No longer of interest."""
        self._watched.pop(connection, None)

    def _look(self) -> bool:
        for connection, called in list(self._watched.items()):
            waiting = self._waiting(connection)
            if waiting is None or waiting > _OWN_REQUEST:
                self.forget(connection)
            if waiting is not None and waiting > _OWN_REQUEST:
                called()
        if self._watched:
            return bool(GLib.SOURCE_CONTINUE)
        self._timer = 0
        return bool(GLib.SOURCE_REMOVE)

    def _waiting(self, connection: int) -> int | None:
        try:
            return self._fusectl.waiting(connection)
        except MountdError:
            return 0

"""Hear of changes of the network: routes come and go, by netlink from the kernel itself.

Gio's monitor takes NetworkManager or a portal where there is one, and waits for its first answer on the bus. All that
is needed here is that something has changed, which netlink says without asking anybody.
"""

import os
from collections.abc import Callable
from typing import Any

from gi.repository import Gio, GLib

_CHOICE = "GIO_USE_NETWORK_MONITOR"
"""Names the implementation that Gio takes (Gio documentation, "Running GIO applications")."""
_SPACING, _WIDEST = 0.5, 8.0
"""Seconds between two calls; doubled as long as the changes do not end, as on a host where containers come and go."""


class Spacing:
    """Calls ``changed()`` for the first of many events at once, and for the rest of them after a while."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._spacing = _SPACING
        self._timer = 0
        self._more = False

    def event(self) -> None:
        """Something has happened."""
        if self._timer:
            self._more = True
            return
        self._wait(_SPACING)
        self._changed()

    def _wait(self, seconds: float) -> None:
        self._spacing = min(seconds, _WIDEST)
        self._timer = GLib.timeout_add(int(self._spacing * 1000), self.over)

    def over(self) -> bool:
        """The time between two calls is over."""
        self._timer = 0
        if self._more:
            self._more = False
            self._wait(self._spacing * 2)
            self._changed()
        return bool(GLib.SOURCE_REMOVE)


class Network:
    """``changed()`` is called soon after any change of the routes."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._spacing = Spacing(changed)
        os.environ[_CHOICE] = "netlink"
        self._monitor: Any = Gio.NetworkMonitor.get_default()
        self._monitor.connect("network-changed", lambda *_: self._spacing.event())

"""The notification server of a desktop, which may come and go (Desktop Notifications Specification 1.2).

The interface is ``org.freedesktop.Notifications`` on the session bus.
"""

import sys
from collections.abc import Callable
from typing import Any

from gi.repository import Gio, GLib

from mountd.core.notices import Close, Notice, Step

_NAME = "org.freedesktop.Notifications"
_PATH = "/org/freedesktop/Notifications"
_TIMEOUT_MS = 5000
_APP = "s3mountd"
_SERVERS_CHOICE, _STAYS = -1, 0
_NORMAL, _CRITICAL = 1, 2


class Server:
    """Shows notices. ``came()`` is called when there is a server to show something on; until then nothing is lost."""

    def __init__(self, con: Any, came: Callable[[], None]) -> None:
        self._con, self._came = con, came
        self._ids: dict[str, int] = {}
        self._markup = False
        self.there = False
        Gio.bus_watch_name_on_connection(con, _NAME, Gio.BusNameWatcherFlags.AUTO_START, self._appeared, self._vanished)

    def _appeared(self, *_arguments: object) -> None:
        try:
            self._markup = "body-markup" in self._call("GetCapabilities", None)[0]
        except GLib.Error as error:
            sys.stderr.write(f"the notification server does not say what it can: {error.message}\n")
            self._markup = False
        self.there = True
        self._came()

    def _vanished(self, *_arguments: object) -> None:
        self._ids.clear()
        # Some servers end when nothing is shown, and are started by the next notification.
        self.there = self.there and self._can_be_started()

    def _can_be_started(self) -> bool:
        try:
            names = self._con.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                        "ListActivatableNames", None, None, Gio.DBusCallFlags.NONE, _TIMEOUT_MS, None)
        except GLib.Error:
            return False
        return _NAME in names.unpack()[0]

    def do(self, step: Step) -> None:
        """Show a notice in place of the one of its key, or close that."""
        try:
            if isinstance(step, Close):
                self._close(step.key)
            else:
                self._show(step)
        except GLib.Error as error:
            sys.stderr.write(f"the notification server refuses: {error.message}\n")
            self.there = False

    def _close(self, key: str) -> None:
        number = self._ids.pop(key, 0)
        if number:
            self._call("CloseNotification", GLib.Variant("(u)", (number,)))

    def _show(self, notice: Notice) -> None:
        hints = {"urgency": GLib.Variant("y", _CRITICAL if notice.urgent else _NORMAL),
                 "category": GLib.Variant("s", "network.connected" if notice.good else "network.error")}
        icon = "network-idle" if notice.good else "dialog-error" if notice.urgent else "network-offline"
        body = GLib.markup_escape_text(notice.body) if self._markup else notice.body
        arguments = GLib.Variant("(susssasa{sv}i)", (
            _APP, self._ids.get(notice.key, 0), icon, notice.summary, body, [], hints,
            _STAYS if notice.urgent else _SERVERS_CHOICE))
        self._ids[notice.key] = self._call("Notify", arguments)[0]
        if notice.good:
            del self._ids[notice.key]

    def _call(self, method: str, arguments: Any) -> Any:
        return self._con.call_sync(_NAME, _PATH, _NAME, method, arguments, None, Gio.DBusCallFlags.NONE,
                                   _TIMEOUT_MS, None).unpack()

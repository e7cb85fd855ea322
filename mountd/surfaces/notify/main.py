"""s3mountd-notify: listens to the daemon and shows what a person at this desktop should know."""

import os
import pwd
import signal
import sys
import time
from typing import Any

from gi.repository import Gio, GLib

from mountd.core import notices
from mountd.core.notices import Memory
from mountd.surfaces.notify.server import Server
from mountd.surfaces.web.link import Answer, Link, Silence

_GATHER_MS = 200
"""What turns together is looked at together."""
_AGAIN_MS = 30_000
"""Milliseconds to the next question when the daemon has not answered."""


class Notify:
    """One look after another, as the daemon or the clock gives reason to."""

    def __init__(self, session: Any) -> None:
        self._memory = Memory()
        self._login = pwd.getpwuid(os.getuid()).pw_name
        self._timer = 0
        self._server = Server(session, self._begin)
        self._link = Link(lambda _name, _document: self._look_in(_GATHER_MS))

    def _begin(self) -> None:
        """A server is there, and shows nothing of ours."""
        self._memory = Memory(self._memory.sick)
        self._look_in(0)

    def _look_in(self, milliseconds: int) -> None:
        if self._timer:
            GLib.source_remove(self._timer)
        self._timer = GLib.timeout_add(milliseconds, self._look)

    def _look(self) -> bool:
        self._timer = 0
        if self._server.there:
            self._link.ask(self._heard)
        return bool(GLib.SOURCE_REMOVE)

    def _heard(self, heard: Answer | Silence) -> None:
        if isinstance(heard, Silence):
            # Mounts serve without the daemon: that it is away is no outage of theirs, and no recovery.
            self._look_in(_AGAIN_MS)
            return
        now = time.monotonic()
        # What other users have mounted for themselves is nobody's business here.
        mounts = [mount for mount in heard.document["mounts"] if mount.get("owner", "") in ("", self._login)]
        self._memory, steps, due = notices.decide(self._memory, mounts, now)
        for step in steps:
            self._server.do(step)
        if due is not None and not self._timer:
            self._look_in(max(0, int((due - now) * 1000) + 1))


def main() -> int:
    """Run until the session ends; 0 when there is none."""
    try:
        address = Gio.dbus_address_get_for_bus_sync(Gio.BusType.SESSION, None)
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        session = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
    except GLib.Error as error:
        sys.stderr.write(f"s3mountd-notify: there is no session bus, so nobody to notify ({error.message})\n")
        return 0
    loop = GLib.MainLoop()

    def quit_() -> bool:
        loop.quit()
        return bool(GLib.SOURCE_REMOVE)

    session.set_exit_on_close(False)
    session.connect("closed", lambda *_: quit_())
    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, quit_)
    held = Notify(session)
    loop.run()
    del held
    return 0


if __name__ == "__main__":
    sys.exit(main())

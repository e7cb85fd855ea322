"""A FAKE of login1 on a private bus, for tests of those who want to hear of sleep: it gives locks, and tells of sleeps
that do not happen."""

from __future__ import annotations

import os
import sys
from typing import Any

from gi.repository import Gio, GLib

NAME, PATH, INTERFACE = "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"
XML = f"""
<node><interface name="{INTERFACE}">
  <method name="Inhibit">
    <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
    <arg type="s" direction="in"/><arg type="h" direction="out"/>
  </method>
  <signal name="PrepareForSleep"><arg type="b"/></signal>
</interface></node>"""
FLAGS = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION


def connect(address: str) -> Any:
    """A connection of its own to that bus."""
    return Gio.DBusConnection.new_for_address_sync(address, FLAGS, None, None)


class FakeLogin1:
    """Comes to the bus and goes from it as it is told."""

    def __init__(self, address: str) -> None:
        self.asked: list[tuple[str, ...]] = []
        self._locks: list[int] = []
        """Our ends; the other one is closed when the lock is released."""
        self._con = connect(address)
        self._con.register_object(PATH, Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0], self._called)
        self._name = 0

    def come(self) -> None:
        """Have the name."""
        self._name = Gio.bus_own_name_on_connection(self._con, NAME, Gio.BusNameOwnerFlags.NONE, None, None)

    def go(self) -> None:
        """Be gone, with all locks."""
        Gio.bus_unown_name(self._name)
        self._locks.clear()

    def _called(self, _con: Any, _sender: str, _path: str, _interface: str, _method: str, arguments: Any,
                invocation: Any) -> None:
        self.asked.append(arguments.unpack())
        ours, theirs = os.pipe()
        os.set_blocking(ours, False)
        self._locks.append(ours)
        descriptors = Gio.UnixFDList.new()
        descriptors.append(theirs)
        os.close(theirs)
        invocation.return_value_with_unix_fd_list(GLib.Variant("(h)", (0,)), descriptors)

    @property
    def held(self) -> int:
        """How many locks somebody holds."""
        return sum(_is_held(lock) for lock in self._locks)

    def tell(self, begins: bool) -> None:
        """The machine is about to sleep, or has woken up."""
        self._con.emit_signal(None, PATH, INTERFACE, "PrepareForSleep", GLib.Variant("(b)", (begins,)))


def _is_held(lock: int) -> bool:
    """Has the pipe still a writer? An end of file says that it has none."""
    try:
        return os.read(lock, 1) != b""
    except BlockingIOError:
        return True


def main() -> None:
    """In a machine whose own login1 is stopped: ``sleep``, ``wake`` or ``held`` on stdin, each answered with the
    number of locks that are held."""
    login1 = FakeLogin1("unix:path=/run/dbus/system_bus_socket")
    login1.come()

    def told(*_arguments: Any) -> bool:
        word = sys.stdin.readline().strip()
        if word in ("sleep", "wake"):
            login1.tell(word == "sleep")
        print(login1.held, flush=True)
        return bool(word)

    GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, sys.stdin.fileno(), GLib.IOCondition.IN | GLib.IOCondition.HUP, told)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()

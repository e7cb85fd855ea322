"""Who is let in: bounded in number and time, so that callers who stall cannot keep others out.

libsoup has no such limits of its own. Each connection serves one request; the streams are handed to it one by one.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gi.repository import Gio, GLib

from mountd.core.listen import Listen

MAX_GUESTS = 200
ASKING_LIMIT = 10.0
"""Seconds for a whole request."""
LEAVING_LIMIT = 20.0
"""Seconds more until the whole answer has been taken."""
_BACKLOG = 128
_BREATH_MS = 100
_EVERYBODY = 0o666

Admit = Callable[[Any, Any], None]


class Guest:
    """One connection; ``address`` is what it is known by, also on a unix socket, where nobody has an address."""

    def __init__(self, stream: Any, address: Any) -> None:
        self.stream = stream
        self.address = address
        self.has_asked = False
        self.until = time.monotonic() + ASKING_LIMIT


class Door:
    """Listens, admits, and shows out who stays too long. Raises GLib.Error when the address cannot be had."""

    def __init__(self, listen: Listen, admit: Admit) -> None:
        self._admit = admit
        self._guests: dict[Any, Guest] = {}
        """By address, oldest first."""
        self._rounds = False
        self._listener = Gio.SocketListener()
        self._listener.set_backlog(_BACKLOG)
        if listen.path:
            # Left by one that was killed; the folder is this unit's own.
            Path(listen.path).unlink(missing_ok=True)
            address: Any = Gio.UnixSocketAddress.new(listen.path)
        else:
            address = Gio.InetSocketAddress.new_from_string(listen.host, listen.port)
        self._listener.add_address(address, Gio.SocketType.STREAM, Gio.SocketProtocol.DEFAULT, None)
        if listen.path:
            # Reading the status is free to every local user on D-Bus too.
            Path(listen.path).chmod(_EVERYBODY)
        self._listen()

    def asked(self, address: Any) -> None:
        """The guest's request is here in full."""
        guest = self._guests.get(address)
        if guest is not None:
            guest.has_asked = True
            guest.until = time.monotonic() + LEAVING_LIMIT

    def is_here(self, address: Any) -> bool:
        """False when the guest has gone, or was shown out."""
        return address in self._guests

    def leave(self, address: Any) -> Any:
        """The guest is somebody else's now, or gone: its stream, or None when it is not known any more."""
        guest = self._guests.pop(address, None)
        return guest.stream if guest is not None else None

    def _listen(self) -> bool:
        self._listener.accept_async(None, self._accepted)
        return bool(GLib.SOURCE_REMOVE)

    def _accepted(self, listener: Any, result: Any) -> None:
        try:
            stream, _ = listener.accept_finish(result)
            # One that tore itself off already has no address any more.
            guest = Guest(stream, stream.get_remote_address())
        except GLib.Error:
            # Out of descriptors, or gone before it was let in.
            GLib.timeout_add(_BREATH_MS, self._listen)
            return
        self._listen()
        if len(self._guests) >= MAX_GUESTS:
            self._make_room()
        self._guests[guest.address] = guest
        if not self._rounds:
            # One for all, and none while nobody is there: PyGObject 3.42 loses 90 bytes with every timer taken back.
            self._rounds = True
            GLib.timeout_add_seconds(1, self._go_round)
        self._admit(stream, guest.address)

    def _make_room(self) -> None:
        """Show out the one that has been at it longest: an honest request is over in milliseconds."""
        slow = next((guest for guest in self._guests.values() if not guest.has_asked), None)
        self._show_out(slow or next(iter(self._guests.values())))

    def _go_round(self) -> bool:
        now = time.monotonic()
        for guest in [one for one in self._guests.values() if one.until < now]:
            self._show_out(guest)
        self._rounds = bool(self._guests)
        return self._rounds

    def _show_out(self, guest: Guest) -> None:
        self.leave(guest.address)
        close(guest.stream)


def close(stream: Any) -> None:
    """End a connection whatever it is doing: what waits for it is woken with an error."""
    socket = stream.get_socket()
    try:
        socket.shutdown(True, True)
    except GLib.Error:
        return  # it was over already

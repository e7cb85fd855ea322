"""Server-sent events: every turn of a mount to every page that is open, and none of them can hold up the others."""

import contextlib
import re
from typing import Any

from gi.repository import Gio, GLib

from mountd.surfaces.web import door

MAX_LISTENERS = 100
_MAX_UNREAD = 256 * 1024
"""Bytes that a listener may be behind before it is shown out; it comes back by itself and looks afresh."""
_HEARTBEAT_S = 20
"""By a sign of life a vanished listener is noticed; proxies cut what is silent for a minute."""
_HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
         b"X-Content-Type-Options: nosniff\r\nX-Accel-Buffering: no\r\nConnection: close\r\n\r\nretry: 3000\n\n")
_LINE_END = re.compile(r"\r\n|\r|\n")


def frame(event: str, data: str) -> bytes:
    """One event (HTML standard, "Server-sent events"); a line end in the data cannot begin another."""
    lines = "".join(f"data: {line}\n" for line in _LINE_END.split(data))
    return f"event: {event}\n{lines}\n".encode("utf-8", "replace")


class _Listener:
    """One open page: what it has still to be sent."""

    def __init__(self, stream: Any, stolen: Any, gone: Any) -> None:
        self._stream, self._stolen, self._gone = stream, stolen, gone
        self._unsent = bytearray(_HEAD)
        self._writing = False
        self._open = True
        stream.get_input_stream().read_bytes_async(512, GLib.PRIORITY_DEFAULT, None, self._read)
        self._write()

    def send(self, data: bytes) -> None:
        if len(self._unsent) + len(data) > _MAX_UNREAD:
            self.end()
            return
        self._unsent += data
        self._write()

    def end(self) -> None:
        if self._open:
            self._open = False
            self._gone(self)
            door.close(self._stream)
            self._stolen.close_async(GLib.PRIORITY_DEFAULT, None, None)

    def _read(self, stream: Any, result: Any) -> None:
        # A listener has nothing to say: the end of its stream, or a word, is the end of it.
        with contextlib.suppress(GLib.Error):
            stream.read_bytes_finish(result)
        self.end()

    def _write(self) -> None:
        if self._unsent and not self._writing and self._open:
            self._writing = True
            data, self._unsent = GLib.Bytes.new(bytes(self._unsent)), bytearray()
            self._pending = data
            self._stream.get_output_stream().write_bytes_async(data, GLib.PRIORITY_DEFAULT, None, self._written)

    def _written(self, stream: Any, result: Any) -> None:
        self._writing = False
        try:
            count = stream.write_bytes_finish(result)
        except GLib.Error:
            self.end()
            return
        self._unsent[:0] = self._pending.get_data()[count:]
        self._write()


class Live:
    """Everybody who listens."""

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()
        GLib.timeout_add_seconds(_HEARTBEAT_S, self._heartbeat)

    @property
    def full(self) -> bool:
        """True when no more can be taken."""
        return len(self._listeners) >= MAX_LISTENERS

    def add(self, stream: Gio.SocketConnection, stolen: Any) -> None:
        """Take a connection over; ``stolen`` is libsoup's hold on it, which must live as long."""
        self._listeners.add(_Listener(stream, stolen, self._listeners.discard))

    def turned(self, name: str, document: str) -> None:
        """A mount has turned, or without a name: the daemon has come or gone."""
        self._send(frame("changed", document) if name else frame("daemon", "{}"))

    def _heartbeat(self) -> bool:
        self._send(b": still here\n\n")
        return bool(GLib.SOURCE_CONTINUE)

    def _send(self, data: bytes) -> None:
        for listener in list(self._listeners):
            listener.send(data)

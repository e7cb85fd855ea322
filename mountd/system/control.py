"""Does a haproxy answer? One question on its control socket (its management guide, "Unix Socket commands")."""

from collections.abc import Callable
from typing import Any

from gi.repository import Gio, GLib

_LIMIT = 3
"""Seconds for each step."""


class Control:
    """Asks once; ``told(answers)`` is called within twice the limit."""

    def __init__(self, path: str, told: Callable[[bool], None]) -> None:
        self._told = told
        client: Any = Gio.SocketClient()
        client.set_timeout(_LIMIT)
        client.connect_async(Gio.UnixSocketAddress.new(path), None, self._connected)

    def _connected(self, client: Any, result: Any) -> None:
        try:
            line = client.connect_finish(result)
            line.get_output_stream().write_all(b"show info\n", None)
        except GLib.Error:
            self._told(False)
            return
        line.get_input_stream().read_bytes_async(16, GLib.PRIORITY_DEFAULT, None, self._read, line)

    def _read(self, stream: Any, result: Any, line: Any) -> None:
        try:
            answers = stream.read_bytes_finish(result).get_size() > 0
        except GLib.Error:
            answers = False
        line.close_async(GLib.PRIORITY_DEFAULT, None, None)
        self._told(answers)

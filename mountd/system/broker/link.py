"""The daemon's end of the broker: found if it is there, started if not, met again when it has died."""

import socket
from collections.abc import Callable, Sequence

from gi.repository import GLib

from mountd import __version__
from mountd.core.units import broker as broker_unit
from mountd.system.asking import Answer, Callback, Line, fail_soon
from mountd.system.systemd import Systemd
from mountd.words import paths
from mountd.words.errors import MountdError

_AGAIN_MS = 100
_MOST_TRIES = 100
"""A machine that boots is slow; after that it is tried every few seconds."""
_ORDER_EACH = 10
_LATER_MS = 5000


class Broker:
    """``met(state)`` is called with what the broker knows, each time that a line to it has come about; ``missed()``
    when none does for long."""

    def __init__(self, systemd: Systemd, met: Callable[[Answer], None], missed: Callable[[], None]) -> None:
        self._systemd, self._met, self._missed = systemd, met, missed
        self._line: Line | None = None
        self._is_met = False
        self._timer = self._tries = 0

    @property
    def is_there(self) -> bool:
        """Is there a line to it, and has it said what it knows?"""
        return self._is_met

    def want(self) -> None:
        """Have it there, soon."""
        if self._line is None and not self._timer:
            self._tries = 0
            self._meet()

    def ask(self, task: str, callback: Callback, descriptors: Sequence[int] = (), **fields: object) -> None:
        """Send a question; ``callback`` gets the answer or a MountdError, never before this returns."""
        if self._line is None:
            fail_soon(callback, "the broker is not there")
        else:
            self._line.ask(task, callback, descriptors, fields)

    def _meet(self) -> bool:
        self._timer = 0
        line = Line("the broker", self._lost)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as meeting:
                meeting.setblocking(False)
                meeting.connect(str(paths.BROKER_LINE))
                socket.send_fds(meeting, [b"line"], [line.theirs.fileno()])
        except OSError:
            line.close()
            self._start()
        else:
            line.theirs.close()
            self._line = line
            line.ask("state", self._told, (), {})
        return bool(GLib.SOURCE_REMOVE)

    def _start(self) -> None:
        # Its name may still be taken by one that is ending; one that is there takes no harm.
        if self._tries % _ORDER_EACH == 0:
            self._systemd.start(paths.BROKER_UNIT, broker_unit.properties(), {},
                                lambda _taken: self._systemd.start_again(paths.BROKER_UNIT))
        self._tries = (self._tries + 1) % _MOST_TRIES
        self._timer = GLib.timeout_add(_AGAIN_MS if self._tries else _LATER_MS, self._meet)
        if not self._tries:
            self._missed()

    def _told(self, answer: Answer | MountdError) -> None:
        if isinstance(answer, MountdError):
            return
        if answer["version"] != __version__:
            # systemd starts the new one, which goes on with what this one knows.
            self._systemd.kill(paths.BROKER_UNIT, lambda _text: None)
        else:
            self._is_met = True
            self._met(answer)

    def _lost(self) -> None:
        line, self._line, self._is_met = self._line, None, False
        # One that is stopped does not see that the line is cut.
        self._systemd.kill(paths.BROKER_UNIT, lambda _text: None)
        if line is not None:
            line.break_off("died")
        self.want()

    def close(self) -> None:
        """Let the line go; the broker stays."""
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        if self._line is not None:
            self._line.close()
            self._line = None

"""The asking end of a line to a process of ours: ask, go on, be called back; or never, and then the asker has a
deadline. The other end is ``system.answering``.

While questions are open the other end is asked for a sign of life from time to time: a process that is stopped or
stuck as a whole would otherwise keep every asker waiting for ever.
"""

import contextlib
import socket
import time
from collections.abc import Callable, Mapping, Sequence

from gi.repository import GLib

from mountd.core.line import ALIVE, MESSAGE_LIMIT, Answer, answered, question
from mountd.words.errors import MountdError

__all__ = ["Answer", "Callback", "Line", "fail_soon"]

Callback = Callable[[Answer | MountdError], None]

_TURN = 3
"""Seconds between two signs of life; one that does not come until the next is due will not come."""
_BIRTH = 30.0
"""Seconds that a new process has for its first one: a machine that boots is slow."""
_SIGN = 0
"""Its number; questions have others."""


def fail_soon(callback: Callback, detail: str) -> None:
    """Say ``host-refused`` to a callback, from the loop and not from within the question."""
    def deliver() -> bool:
        callback(MountdError("host-refused", detail))
        return bool(GLib.SOURCE_REMOVE)

    GLib.idle_add(deliver)


class Line:
    """Questions and answers on one socket pair. ``lost()`` is called once when the other end is gone, or deaf.

    ``theirs`` is for the process that answers. What is asked before it is there waits in the socket.
    """

    def __init__(self, process: str, lost: Callable[[], None], first: int = 1) -> None:
        self._channel, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel.setblocking(False)
        self._process, self._lost = process, lost
        self._callbacks: dict[int, Callback | None] = {}
        self._given_up: set[int] = set()
        self.next = first
        """The number of the next question; a line that takes over from another goes on with its count."""
        self._timer = 0
        self._asked_at: float | None = None
        """When a sign of life was asked for that has not come yet."""
        self._was_heard = False
        self._watch = GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, self._channel.fileno(),
                                            GLib.IOCondition.IN | GLib.IOCondition.HUP, self._readable)

    def ask(self, task: str, callback: Callback, descriptors: Sequence[int], fields: Mapping[str, object]) -> int:
        """Send a question; the number returned is for ``forget``. The caller closes its own descriptors."""
        number, self.next = self.next, self.next + 1
        self._callbacks[number] = callback
        if not self._timer:
            # After what can be read has been: an answer that is there counts, however late this loop is.
            self._timer = GLib.timeout_add_seconds(_TURN, self._listen, priority=GLib.PRIORITY_LOW)
        try:
            socket.send_fds(self._channel, [question(number, task, fields)], list(descriptors))
        except OSError as error:
            fail_soon(lambda failure: self._deliver(number, failure), f"{self._process}: {error.strerror}")
        return number

    def _listen(self) -> bool:
        """Is anybody there? Asked as long as questions are open."""
        if not self._callbacks:
            self._timer, self._asked_at = 0, None
        elif self._asked_at is None:
            self._asked_at = time.monotonic()
            with contextlib.suppress(OSError):  # full: nobody reads, and that will show
                self._channel.send(question(_SIGN, ALIVE, {}))
        elif self._was_heard or time.monotonic() - self._asked_at > _BIRTH:
            self._timer = 0
            self._lost()
        return bool(self._timer)

    @property
    def open_questions(self) -> int:
        """How many answers have not come, forgotten ones among them."""
        return len(self._callbacks)

    @property
    def stuck(self) -> int:
        """How many of them are forgotten or given up: each may be a thread of the other end that is stuck."""
        return sum(callback is None or number in self._given_up for number, callback in self._callbacks.items())

    def is_open(self, number: int) -> bool:
        """Is that question unanswered?"""
        return number in self._callbacks

    def forget(self, number: int) -> None:
        """No longer interested in that answer."""
        if number in self._callbacks:
            self._callbacks[number] = None

    def give_up(self, number: int) -> None:
        """That answer is not waited for; should it come all the same, it is told."""
        if number in self._callbacks:
            self._given_up.add(number)

    def _deliver(self, number: int, answer: Answer | MountdError) -> None:
        self._given_up.discard(number)
        callback = self._callbacks.pop(number, None)
        if callback is not None:
            callback(answer)

    def _readable(self, _fd: int, _condition: object) -> bool:
        message = b""
        with contextlib.suppress(OSError):
            message = self._channel.recv(MESSAGE_LIMIT)
        if not message:
            self._watch = 0
            self._lost()
            return bool(GLib.SOURCE_REMOVE)
        self._was_heard, self._asked_at = True, None
        self._deliver(*answered(message))
        return bool(GLib.SOURCE_CONTINUE)

    def close(self) -> None:
        """Hang up; nobody is called back."""
        for source in (self._watch, self._timer):
            if source:
                GLib.source_remove(source)
        self._watch = self._timer = 0
        self._callbacks.clear()
        self._channel.close()
        self.theirs.close()

    def break_off(self, why: str) -> None:
        """Hang up and tell everybody who waits."""
        waiting = list(self._callbacks.values())
        self.close()
        for callback in filter(None, waiting):
            callback(MountdError("host-refused", f"{self._process} {why}"))

"""The asking end of a line to a process of ours: ask, go on, be called back; or never, and then the asker has a
deadline. The other end is ``system.answering``."""

import contextlib
import json
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gi.repository import GLib

from mountd.system.answering import MESSAGE_LIMIT
from mountd.words.errors import MountdError

Answer = Mapping[str, Any]
Callback = Callable[[Answer | MountdError], None]


def fail_soon(callback: Callback, detail: str) -> None:
    """Say ``host-refused`` to a callback, from the loop and not from within the question."""
    def deliver() -> bool:
        callback(MountdError("host-refused", detail))
        return bool(GLib.SOURCE_REMOVE)

    GLib.idle_add(deliver)


class Line:
    """Questions and answers on one socket pair. ``lost()`` is called once when the other end is gone.

    ``theirs`` is for the process that answers. What is asked before it is there waits in the socket.
    """

    def __init__(self, process: str, lost: Callable[[], None], first: int = 1) -> None:
        self._channel, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel.setblocking(False)
        self._process, self._lost = process, lost
        self._callbacks: dict[int, Callback | None] = {}
        self.next = first
        """The number of the next question; a line that takes over from another goes on with its count."""
        self._watch = GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, self._channel.fileno(),
                                            GLib.IOCondition.IN | GLib.IOCondition.HUP, self._readable)

    def ask(self, task: str, callback: Callback, descriptors: Sequence[int], fields: Mapping[str, object]) -> int:
        """Send a question; the number returned is for ``forget``. The caller closes its own descriptors."""
        number, self.next = self.next, self.next + 1
        self._callbacks[number] = callback
        message = json.dumps({"id": number, "task": task, **fields}).encode()
        try:
            socket.send_fds(self._channel, [message], list(descriptors))
        except OSError as error:
            fail_soon(lambda failure: self._deliver(number, failure), f"{self._process}: {error.strerror}")
        return number

    @property
    def open_questions(self) -> int:
        """How many answers have not come, forgotten ones among them."""
        return len(self._callbacks)

    @property
    def stuck(self) -> int:
        """How many of them are forgotten: each may be a thread of the other end that is stuck."""
        return sum(callback is None for callback in self._callbacks.values())

    def is_open(self, number: int) -> bool:
        """Is that question unanswered?"""
        return number in self._callbacks

    def forget(self, number: int) -> None:
        """No longer interested in that answer."""
        if number in self._callbacks:
            self._callbacks[number] = None

    def _deliver(self, number: int, answer: Answer | MountdError) -> None:
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
        answer = json.loads(message)
        failed = answer.get("failed")
        self._deliver(answer["id"], MountdError(failed["code"], failed["detail"]) if failed else answer)
        return bool(GLib.SOURCE_CONTINUE)

    def close(self) -> None:
        """Hang up; nobody is called back."""
        if self._watch:
            GLib.source_remove(self._watch)
            self._watch = 0
        self._callbacks.clear()
        self._channel.close()
        self.theirs.close()

    def break_off(self, why: str) -> None:
        """Hang up and tell everybody who waits."""
        waiting = list(self._callbacks.values())
        self.close()
        for callback in filter(None, waiting):
            callback(MountdError("host-refused", f"{self._process} {why}"))

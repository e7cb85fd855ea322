"""The daemon's end of the helper process: ask, go on, be called back; or never, and then the asker has a deadline."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from gi.repository import GLib

from mountd.system.helper import MESSAGE_LIMIT
from mountd.words.errors import MountdError

_BEGIN = "import sys; sys.path.insert(0, sys.argv.pop(1)); from mountd.system import helper; helper.main()"
"""Isolated from the environment and the user's site, as the daemon itself is."""

Answer = Mapping[str, Any]
Callback = Callable[[Answer | MountdError], None]


class Helper:
    """One helper process. It is started anew when it dies; questions open at that time are answered with an error."""

    def __init__(self) -> None:
        self._callbacks: dict[int, Callback] = {}
        self._next = 0
        self._watch = 0
        self._start()

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", _BEGIN, root, str(theirs.fileno())],
                pass_fds=[theirs.fileno()], env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, stdin=subprocess.DEVNULL,
            )
        self._channel = ours
        self._watch = GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, ours.fileno(),
                                            GLib.IOCondition.IN | GLib.IOCondition.HUP, self._readable)

    def ask(self, task: str, callback: Callback, *, descriptor: int | None = None, **fields: object) -> int:
        """Send a question; ``callback`` gets the answer or a MountdError. The number returned cancels it."""
        self._next += 1
        self._callbacks[self._next] = callback
        message = json.dumps({"id": self._next, "task": task, **fields}).encode()
        try:
            socket.send_fds(self._channel, [message], [descriptor] if descriptor is not None else [])
        except OSError as error:
            number, reason = self._next, str(error)
            GLib.idle_add(lambda: self._deliver(number, MountdError("host-refused", f"helper process: {reason}")))
        return self._next

    def forget(self, number: int) -> None:
        """No longer interested in that answer."""
        self._callbacks.pop(number, None)

    def _deliver(self, number: int, answer: Answer | MountdError) -> bool:
        callback = self._callbacks.pop(number, None)
        if callback is not None:
            callback(answer)
        return bool(GLib.SOURCE_REMOVE)

    def _readable(self, _fd: int, _condition: object) -> bool:
        message = b""
        with contextlib.suppress(OSError):
            message = self._channel.recv(MESSAGE_LIMIT)
        if not message:
            self._restart()
            return bool(GLib.SOURCE_REMOVE)
        answer = json.loads(message)
        failed = "code" in answer
        self._deliver(answer["id"], MountdError(answer["code"], answer["detail"]) if failed else answer)
        return bool(GLib.SOURCE_CONTINUE)

    def _restart(self) -> None:
        self._channel.close()
        self._process.kill()
        self._process.wait()
        lost, self._callbacks = self._callbacks, {}
        self._start()
        for callback in lost.values():
            callback(MountdError("host-refused", "the helper process died"))

    def close(self) -> None:
        """End the helper process without waiting for what it has under way."""
        GLib.source_remove(self._watch)
        self._channel.close()
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)

"""A process of ours as a child of the command line: what may block, or needs libraries that are slow to load.

The caller waits with a limit. A question that is not answered in time is left behind, and the child with it in the end:
it is over when the line is closed, whatever it has under way.
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mountd.core.line import MESSAGE_LIMIT, Answer, answered, program, question
from mountd.words.errors import MountdError

_ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent",
    # As in the daemon's own process for this (core.units.on_call).
    "RES_OPTIONS": "timeout:2 attempts:1",
    # From its release 1.36 on boto3 sends checksums that RGW 16.2 refuses (AWS SDKs reference, "Data integrity").
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
}


class Child:
    """One such process, started with the first question. Not for several threads at once."""

    def __init__(self, module: str, what: str) -> None:
        self._module, self._what = module, what
        self._channel: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._next = 1

    def ask(self, task: str, limit: float, descriptors: Sequence[int] = (), **fields: object) -> Answer:
        """The answer, within ``limit`` seconds. Raises MountdError: the answer's own, or ``host-refused``."""
        number, self._next = self._next, self._next + 1
        end = time.monotonic() + limit
        channel = self._channel or self._start()
        try:
            socket.send_fds(channel, [question(number, task, fields)], list(descriptors))
            return self._answer(channel, number, end)
        except TimeoutError:
            raise MountdError("host-refused", f"{self._what}: no answer within {limit:g} s") from None
        except OSError as error:
            raise MountdError("host-refused", f"{self._what}: {error.strerror or error}") from error

    def _answer(self, channel: socket.socket, number: int, end: float) -> Answer:
        while (left := end - time.monotonic()) > 0:
            channel.settimeout(left)
            message = channel.recv(MESSAGE_LIMIT)
            if not message:
                self.close()
                raise MountdError("host-refused", f"{self._what} died")
            found, answer = answered(message)
            # Else it is the late answer to a question that was given up.
            if found == number:
                if isinstance(answer, MountdError):
                    raise answer
                return answer
        raise TimeoutError

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        root = str(Path(__file__).parents[2])
        with theirs:
            # In a session of its own, or Ctrl-C would reach it first.
            self._process = subprocess.Popen(program(sys.executable, root, self._module), stdin=theirs.fileno(),
                                             env=_ENVIRONMENT, cwd="/", start_new_session=True)
        self._channel = ours
        return ours

    def close(self) -> None:
        """Let it go. One that cannot be ended is not waited for."""
        if self._channel is not None and self._process is not None:
            self._channel.close()
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.5)
        self._channel = self._process = None


def in_memory(content: bytes = b"") -> int:
    """A file that exists in memory only, to be handed to a child; the caller closes it."""
    number = os.memfd_create("s3mountctl", os.MFD_CLOEXEC)
    if content:
        os.write(number, content)
    return number

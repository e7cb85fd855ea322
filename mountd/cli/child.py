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
from collections.abc import Iterator, Sequence
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
        self._answers: dict[int, Answer | MountdError] = {}

    def ask(self, task: str, limit: float, descriptors: Sequence[int] = (), **fields: object) -> Answer:
        """The answer, within ``limit`` seconds. Raises MountdError: the answer's own, or ``host-refused``."""
        end = time.monotonic() + limit
        return self.answer(self.begin(task, descriptors, **fields), end)

    def begin(self, task: str, descriptors: Sequence[int] = (), **fields: object) -> int:
        """Ask, and go on: the number is for ``answer``. Raises MountdError."""
        number, self._next = self._next, self._next + 1
        with self._told():
            socket.send_fds(self._channel or self._start(), [question(number, task, fields)], list(descriptors))
        return number

    def answer(self, number: int, end: float) -> Answer:
        """The answer to that question, by ``end`` (monotonic seconds). Raises MountdError as ``ask`` does."""
        with self._told():
            while number not in self._answers:
                self._hear(max(0.001, end - time.monotonic()))
        found = self._answers.pop(number)
        if isinstance(found, MountdError):
            raise found
        return found

    def _hear(self, limit: float) -> None:
        if self._channel is None:
            raise MountdError("host-refused", f"{self._what} died")
        self._channel.settimeout(limit)
        message = self._channel.recv(MESSAGE_LIMIT)
        if not message:
            self.close()
            raise MountdError("host-refused", f"{self._what} died")
        number, found = answered(message)
        self._answers[number] = found

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise MountdError("host-refused", f"{self._what}: no answer in time") from None
        except OSError as error:
            raise MountdError("host-refused", f"{self._what}: {error.strerror or error}") from error

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

"""Serves the tree over an open FUSE device, with the faults asked for."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import struct
import time

from .control import Control, leave, log
from .tree import MAX_WRITE, RequestError, Tree

OPCODES = {
    1: "LOOKUP", 2: "FORGET", 3: "GETATTR", 14: "OPEN", 15: "READ", 16: "WRITE", 17: "STATFS", 18: "RELEASE",
    25: "FLUSH", 26: "INIT", 27: "OPENDIR", 28: "READDIR", 29: "RELEASEDIR", 35: "CREATE", 36: "INTERRUPT",
    38: "DESTROY", 42: "BATCH_FORGET",
}  # fmt: skip
UNANSWERED = {"FORGET", "BATCH_FORGET", "INTERRUPT"}

_HEADER = struct.Struct("<IIQQIIIHH")
_ANSWER = struct.Struct("<IiQ")


class Worker:
    """Serves one open FUSE device until the mount is gone or a fault says otherwise."""

    def __init__(self, device: int, control: Control, options: dict[str, str]) -> None:
        self._device = device
        self._control = control
        self._tree = Tree(options)
        self._requests = 0
        self._began: float | None = None

    def serve(self) -> None:
        """Returns when the mount is gone."""
        poll = select.poll()
        poll.register(self._device, select.POLLIN)
        while True:
            try:
                # Non-blocking reading is not needed: one reader, so what poll announces is there.
                if not poll.poll(100):
                    self._check_time()
                    continue
                request = os.read(self._device, MAX_WRITE + 8192)
            except OSError as error:
                if error.errno == errno.ENODEV:
                    return
                if error.errno not in (errno.ENOENT, errno.EAGAIN, errno.EINTR):
                    raise
                continue
            self._check_time()
            self._answer(request)

    def _check_time(self) -> None:
        faults = self._control.faults()
        limit = faults.get("exit_after_seconds")
        if limit is not None and self._began and time.monotonic() > self._began + limit:
            leave(faults.get("exit", {}))

    def _answer(self, request: bytes) -> None:
        _, opcode, unique, inode, *_ = _HEADER.unpack_from(request)
        name, body = OPCODES.get(opcode, str(opcode)), request[_HEADER.size :]
        if name in UNANSWERED:
            return
        if name != "INIT":
            self._misbehave()
        try:
            payload, number = self._handle(name, inode, body), 0
        except RequestError as failure:
            payload, number = b"", -failure.number
        # ENOENT: the caller was killed and waits no longer.
        with contextlib.suppress(FileNotFoundError):
            os.write(self._device, _ANSWER.pack(_ANSWER.size + len(payload), number, unique) + payload)

    def _misbehave(self) -> None:
        self._requests += 1
        faults = self._control.faults()
        leaving = faults.get("exit", {})
        if "after_requests" in leaving and self._requests > leaving["after_requests"]:
            leave(leaving)
        if self._requests >= faults.get("hang_at_request", self._requests + 1):
            log("WARN", f"hanging at request {self._requests}")
            while True:
                signal.pause()

    def _handle(self, name: str, inode: int, body: bytes) -> bytes:
        if name == "INIT":
            self._began = time.monotonic()
            _, _, readahead, _ = struct.unpack_from("<IIII", body)
            return struct.pack("<IIIIHHIIHH32x", 7, 31, readahead, 0, 64, 48, MAX_WRITE, 1, 0, 0)
        wanted = self._control.faults().get("errno")
        number = wanted.get(name) if isinstance(wanted, dict) else wanted
        if number and name not in ("RELEASE", "RELEASEDIR", "DESTROY"):
            log("WARN", f"{name.lower()} failed with errno {getattr(errno, number)}")
            raise RequestError(getattr(errno, number))
        if name == "STATFS" and self._control.faults().get("zero_statfs"):
            return bytes(80)  # a whole fuse_kstatfs
        handler = getattr(self._tree, f"do_{name.lower()}", None)
        if handler is None:
            raise RequestError(errno.ENOSYS)
        answer = handler(inode, body)
        assert isinstance(answer, bytes)
        return answer

"""What the stand-in is told to do wrong, and how it ends and logs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from pathlib import Path
from typing import Any, NoReturn

CONTROL = "/run/standin-mount-s3.json"


class Control:
    """The faults wanted for one bucket, read again whenever the control file changes."""

    def __init__(self, bucket: str) -> None:
        self._path = Path(os.environ.get("STANDIN_CONTROL", CONTROL))
        self._bucket = bucket
        self._seen: object = None
        self._faults: dict[str, Any] = {}

    def faults(self) -> dict[str, Any]:
        """What is asked for now: the entry `*`, and over it that of the bucket."""
        try:
            state = self._path.stat()
        except FileNotFoundError:
            self._seen, self._faults = None, {}
            return self._faults
        if (stamp := (state.st_mtime_ns, state.st_ino, state.st_size)) != self._seen:
            wanted = json.loads(self._path.read_text(encoding="utf-8"))
            self._seen, self._faults = stamp, {**wanted.get("*", {}), **wanted.get(self._bucket, {})}
        return self._faults


def leave(how: dict[str, Any]) -> NoReturn:
    """Ends this process at once, by the signal or with the status in `how` (default: status 1)."""
    if "signal" in how:
        os.kill(os.getpid(), getattr(signal, how["signal"]))
    os._exit(how.get("status", 1))


def log(level: str, text: str) -> None:
    """Logs as mount-s3 in the foreground: to stdout, and to syslog when there is one."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    os.write(1, f"{stamp}.000000Z {level:>5} ThreadId(01) mountpoint_s3: {text}\n".encode())
    severity = {"WARN": 4, "INFO": 6}[level]
    head = f"<{8 + severity}>{time.strftime('%b %e %H:%M:%S')} mount-s3[{os.getpid()}]:"
    # Without a syslog mount-s3 goes on without a word, too.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog, contextlib.suppress(OSError):
        syslog.sendto(f"{head} [{level}] ThreadId(01) mountpoint_s3: {text}".encode(), "/dev/log")

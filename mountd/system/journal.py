"""The journal as the daemon writes it: lines with fields to search by, sent without ever waiting for journald.

sd_journal_send(3) waits while journald does not read (stopped, or busy with a flood of others): after 512 datagrams
(net.unix.max_dgram_qlen) the daemon's loop stood still in unix_wait_for_peer (Linux 6.18, systemd 252). So the native
protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL) is spoken here, and what is not taken at once is dropped and counted.
"""

import logging
import os
import socket
import struct
import sys
from collections.abc import Mapping
from typing import Any

import structlog

SOCKET = "/run/systemd/journal/socket"
_FIELDS = {"mount": "S3MOUNT_NAME", "code": "S3MOUNT_CODE", "state": "S3MOUNT_STATE", "unit": "S3MOUNT_UNIT"}
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
_LONGEST = 48 * 1024
"""Bytes of one field, as LineMax= of journald.conf(5); with all fields it stays below a socket's usual buffer."""
_CUT = b" ... (cut off)"


def _packed(fields: Mapping[str, str]) -> bytes:
    lines = []
    for name, text in fields.items():
        value = text.encode(errors="replace")
        if len(value) > _LONGEST:
            value = value[:_LONGEST - len(_CUT)] + _CUT
        if b"\n" in value:
            lines.append(name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n")
        else:
            lines.append(name.encode() + b"=" + value + b"\n")
    return b"".join(lines)


class Journal:
    """One socket to journald, found by its path each time: journald may have been started anew."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.lost = 0
        """Lines that nobody has taken since the last one that was."""

    def send(self, priority: int, text: str, fields: Mapping[str, str]) -> None:
        """Say a line, or count it as lost; the next one that is taken is followed by that count."""
        if not self._sent(priority, text, fields):
            self.lost += 1
        elif self.lost and self._sent(4, f"{self.lost} lines before this one are lost: the journal did not take them",
                                      {"S3MOUNTD_LOST": str(self.lost)}):
            self.lost = 0

    def _sent(self, priority: int, text: str, fields: Mapping[str, str]) -> bool:
        packed = _packed({"MESSAGE": text, "PRIORITY": str(priority), "SYSLOG_IDENTIFIER": "s3mountd", **fields})
        try:
            self._socket.sendto(packed, self._path)
        except OSError:
            return False
        return True


def _sender(journal: Journal) -> Any:
    """structlog's last processor: hand the event to journald, a known key as a field of its own."""
    def send(_logger: object, level: str, event: dict[str, Any]) -> str:
        text = str(event.pop("event"))
        fields = {_FIELDS[key]: str(event.pop(key)) for key in list(event) if key in _FIELDS}
        if "exception" in event:
            text += "\n" + str(event.pop("exception"))
        rest = {f"S3MOUNTD_{key.upper()}": str(value) for key, value in event.items()}
        journal.send(_PRIORITIES[level], text, {**fields, **rest})
        raise structlog.DropEvent

    return send


def set_up(level: str) -> None:
    """Log to the journal as a service, readably to stderr when run by hand."""
    to_journal = "JOURNAL_STREAM" in os.environ
    processors: list[Any] = [structlog.processors.format_exc_info]
    if to_journal:
        processors.append(_sender(Journal(SOCKET)))
        # What GLib and Python themselves say goes to journald by a stream, which may be full, too.
        os.set_blocking(sys.stderr.fileno(), False)
    else:
        processors += [structlog.processors.TimeStamper(fmt="iso"), structlog.dev.ConsoleRenderer(colors=False)]
    structlog.configure(
        processors=[structlog.stdlib.add_log_level, *processors] if not to_journal else processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )

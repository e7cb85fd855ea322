"""The journal: what the daemon says, with fields to search by, and what a worker said before it ended."""

import logging
import os
import sys
import time
from typing import Any

import structlog
from systemd import journal

_WORDS_WAIT = 0.6
_WORDS_STEP = 0.03
_WORDS_LIMIT = 40
"""Lines of a worker's stderr that are kept: its error chain has about six."""

_FIELDS = {"mount": "S3MOUNT_NAME", "code": "S3MOUNT_CODE", "state": "S3MOUNT_STATE", "unit": "S3MOUNT_UNIT"}


def _send(_logger: object, level: str, event: dict[str, Any]) -> str:
    """structlog's last processor: hand the event to journald, a known key as a field of its own."""
    text = str(event.pop("event"))
    fields = {_FIELDS[key]: str(event.pop(key)) for key in list(event) if key in _FIELDS}
    if "exc_info" in event:
        text += "\n" + str(event.pop("exception", ""))
        event.pop("exc_info", None)
    rest = {f"S3MOUNTD_{key.upper()}": str(value) for key, value in event.items()}
    priority = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}[level]
    journal.send(text, PRIORITY=priority, SYSLOG_IDENTIFIER="s3mountd", **fields, **rest)
    raise structlog.DropEvent


def set_up(level: str) -> None:
    """Log to the journal as a service, readably to stderr when run by hand."""
    to_journal = "JOURNAL_STREAM" in os.environ
    processors: list[Any] = [structlog.processors.format_exc_info]
    if to_journal:
        processors.append(_send)
    else:
        processors += [structlog.processors.TimeStamper(fmt="iso"), structlog.dev.ConsoleRenderer(colors=False)]
    structlog.configure(
        processors=[structlog.stdlib.add_log_level, *processors] if not to_journal else processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def _stderr_lines(unit: str, since: float) -> list[str]:
    """The unit's lines that came over its stderr (stdout goes nowhere) since a wall-clock time, oldest first."""
    with journal.Reader() as reader:
        reader.add_match(_SYSTEMD_UNIT=unit)
        reader.add_match(_TRANSPORT="stdout")
        reader.seek_realtime(since)
        return [str(entry.get("MESSAGE", "")) for _, entry in zip(range(_WORDS_LIMIT), reader, strict=False)]


def _finished(lines: list[str]) -> bool:
    """Has mount-s3's error chain arrived? It begins with ``Error:`` or, from the option parser, ``error:``."""
    return any(line.startswith(("Error:", "error:")) for line in lines)


def last_words(unit: str, since: float) -> str:
    """What a worker said on stderr since a wall-clock time; waits a moment, for journald may be behind.

    Runs in the helper process.
    """
    deadline = time.monotonic() + _WORDS_WAIT
    while True:
        lines = _stderr_lines(unit, since)
        if (_finished(lines) and len(lines) > 1) or time.monotonic() > deadline:
            # One more look: the chain's causes are written line by line behind its head.
            time.sleep(_WORDS_STEP)
            return "\n".join(_stderr_lines(unit, since))
        time.sleep(_WORDS_STEP)

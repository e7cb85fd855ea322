"""The journal as the daemon writes it: lines with fields to search by."""

import logging
import os
import sys
from typing import Any

import structlog
from systemd import journal

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

"""What must outlive a boot, in /var/lib/s3mountd: written at once, or as soon as the disk takes it."""

from pathlib import Path
from typing import Any

import structlog
from gi.repository import GLib

from mountd.system.small_files import write_json

_log: Any = structlog.get_logger()
_AGAIN = 10
"""Seconds between two tries."""
_owed: dict[Path, Any] = {}
"""What the disk has not taken yet."""


def keep(path: Path, value: Any) -> None:
    """Replace the file; while that fails it is tried again, and told once."""
    if write_json(path, value):
        _owed.pop(path, None)
        return
    if path not in _owed:
        _log.error(f"{path} cannot be written, a reboot now would forget what it says; tried again every {_AGAIN} s",
                   code="host-refused")
    if not _owed:
        GLib.timeout_add_seconds(_AGAIN, _pay)
    _owed[path] = value


def _pay() -> bool:
    for path in [path for path, value in _owed.items() if write_json(path, value)]:
        del _owed[path]
        _log.info(f"{path} is written")
    return bool(_owed)

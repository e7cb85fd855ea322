"""Small files of JSON, replaced whole."""

import contextlib
import json
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any


def write_json(path: Path, value: Any) -> bool:
    """Replace a small file whole; False when the disk does not take it, and the file is as it was."""
    fresh = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(value), "utf-8")
        fresh.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        return False
    return True


def read_json(path: Path) -> Any:
    """The value of a small file, None when there is none or it cannot be read."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def drop_old(folder: Path, seconds: float, but: Collection[str]) -> None:
    """Remove the files of a folder that were not written for so long, except those named so."""
    for path in folder.glob("*.json"):
        with contextlib.suppress(OSError):
            if path.name not in but and time.time() - path.stat().st_mtime > seconds:
                path.unlink()

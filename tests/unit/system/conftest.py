"""Mounts made by a test go with it, also when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mountd.system import mounts, syscalls


@pytest.fixture(autouse=True)
def nothing_left_mounted(tmp_path: Path) -> Iterator[None]:
    """Take every mount below the test's own folder away."""
    yield
    entries = mounts.parse(mounts.MOUNTINFO.read_text("utf-8", "surrogateescape"))
    below = [entry.path for entry in entries if Path(entry.path).is_relative_to(tmp_path)]
    for path in reversed(below):
        syscalls.umount_lazy(path)

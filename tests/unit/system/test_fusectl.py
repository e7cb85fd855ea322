"""fusectl on a real connection that nobody serves. Needs root and /dev/fuse."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mountd.system import fuse, syscalls
from mountd.system.fuse import Staged
from mountd.system.fusectl import FuseControl
from mountd.system.mounts import MountTable

UNSERVED = 1
"""The kernel's own first request (FUSE_INIT), which nobody has read."""


@pytest.fixture
def staged() -> Iterator[Staged]:
    """A mount in nobody's tree, its server's end open and unread."""
    made = fuse.stage("s3://bucket", read_only=False)
    yield made
    for descriptor in (made.fuse_fd, made.mount_fd):
        os.close(descriptor)


@pytest.fixture
def control(tmp_path: Path) -> FuseControl:
    """Sees no fusectl but what it mounts itself."""
    return FuseControl(Blind(tmp_path), tmp_path / "fusectl")


class Blind(MountTable):
    """The mount table without what lies outside a test's folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._only = folder

    @property
    def folders(self):  # type: ignore[no-untyped-def]
        return {path: rows for path, rows in super().folders.items() if Path(path).is_relative_to(self._only)}


def test_it_is_mounted_privately_where_the_host_has_none(control: FuseControl, staged: Staged, tmp_path: Path) -> None:
    assert control.waiting(staged.connection) == UNSERVED
    (entry,) = MountTable().folders[str(tmp_path / "fusectl")]
    assert entry.fstype == "fusectl"


def test_the_hosts_is_used_where_it_has_one(control: FuseControl, staged: Staged, tmp_path: Path) -> None:
    control.waiting(staged.connection)
    other = FuseControl(MountTable(), tmp_path / "unused")
    assert other.waiting(staged.connection) == UNSERVED
    assert not (tmp_path / "unused").exists()


def test_it_is_found_again_when_somebody_unmounts_it(control: FuseControl, staged: Staged, tmp_path: Path) -> None:
    control.waiting(staged.connection)
    syscalls.umount_lazy(str(tmp_path / "fusectl"))
    control._table.forget()
    assert control.waiting(staged.connection) == UNSERVED


def test_a_caller_that_waits_is_counted_and_an_abort_frees_it(control: FuseControl, staged: Staged) -> None:
    with ThreadPoolExecutor(1) as pool:
        caller = pool.submit(os.statvfs, staged.mount_fd)
        while control.waiting(staged.connection) == UNSERVED:
            assert not caller.done()
        assert control.abort(staged.connection)
        error = caller.exception(timeout=5)
    assert isinstance(error, OSError)
    assert error.errno in (errno.ENOTCONN, errno.ECONNABORTED)
    assert control.waiting(staged.connection) == 0


def test_a_connection_that_is_not_there_is_nothing_to_abort(control: FuseControl) -> None:
    assert control.waiting(2**30) is None
    assert control.abort(2**30) is False

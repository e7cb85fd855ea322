"""What the kernel says of a mount that nobody uses, or somebody. Needs root."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mountd.system import mounts, syscalls
from mountd.system.syscalls import Expiry


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[str]:
    """A folder with a file system of its own on it."""
    context = syscalls.fsopen("tmpfs")
    mount_fd = syscalls.fsmount(context, 0)
    syscalls.move_mount(mount_fd, str(tmp_path))
    os.close(context)
    os.close(mount_fd)
    (tmp_path / "file").touch()
    yield str(tmp_path)
    if mounts.MountTable().stack(str(tmp_path)):
        syscalls.umount_lazy(str(tmp_path))


def test_one_that_nobody_uses_goes_at_the_second_call(folder: str) -> None:
    assert syscalls.umount_unused(folder) is Expiry.MARKED
    assert mounts.MountTable().stack(folder)
    assert syscalls.umount_unused(folder) is Expiry.GONE
    assert mounts.MountTable().stack(folder) == ()


def test_any_use_takes_the_mark_away(folder: str) -> None:
    for use in (lambda: os.stat(folder + "/file"), lambda: os.listdir(folder), lambda: syscalls.touch_mount(folder)):
        syscalls.umount_unused(folder)
        use()
        assert syscalls.umount_unused(folder) is Expiry.MARKED
        syscalls.touch_mount(folder)


def test_an_open_file_and_a_working_directory_keep_it(folder: str) -> None:
    with open(folder + "/file"):
        assert [syscalls.umount_unused(folder) for _ in range(3)] == [Expiry.BUSY] * 3
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    assert syscalls.umount_unused(folder) is Expiry.BUSY
    os.close(held)
    assert syscalls.umount_unused(folder) is Expiry.MARKED


def test_what_is_no_mount_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="umount"):
        syscalls.umount_unused(str(tmp_path))

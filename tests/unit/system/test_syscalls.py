"""The mount calls themselves, on a file system made for it. Needs root."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mountd.system import mounts, syscalls


def tmpfs() -> int:
    context = syscalls.fsopen("tmpfs")
    syscalls.fsconfig_string(context, "size", "64k")
    try:
        return syscalls.fsmount(context, syscalls.MOUNT_ATTR_NODEV)
    finally:
        os.close(context)


def test_a_detached_mount_says_who_it_is_and_so_does_the_table(tmp_path: Path) -> None:
    mount = tmpfs()
    who = syscalls.identify(mount)
    syscalls.move_mount(mount, str(tmp_path))
    (entry,) = mounts.MountTable().folders[str(tmp_path)]
    assert (entry.mount_id, entry.minor) == (who.mount_id, who.minor)
    syscalls.umount_lazy(str(tmp_path))
    os.close(mount)


def test_a_mount_slipped_beneath_is_there_when_the_top_goes(tmp_path: Path) -> None:
    top, low = tmpfs(), tmpfs()
    syscalls.move_mount(top, str(tmp_path))
    (tmp_path / "top").touch()
    syscalls.move_mount(low, str(tmp_path), beneath=True)
    assert os.listdir(tmp_path) == ["top"]
    syscalls.umount_lazy(str(tmp_path))
    assert os.listdir(tmp_path) == []
    assert syscalls.identify(low).mount_id == mounts.MountTable().stack(str(tmp_path))[0].mount_id
    syscalls.umount_lazy(str(tmp_path))
    os.close(top)
    os.close(low)


def test_a_copy_shows_what_lies_below_other_mounts(tmp_path: Path) -> None:
    outer = tmpfs()
    syscalls.move_mount(outer, str(tmp_path))
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "beneath").touch()
    inner = tmpfs()
    syscalls.move_mount(inner, str(tmp_path / "inner"))
    assert os.listdir(tmp_path / "inner") == []
    copy = syscalls.clone_mount(str(tmp_path))
    opened = os.open("inner", os.O_RDONLY, dir_fd=copy)
    assert os.listdir(opened) == ["beneath"]
    for descriptor in (opened, copy, inner, outer):
        os.close(descriptor)
    syscalls.umount_lazy(str(tmp_path))
    assert mounts.MountTable().stack(str(tmp_path)) == ()


def test_an_open_file_lives_on_after_a_lazy_umount(tmp_path: Path) -> None:
    mount = tmpfs()
    syscalls.move_mount(mount, str(tmp_path))
    os.close(mount)
    with open(tmp_path / "file", "w+") as file:
        syscalls.umount_lazy(str(tmp_path))
        file.write("still here")
        file.seek(0)
        assert file.read() == "still here"
    assert os.listdir(tmp_path) == []


def test_a_link_is_not_unmounted_through(tmp_path: Path) -> None:
    mount = tmpfs()
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    syscalls.move_mount(mount, str(tmp_path / "real"))
    with pytest.raises(OSError, match="Invalid argument"):
        syscalls.umount_lazy(str(tmp_path / "link"))
    assert mounts.MountTable().stack(str(tmp_path / "real"))
    syscalls.umount_lazy(str(tmp_path / "real"))
    os.close(mount)


def test_what_the_kernel_refuses_is_said_by_name(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="fsopen") as caught:
        syscalls.fsopen("no-such-type")
    assert caught.value.errno == errno.ENODEV
    with pytest.raises(OSError, match="umount"):
        syscalls.umount_lazy(str(tmp_path))
    context = syscalls.fsopen("tmpfs")
    with pytest.raises(OSError, match="fsconfig nonsense"):
        syscalls.fsconfig_string(context, "nonsense", "x")
    os.close(context)


def test_a_link_on_the_way_leads_nowhere(tmp_path: Path) -> None:
    """Whoever owns a folder above may put a link in its place at any moment."""
    (tmp_path / "elsewhere" / "folder").mkdir(parents=True)
    (tmp_path / "home").symlink_to("elsewhere")
    folder = str(tmp_path / "home" / "folder")
    mount = tmpfs()
    with pytest.raises(OSError, match="symbolic links"):
        syscalls.move_mount(mount, folder)
    with pytest.raises(OSError, match="symbolic links"):
        syscalls.clone_mount(folder)
    syscalls.move_mount(mount, str(tmp_path / "elsewhere" / "folder"))
    with pytest.raises(OSError, match="symbolic links"):
        syscalls.umount_lazy(folder)
    with pytest.raises(OSError, match="symbolic links"):
        syscalls.umount_unused(folder)
    assert mounts.MountTable().stack(str(tmp_path / "elsewhere" / "folder"))
    os.close(mount)


def test_the_last_part_is_not_followed_either(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    mount = tmpfs()
    with pytest.raises(OSError, match="move_mount"):
        syscalls.move_mount(mount, str(tmp_path / "link"))
    assert mounts.MountTable().stack(str(tmp_path / "real")) == ()
    os.close(mount)


def test_what_is_no_folder_is_not_called_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        syscalls.umount_lazy(str(tmp_path / "file" / "below"))


def test_nothing_stays_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for path in (tmp_path, tmp_path / "none", tmp_path / "none" / "below"):
        with pytest.raises(OSError, match=r"No such|Invalid"):
            syscalls.umount_lazy(str(path))
    assert len(os.listdir("/proc/self/fd")) == before

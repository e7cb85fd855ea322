"""The folder below a mount: made, judged, and said whose it is. Needs root."""

from __future__ import annotations

import os
import pwd
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mountd.core.layers import Kind
from mountd.core.units.worker import Folder
from mountd.system import folders, fuse, syscalls
from mountd.words.errors import MountdError

NOBODY = pwd.getpwnam("nobody")


def prepare(folder: Path, user: str = "", group: str = "", *, hide: bool = False) -> Folder:
    return folders.prepare(str(folder), user=user, group=group, hide=hide)


def refused(folder: Path, user: str = "") -> tuple[str, str]:
    with pytest.raises(MountdError) as caught:
        prepare(folder, user)
    return caught.value.fault.code, caught.value.detail


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    os.chown(folder, 1234, 5678)
    folder.chmod(0o2750)
    assert prepare(folder) == Folder(1234, 5678, 0o750)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o2750


def test_what_user_and_group_say_counts_more_than_whose_the_folder_is(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir(mode=0o755)
    assert prepare(folder, "nobody") == Folder(NOBODY.pw_uid, NOBODY.pw_gid, 0o755)
    assert prepare(folder, "nobody", "root") == Folder(NOBODY.pw_uid, 0, 0o755)
    assert prepare(folder, "4711" if _known(4711) else str(NOBODY.pw_uid), "4712").gid == 4712
    assert folder.stat().st_uid == 0


def test_many_folders_in_one_new_parent_are_made_at_once(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 5678)
    with ThreadPoolExecutor(8) as pool:
        for turn in range(30):
            wanted = [tmp_path / f"new-{turn}" / "deep" / str(number) for number in range(8)]
            assert set(pool.map(prepare, wanted)) == {Folder(1234, 5678, 0o755)}
            assert {(one.stat().st_uid, one.parent.stat().st_uid) for one in wanted} == {(1234, 1234)}


def _known(uid: int) -> bool:
    return any(one.pw_uid == uid for one in pwd.getpwall())


@pytest.mark.parametrize("user", ["nobody", ""])
def test_missing_folders_are_made_with_the_owner_of_user_or_parent(tmp_path: Path, user: str) -> None:
    tmp_path.chmod(0o711)
    os.chown(tmp_path, 1234, 5678)
    wanted = (NOBODY.pw_uid, NOBODY.pw_gid) if user else (1234, 5678)
    old = os.umask(0o077)
    try:
        assert prepare(tmp_path / "a" / "b" / "c", user) == Folder(*wanted, 0o755)
    finally:
        os.umask(old)
    for made in (tmp_path / "a", tmp_path / "a" / "b", tmp_path / "a" / "b" / "c"):
        found = made.stat()
        assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (*wanted, 0o755)
    assert tmp_path.stat().st_uid == 1234


def test_a_folder_with_files_is_refused_unless_they_shall_be_hidden(tmp_path: Path) -> None:
    for name in ("d", "b", "c", ".a"):
        (tmp_path / name).touch()
    assert refused(tmp_path) == ("folder-not-empty", "it holds .a, b, c")
    assert prepare(tmp_path, hide=True).uid == 0


def test_files_and_links_are_no_folders(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    assert refused(tmp_path / "file") == ("folder-unusable", "it is not a folder")
    assert refused(tmp_path / "link") == ("folder-unusable", "it is not a folder")
    assert refused(tmp_path / "file" / "below") == ("folder-unusable", "Not a directory")


def test_a_link_on_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "home").symlink_to("elsewhere")
    for folder in (tmp_path / "home" / "new", tmp_path / "home" / "deep" / "new"):
        code, detail = refused(folder)
        assert (code, "a link in its path is not followed" in detail) == ("folder-unusable", True)
    assert os.listdir(tmp_path / "elsewhere") == []


@pytest.mark.parametrize("put", ["link", "folder of somebody else", "folder with files"])
def test_what_was_exchanged_while_it_was_made_is_not_given_away(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, put: str) -> None:
    """Who owns the folder above renames the new one in the moment after it was made."""
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    (other / "secret").touch()
    if put == "folder of somebody else":
        (other / "secret").unlink()
        os.chown(other, 1234, 1234)
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, NOBODY.pw_uid, NOBODY.pw_gid)
    make = os.mkdir

    def made_and_exchanged(name: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        make(name, mode, dir_fd=dir_fd)
        (home / "new").rename(home / "moved")
        if put == "link":
            (home / "new").symlink_to(other)
        else:
            other.rename(home / "new")

    monkeypatch.setattr(os, "mkdir", made_and_exchanged)
    assert refused(home / "new")[0] == "folder-unusable"
    found = (other if put == "link" else home / "new").stat()
    assert (found.st_uid in {0, 1234}, stat.S_IMODE(found.st_mode)) == (True, 0o700)


def test_unknown_users_are_said(tmp_path: Path) -> None:
    code, detail = refused(tmp_path / "new", user="no-such-user")
    assert code == "folder-unusable"
    assert "no-such-user" in detail
    assert not (tmp_path / "new").exists()


def test_the_folder_is_looked_at_below_what_is_mounted_on_it(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir(mode=0o750)
    folder.chmod(0o750)
    fuse.place_guard("a", str(folder), Kind.ERROR_GUARD, (), beneath=False)
    try:
        with pytest.raises(OSError, match="not connected"):
            os.listdir(folder)
        assert prepare(folder) == Folder(0, 0, 0o750)
    finally:
        syscalls.umount_lazy(str(folder))


def test_a_file_system_mounted_above_is_the_one_that_is_asked(tmp_path: Path) -> None:
    fuse.place_guard("a", str(tmp_path), Kind.EMPTY_GUARD, (), beneath=False)
    try:
        assert refused(tmp_path / "new") == ("folder-unusable", "Read-only file system")
    finally:
        syscalls.umount_lazy(str(tmp_path))


# In a user's home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """nobody's, below a folder of root's."""
    tmp_path.chmod(0o755)
    made = tmp_path / "home"
    (made / "own").mkdir(parents=True)
    for path in (made, made / "own"):
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
    return made


def at_home(home: Path, folder: str) -> Folder:
    return folders.prepare(str(home / folder), user="nobody", group="", hide=False, home=str(home))


def refused_at_home(home: Path, folder: str) -> str:
    with pytest.raises(MountdError) as caught:
        at_home(home, folder)
    assert caught.value.fault.code == "folder-unusable"
    return caught.value.detail


@pytest.mark.parametrize("folder", ["own", "own/new", "new/deep", "own/a/b/c"])
def test_at_home_all_belongs_to_its_user(home: Path, folder: str) -> None:
    assert at_home(home, folder).uid == NOBODY.pw_uid
    assert (home / folder).stat().st_uid == NOBODY.pw_uid


@pytest.mark.parametrize("folder", ["roots", "roots/new", "roots/deep", "roots/deep/new"])
def test_what_others_have_at_home_is_not_used(home: Path, folder: str) -> None:
    (home / "roots" / "deep").mkdir(parents=True)
    os.chown(home / "roots" / "deep", NOBODY.pw_uid, NOBODY.pw_gid)
    assert "does not belong to nobody" in refused_at_home(home, folder)
    assert os.listdir(home / "roots" / "deep") == []
    assert os.listdir(home / "roots") == ["deep"]


def test_a_home_that_is_not_the_users_is_none(home: Path) -> None:
    os.chown(home, 0, 0)
    assert "does not belong to nobody" in refused_at_home(home, "own")


def test_a_home_that_is_gone_is_not_made(home: Path) -> None:
    (home / "own").rmdir()
    home.rmdir()
    assert "does not belong to nobody" in refused_at_home(home, "own")
    assert not home.exists()


def test_at_home_no_link_is_followed_either(home: Path) -> None:
    (home / "link").symlink_to("/etc")
    (home / "up").symlink_to("own")
    for folder in ("link/x", "up/x"):
        assert "a link in its path is not followed" in refused_at_home(home, folder)
    assert "does not belong" in refused_at_home(home, "link") or "not a folder" in refused_at_home(home, "link")


def test_nothing_may_be_mounted_between_home_and_folder(home: Path) -> None:
    fuse.place_guard("a", str(home / "own"), Kind.EMPTY_GUARD, (), beneath=False)
    try:
        assert "is mounted itself" in refused_at_home(home, "own/x")
    finally:
        syscalls.umount_lazy(str(home / "own"))


def test_what_is_put_in_place_of_a_parent_while_it_is_gone_to_gets_no_folder(
        home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder above is exchanged for one of root's after all of the way was looked at."""
    (home / "roots").mkdir()
    look = folders._check_way

    def looked_and_exchanged(wish: folders._Wish) -> None:
        look(wish)
        (home / "own").rename(home / "aside")
        (home / "roots").rename(home / "own")

    monkeypatch.setattr(folders, "_check_way", looked_and_exchanged)
    assert "does not belong to nobody" in refused_at_home(home, "own/new")
    assert os.listdir(home / "own") == []

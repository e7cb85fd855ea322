"""Cache folders: one for each worker, swept when it ended, nothing else touched. Needs root."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mountd.system import caches
from mountd.words import paths
from mountd.words.errors import MountdError


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A cache folder as a configuration would name it."""
    monkeypatch.setattr(paths, "CACHE_MOUNT", tmp_path / "bind" / "cache")
    (tmp_path / "cache").mkdir()
    return str(tmp_path / "cache")


def test_each_worker_gets_its_own_behind_a_door_for_root_alone(cache: str) -> None:
    first, second = Path(caches.make(cache, "one")), Path(caches.make(cache, "two"))
    assert first != second
    assert first.parent == Path(cache) / "s3mountd"
    assert (first.parent.stat().st_uid, stat.S_IMODE(first.parent.stat().st_mode)) == (0, 0o700)
    assert stat.S_IMODE(first.stat().st_mode) == 0o777
    assert paths.CACHE_MOUNT.is_dir()


def test_left_over_ones_of_the_same_mount_are_found_those_in_use_are_not(cache: str) -> None:
    stale, used, other = caches.make(cache, "one"), caches.make(cache, "one"), caches.make(cache, "one-two")
    assert caches.left_over(cache, "one", [used]) == [stale]
    assert caches.left_over(cache, "one-two", [used, other]) == []


def test_old_ones_of_a_mount_that_is_no_more_are_found(cache: str) -> None:
    gone, young, used = caches.make(cache, "gone"), caches.make(cache, "young"), caches.make(cache, "other")
    for folder in (gone, used):
        os.utime(folder, (0, 0))
    assert caches.left_over(cache, "one", [used]) == [gone]
    assert Path(young).exists()


def test_nothing_is_left_over_where_nothing_was_made_or_somebody_else_did(cache: str) -> None:
    assert caches.left_over(cache, "one", []) == []
    Path(cache, "s3mountd").mkdir(mode=0o777)
    Path(cache, "s3mountd").chmod(0o777)
    Path(cache, "s3mountd", "one-12345678").mkdir()
    assert caches.left_over(cache, "one", []) == []


def test_sweeping_takes_only_what_was_made_here(cache: str, tmp_path: Path) -> None:
    made, precious = caches.make(cache, "one"), tmp_path / "precious"
    precious.mkdir()
    for folder in (made, str(precious), made):
        caches.sweep(folder)
    assert not Path(made).exists()
    assert precious.is_dir()


def test_what_the_host_refuses_is_said(cache: str) -> None:
    (Path(cache) / "s3mountd").write_text("a file")
    with pytest.raises(MountdError) as caught:
        caches.make(cache, "one")
    assert caught.value.fault.code == "host-refused"
    assert caught.value.detail.startswith(f"cache {cache}: ")


def test_a_cache_folder_that_is_a_link_is_not_used(cache: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (Path(cache) / "s3mountd").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MountdError):
        caches.make(cache, "one")
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(("uid", "mode"), [(1001, 0o700), (0, 0o777), (0, 0o770)])
def test_a_folder_that_somebody_else_could_have_filled_is_not_used(cache: str, uid: int, mode: int) -> None:
    planted = Path(cache) / "s3mountd"
    planted.mkdir()
    planted.chmod(mode)
    os.chown(planted, uid, 0)
    with pytest.raises(MountdError) as caught:
        caches.make(cache, "one")
    assert "remove it" in caught.value.detail
    assert list(planted.iterdir()) == []


@pytest.fixture
def small(cache: str) -> Iterator[str]:
    """A cache folder on a disk of one MiB."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=20", "small", cache], check=True)
    yield cache
    subprocess.run(["umount", cache], check=True)


def test_a_disk_without_room_for_a_cache_is_noticed_before_mount_s3_says_nothing(small: str) -> None:
    assert not caches.is_full(small)
    Path(small, "theirs").write_bytes(b"x" * (1000 << 10))
    assert caches.is_full(small)


def test_a_disk_on_which_no_folder_can_be_made_is_named(small: str) -> None:
    with contextlib.suppress(OSError):
        for number in range(100):
            Path(small, str(number)).touch()
    with pytest.raises(MountdError) as caught:
        caches.make(small, "one")
    assert caught.value.fault.code == "cache-full"
    assert "No space left" in caught.value.detail

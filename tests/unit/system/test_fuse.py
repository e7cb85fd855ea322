"""Detached mounts made and moved for real, and which kernels can slip one beneath another. Needs root and /dev/fuse."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mountd.core.layers import Kind, Layer
from mountd.system import fuse, mounts
from mountd.words.errors import MountdError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that holds a file."""
    path = tmp_path / "fold er"
    path.mkdir()
    (path / "bare").touch()
    return path


def on(folder: Path) -> tuple[Layer, ...]:
    return mounts.MountTable().stack(str(folder))


def stage() -> fuse.Staged:
    return fuse.stage("s3://bucket/a b", read_only=False)


def put(folder: Path, staged: fuse.Staged, *, beneath: bool = True) -> None:
    """Bring a staged mount to the folder; its server's end stays open."""
    fuse.swap_in(staged.mount_fd, str(folder), on(folder), beneath=beneath)
    os.close(staged.mount_fd)


@pytest.mark.parametrize(("release", "can"), [
    ("6.1.0-18-amd64", False), ("6.4.99", False), ("6.5.0", True), ("6.12.30+deb13-cloud-amd64", True), ("6.18", True),
    ("7.0-rc1", True), ("5.10.0", False), ("6.10.0", True), ("10.0.1", True),
])
def test_kernels_that_can_slip_a_mount_beneath(release: str, can: bool) -> None:
    assert fuse.kernel_has_beneath(release) is can


def test_the_test_switch_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3MOUNTD_SWAP", "detach")
    assert not fuse.kernel_has_beneath("6.18.0")


def test_a_staged_mount_is_nowhere_until_it_is_moved(folder: Path) -> None:
    before = mounts.MOUNTINFO.read_text()
    staged = stage()
    assert mounts.MOUNTINFO.read_text() == before
    put(folder, staged)
    (layer,) = on(folder)
    assert layer == Layer(Kind.LIVE, staged.connection, staged.mount_id, "fuse.mount-s3 s3://bucket/a b")
    os.close(staged.fuse_fd)


def test_a_staged_mount_that_is_given_up_leaves_nothing() -> None:
    before = mounts.MOUNTINFO.read_text()
    staged = stage()
    os.close(staged.mount_fd)
    with pytest.raises(OSError, match="No such device"):
        os.read(staged.fuse_fd, 1 << 20)
    os.close(staged.fuse_fd)
    assert mounts.MOUNTINFO.read_text() == before


@pytest.mark.parametrize("beneath", [True, False])
def test_a_swap_leaves_only_the_new_mount(folder: Path, beneath: bool) -> None:
    old, new = stage(), stage()
    put(folder, old)
    put(folder, new, beneath=beneath)
    assert [layer.connection for layer in on(folder)] == [new.connection]
    os.close(old.fuse_fd)
    os.close(new.fuse_fd)


@pytest.mark.parametrize(("kind", "said"), [
    (Kind.ERROR_GUARD, "not connected"), (Kind.EMPTY_GUARD, "Read-only file system")])
@pytest.mark.parametrize("beneath", [True, False])
def test_a_guard_hides_the_bare_folder(folder: Path, kind: Kind, said: str, beneath: bool) -> None:
    fuse.place_guard("one", str(folder), kind, (), beneath=beneath)
    assert [layer.kind for layer in on(folder)] == [kind]
    with pytest.raises(OSError, match=said):
        (folder / "new").touch()
    if kind is Kind.EMPTY_GUARD:
        assert os.listdir(folder) == []
    fuse.detach(str(folder))
    assert os.listdir(folder) == ["bare"]


def test_on_old_kernels_the_guard_stays_beneath_and_comes_to_light(folder: Path) -> None:
    fuse.place_guard("one", str(folder), Kind.ERROR_GUARD, (), beneath=False)
    live = stage()
    put(folder, live, beneath=False)
    assert [layer.kind for layer in on(folder)] == [Kind.LIVE, Kind.ERROR_GUARD]
    fuse.place_guard("one", str(folder), Kind.ERROR_GUARD, on(folder), beneath=False)
    assert [layer.kind for layer in on(folder)] == [Kind.ERROR_GUARD]
    os.close(live.fuse_fd)


def test_with_beneath_a_guard_gives_way_to_the_mount(folder: Path) -> None:
    fuse.place_guard("one", str(folder), Kind.EMPTY_GUARD, (), beneath=True)
    live = stage()
    put(folder, live, beneath=True)
    assert [layer.kind for layer in on(folder)] == [Kind.LIVE]
    os.close(live.fuse_fd)


def test_read_only_is_a_property_of_the_mount(folder: Path) -> None:
    staged = fuse.stage("s3://bucket", read_only=True)
    put(folder, staged)
    line = next(line for line in mounts.MOUNTINFO.read_text().splitlines() if f" 0:{staged.connection} " in line)
    assert line.split(" ")[5] == "ro,nosuid,nodev,noatime"
    os.close(staged.fuse_fd)


def test_what_cannot_be_moved_or_detached_is_said(folder: Path) -> None:
    staged = stage()
    with pytest.raises(MountdError) as caught:
        fuse.swap_in(staged.mount_fd, str(folder / "nowhere"), (), beneath=True)
    assert caught.value.fault.code == "host-refused"
    assert "No such file" in caught.value.detail
    with pytest.raises(MountdError) as caught:
        fuse.detach(str(folder))
    assert caught.value.fault.code == "host-refused"
    os.close(staged.mount_fd)
    os.close(staged.fuse_fd)

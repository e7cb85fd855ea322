"""Mounts at which callers wait, made for real. Needs root and /dev/fuse."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mountd.system import mounts, syscalls, waiting
from mountd.system.waiting import Waiting

SOURCE = "s3://bucket/a b"


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that holds a file; what is mounted on it in the end is taken away."""
    path = tmp_path / "folder"
    path.mkdir()
    (path / "bare").touch()
    yield path
    while mounts.MountTable().stack(str(path)):
        syscalls.umount_lazy(str(path))


def place(folder: Path, *, beneath: bool = True) -> Waiting:
    layers = mounts.MountTable().stack(str(folder))
    return waiting.place("name", SOURCE, str(folder), layers, read_only=False, beneath=beneath)


def connections(folder: Path) -> list[int]:
    return [layer.connection for layer in mounts.MountTable().stack(str(folder))]


def touch(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["/bin/cat", str(folder / "bare")], stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def blocks(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(0.2)
    except subprocess.TimeoutExpired:
        return True
    return False


def test_callers_wait_can_be_killed_and_get_an_error_when_it_is_let_go(folder: Path) -> None:
    held = place(folder)
    killed, told = touch(folder), touch(folder)
    assert blocks(killed)
    killed.terminate()
    assert killed.wait(1) == -15
    assert blocks(told)
    waiting.release(held)
    assert b"not connected" in told.communicate(timeout=1)[1]
    assert told.returncode == 1


def test_one_whose_first_request_was_read_is_of_no_use_to_another_worker(folder: Path) -> None:
    held = place(folder)
    assert waiting.untouched(held)
    assert waiting.untouched(held), "asking spoils it"
    os.read(held.fuse_fd, 1 << 20)
    assert not waiting.untouched(held)
    waiting.release(held)


def test_one_that_somebody_unmounted_is_of_no_use(folder: Path) -> None:
    held = place(folder)
    syscalls.umount_lazy(str(folder))
    assert not waiting.untouched(held)
    waiting.release(held)


def test_slipped_beneath_another_it_is_met_when_that_goes(folder: Path) -> None:
    above = place(folder)
    below = waiting.slip_beneath(SOURCE, str(folder), read_only=True)
    assert connections(folder) == [above.connection, below.connection]
    syscalls.umount_lazy(str(folder))
    assert connections(folder) == [below.connection]
    for held in (above, below):
        waiting.release(held)


def test_on_an_old_kernel_an_error_guard_lies_below(folder: Path) -> None:
    held = place(folder, beneath=False)
    kinds = [layer.description.split()[0] for layer in mounts.MountTable().stack(str(folder))]
    assert kinds == ["fuse.mount-s3", "fuse.s3mountd-guard"]
    waiting.release(held)


def test_what_an_earlier_daemon_left_is_known_by_its_name() -> None:
    left = {3: Waiting(0, 41, read_only=True).stored_name, 4: "something else", 5: "wait-7-rw", 6: "wait-x-rw"}
    assert waiting.inherited(left) == [Waiting(3, 41, read_only=True), Waiting(5, 7, read_only=False)]

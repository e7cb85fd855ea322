"""How fit a program is to be run by the daemon."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mountd.core.config.facts import Program
from mountd.system import configfiles, mounts

ME = os.getuid()
LOCAL = "1 0 8:1 / / rw - ext4 /dev/sda rw\n"


def program(path: str, table: Path = mounts.MOUNTINFO) -> Program:
    """As root sees it, whoever runs the tests."""
    return configfiles.program(path, ME, table)


@pytest.fixture
def hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that is fit but for the folder of the tests, which lies in /tmp."""
    monkeypatch.setattr(configfiles, "_parent_faults", lambda *_: [])
    path = tmp_path / "hook"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_fit(hook: Path) -> None:
    assert program(str(hook)) == Program()


def test_a_link_is_followed(hook: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(hook)
    hook.chmod(0o757)
    assert str(hook) in program(str(tmp_path / "link")).refused


@pytest.mark.parametrize(("mode", "who"), [(0o775, "its group"), (0o757, "everybody")])
def test_one_that_others_can_write_is_refused(hook: Path, mode: int, who: str) -> None:
    hook.chmod(mode)
    found = program(str(hook))
    assert found.refused == f"{hook} can be written by {who}"
    assert found.hint == f"run: chmod go-w {hook}"


def test_one_that_is_not_there_is_a_remark(hook: Path) -> None:
    found = program(str(hook) + "s")
    assert (found.refused, found.remark) == ("", f"{hook}s cannot be run: No such file or directory")


def test_one_that_not_everybody_can_run_is_a_remark(hook: Path) -> None:
    hook.chmod(0o744)
    assert program(str(hook)).remark == f"{hook} cannot be run by everybody"


def test_a_folder_is_refused(hook: Path) -> None:
    assert "is not a regular file" in program(str(hook.parent)).refused


def test_nothing_is_asked_of_a_file_system_that_may_not_answer(hook: Path, tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(f"{LOCAL}2 1 0:50 / {tmp_path} rw - fuse.mount-s3 s3://bucket rw\n")
    found = program(str(tmp_path / "not-even-there"), table=table)
    assert "may fail to answer" in found.refused
    table.write_text(LOCAL)
    assert "No such file" in program(str(tmp_path / "not-even-there"), table=table).remark


def test_a_folder_that_everybody_can_write_is_a_fault_and_one_of_a_group_is_not(tmp_path: Path) -> None:
    """Debian gives /usr/local to the group staff on machines that were upgraded from older releases."""
    hook = tmp_path / "hook"
    hook.write_text("")
    hook.chmod(0o755)
    tmp_path.chmod(0o775)
    assert str(tmp_path) not in program(str(hook)).refused
    tmp_path.chmod(0o777)
    assert program(str(hook)).refused == f"{tmp_path} can be written by everybody"

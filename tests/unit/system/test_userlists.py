"""The lists of users as files: read when only root can have written them, replaced whole. Needs root."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from mountd.system import userlists
from mountd.words.errors import MountdError


@pytest.fixture
def folder() -> Path:
    """Below folders of root's alone; a list's parents must be so."""
    made = Path("/run/s3mountd-test-users")
    made.mkdir(mode=0o755, exist_ok=True)
    for one in made.iterdir():
        one.unlink()
    return made


def put(folder: Path, login: str, text: str) -> Path:
    one = userlists.of(folder, login)
    userlists.write(replace(one, source=replace(one.source, text=text)))
    return folder / f"{login}.toml"


def test_what_is_written_is_read_and_roots(folder: Path) -> None:
    path = put(folder, "rob", "x = 1\n")
    assert (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (0, 0o644)
    lists, problems = userlists.collect(folder)
    assert ([(one.login, one.source.text) for one in lists], problems) == ([("rob", "x = 1\n")], [])
    assert os.listdir(folder) == ["rob.toml"]


def test_a_list_with_nothing_on_it_is_no_file(folder: Path) -> None:
    path = put(folder, "rob", "x = 1\n")
    put(folder, "rob", "\n")
    assert not path.exists()
    put(folder, "rob", "")
    assert userlists.of(folder, "rob").source.text == ""
    assert userlists.collect(folder / "no-such") == ([], [])


def test_a_list_that_others_can_write_is_told_and_does_not_count(folder: Path) -> None:
    put(folder, "eve", "y = 1\n")
    path = put(folder, "rob", "x = 1\n")
    os.chown(path, 65534, 0)
    lists, problems = userlists.collect(folder)
    assert [one.login for one in lists] == ["eve"]
    assert "belongs to nobody" in str(problems[0])
    with pytest.raises(MountdError, match="belongs to nobody"):
        userlists.of(folder, "rob")
    assert userlists.of(folder, "eve").source.text == "y = 1\n"


def test_a_number_that_nobody_has() -> None:
    assert userlists.login_of(0) == "root"
    assert userlists.login_of(4_000_000_001) == ""

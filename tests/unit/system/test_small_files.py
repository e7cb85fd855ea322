"""Small files: replaced whole, or left as they are."""

from pathlib import Path

import pytest

from mountd.system.small_files import read_json, write_json


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "held.json"
    assert write_json(path, ["one"])
    assert read_json(path) == ["one"]


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A file beside which nothing can be written: as on a full or read-only disk, the write fails midway."""
    path = tmp_path / "held.json"
    write_json(path, ["one"])
    (tmp_path / "held.json.new").symlink_to("/dev/full")
    return path


def test_what_the_disk_does_not_take_leaves_the_file_as_it_was(full: Path) -> None:
    assert not write_json(full, ["two"])
    assert read_json(full) == ["one"]
    assert [path.name for path in full.parent.iterdir()] == ["held.json"]


def test_what_cannot_be_read_is_none(tmp_path: Path) -> None:
    (tmp_path / "torn.json").write_text('["one')
    assert (read_json(tmp_path / "torn.json"), read_json(tmp_path / "none.json")) == (None, None)

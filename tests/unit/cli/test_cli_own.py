"""Mounts of the caller's own at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mountd.cli import own
from mountd.words import paths


@pytest.mark.parametrize(("keys", "kept"), [
    ({"name": "data", "bucket": "b"}, {"name": "data", "bucket": "b"}),
    ({"name": "rob.data"}, {"name": "data"}),
    ({"name": "my.data"}, {"name": "my-data"}),
    ({"name": "d", "credentials": {"user": "rob"}}, {"name": "d"}),
    ({"name": "d", "credentials": {"user": "rob", "profile": "lab"}}, {"name": "d", "credentials": {"profile": "lab"}}),
    ({"name": "d", "credentials": {"user": "eve"}}, {"name": "d", "credentials": {"user": "eve"}}),
    ({"name": "d", "credentials": "x"}, {"name": "d", "credentials": "x"}),
])
def test_what_follows_from_whose_it_is_is_not_said(keys: dict[str, object], kept: dict[str, object]) -> None:
    assert own._of(keys, "rob") == kept


def test_a_name_of_somebody_with_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "USERS", tmp_path)
    (tmp_path / "rob.toml").touch()
    assert [own.is_listed(name) for name in ("rob.data", "eve.data", "data", "../rob.data", "")] == [
        True, False, False, False, False]

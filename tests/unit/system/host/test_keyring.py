"""The keys for a question of the command line: in descriptors, and nowhere else. Needs root."""

from __future__ import annotations

import os
import pwd
import threading
from pathlib import Path
from typing import Any

import pytest

from mountd.system.host import keyring
from mountd.words import paths
from mountd.words.errors import MountdError

FILES = ("credentials", "config", "ca_bundle")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a user 1001 with keys, beside one of root without."""
    known = {0: pwd.struct_passwd(("root", "x", 0, 0, "", str(tmp_path / "root"), "/bin/sh")),
             1001: pwd.struct_passwd(("rob", "x", 1001, 1001, "", str(tmp_path / "rob"), "/bin/sh"))}
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: known[uid])
    monkeypatch.setattr(paths, "KEYS", tmp_path / "run" / "keys")
    folder = tmp_path / "rob" / ".aws"
    folder.mkdir(parents=True)
    (folder / "credentials").write_text("[default]\nrob")
    for path in (folder, folder / "credentials"):
        os.chown(path, 1001, 1001)
    return tmp_path


def ask(**changed: object) -> tuple[dict[str, Any], dict[str, bytes]]:
    question = {"credentials": {"user": "", "profile": "", "anonymous": False}, "uid": None, "folder": "",
                "name": "one", "ca_bundle": "", "files": FILES, **changed}
    numbers = [os.memfd_create(name) for name in FILES]
    try:
        answer = keyring.keys_of(question, numbers)
        return answer, {name: os.pread(number, 1000, 0) for name, number in zip(FILES, numbers, strict=True)}
    finally:
        for number in numbers:
            os.close(number)


def test_the_callers_own(home: Path) -> None:
    (home / "ca.pem").write_text("CA")
    answer, contents = ask(uid=1001, ca_bundle=str(home / "ca.pem"))
    assert answer == {"source": "rob: ~/.aws, profile default", "files": ["credentials", "ca_bundle"]}
    assert contents == {"credentials": b"[default]\nrob", "config": b"", "ca_bundle": b"CA"}


def test_those_of_the_folders_owner(home: Path) -> None:
    folder = home / "bucket"
    folder.mkdir()
    os.chown(folder, 1001, 1001)
    assert ask(folder=str(folder))[0]["source"].startswith("rob")
    assert ask(folder=str(home / "not there"))[0] == {"source": "", "files": []}


def test_a_folder_that_does_not_answer_leaves_the_copies(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copies = paths.KEYS / "one"
    copies.mkdir(parents=True)
    (copies / "credentials").write_text("copied")
    stuck = threading.Event()
    monkeypatch.setattr(keyring, "_FOLDER_LIMIT", 0.01)

    def hang(_path: str) -> None:
        stuck.wait(10)
        raise OSError

    monkeypatch.setattr(os, "stat", hang)
    try:
        answer, contents = ask(folder="/sick")
    finally:
        stuck.set()
    assert (answer["files"], contents["credentials"]) == (["credentials"], b"copied")


def test_a_ca_bundle_that_is_not_there(home: Path) -> None:
    with pytest.raises(MountdError) as caught:
        ask(uid=1001, ca_bundle=str(home / "none.pem"))
    assert (caught.value.fault.code, "none.pem: No such file" in caught.value.detail) == ("tls-failed", True)


def test_a_profile_that_is_missing(home: Path) -> None:
    with pytest.raises(MountdError) as caught:
        ask(uid=1001, credentials={"user": "", "profile": "campus", "anonymous": False})
    assert caught.value.fault.code == "profile-missing"

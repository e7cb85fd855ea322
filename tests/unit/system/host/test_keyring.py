"""The keys for a question of the command line: in descriptors, and nowhere else. Needs root."""

from __future__ import annotations

import os
import pwd
import threading
from pathlib import Path
from typing import Any

import pytest

from mountd.core.units.worker import file_name, unit_name
from mountd.system.host import keyring
from mountd.words import paths
from mountd.words.errors import MountdError

FILES = ("credentials", "config", "ca_bundle", "token")
NONE = {"user": "", "profile": "", "anonymous": False}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a user 1001 with keys, beside one of root without."""
    known = {0: pwd.struct_passwd(("root", "x", 0, 0, "", str(tmp_path / "root"), "/bin/sh")),
             1001: pwd.struct_passwd(("rob", "x", 1001, 1001, "", str(tmp_path / "rob"), "/bin/sh"))}
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: known[uid])
    monkeypatch.setattr(pwd, "getpwnam", lambda name: next(one for one in known.values() if one.pw_name == name))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(paths, "KEYS", tmp_path / "run" / "keys")
    folder = tmp_path / "rob" / ".aws"
    folder.mkdir(parents=True)
    (folder / "credentials").write_text("[default]\nrob")
    for path in (folder, folder / "credentials"):
        os.chown(path, 1001, 1001)
    return tmp_path


def ask(**changed: object) -> tuple[dict[str, Any], dict[str, bytes]]:
    question = {"credentials": NONE, "uid": None, "folder": "",
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
    assert answer == {"source": "rob: ~/.aws, profile default", "broker": "", "files": ["credentials", "ca_bundle"]}
    assert contents == {"credentials": b"[default]\nrob", "config": b"", "ca_bundle": b"CA", "token": b""}


def test_those_of_the_folders_owner(home: Path) -> None:
    folder = home / "bucket"
    folder.mkdir()
    os.chown(folder, 1001, 1001)
    assert ask(folder=str(folder))[0]["source"].startswith("rob")
    assert ask(folder=str(home / "not there"))[0] == {"source": "", "broker": "", "files": []}


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


@pytest.fixture
def door(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker, and workers that may ask it."""
    monkeypatch.setattr(paths, "TOKENS", home / "tokens")
    monkeypatch.setattr(paths, "BROKER_PORT", home / "port")
    (home / "port").write_text("4711")
    (home / "tokens").mkdir()
    for name in ("one", "one-two"):
        (home / "tokens" / file_name(unit_name(name, 3))).write_text(f"token of {name}")


@pytest.mark.usefixtures("door")
def test_keys_that_the_broker_has_are_asked_of_it(home: Path) -> None:
    answer, contents = ask(uid=1001, credentials={**NONE, "assume_role": "arn:aws:iam::111122223333:role/lab"})
    assert (answer["broker"], contents["token"]) == (
        f"http://127.0.0.1:4711/{file_name('s3mount-one-3.service')}", b"token of one")
    assert contents["credentials"] == b""
    assert ask(uid=1001, name="")[0]["broker"] == ""


def test_keys_of_a_role_that_nobody_has_now(home: Path) -> None:
    with pytest.raises(MountdError) as caught:
        ask(uid=1001, credentials={**NONE, "assume_role": "arn:aws:iam::111122223333:role/lab"})
    assert (caught.value.fault.code, "has none" in caught.value.detail) == ("no-credentials", True)


def test_a_way_that_only_its_user_can_go_is_gone_as_that_user(home: Path) -> None:
    """The one who asks here is root, whose own profile runs a program, and so does rob's."""
    program = home / "program"
    program.write_text("#!/bin/sh\necho '{\"Version\": 1, \"AccessKeyId\": \"MADE\", \"SecretAccessKey\": \"up\"}'\n")
    program.chmod(0o755)
    for user, uid in (("root", 0), ("rob", 1001)):
        folder = home / user / ".aws"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config").write_text(f"[profile sso]\ncredential_process = {program}\nregion = us-west-2\n")
        os.chown(folder / "config", uid, uid)
    wanted = {**NONE, "profile": "sso"}
    answer, contents = ask(uid=0, credentials={**wanted, "user": "0"})
    assert answer["source"] == "root: ~/.aws, profile sso"
    assert contents["credentials"] == (b"[sso]\naws_access_key_id = MADE\naws_secret_access_key = up\n"
                                       b"region = us-west-2\n")
    _, contents = ask(uid=1001, credentials=wanted)
    assert contents["credentials"] == b"[default]\nrob"


def test_a_ca_bundle_that_is_not_there(home: Path) -> None:
    with pytest.raises(MountdError) as caught:
        ask(uid=1001, ca_bundle=str(home / "none.pem"))
    assert (caught.value.fault.code, "none.pem: No such file" in caught.value.detail) == ("tls-failed", True)


def test_a_profile_that_is_missing(home: Path) -> None:
    with pytest.raises(MountdError) as caught:
        ask(uid=1001, credentials={**NONE, "profile": "campus"})
    assert caught.value.fault.code == "profile-missing"

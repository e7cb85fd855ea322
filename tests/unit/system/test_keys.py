"""Whose AWS files a mount uses, and what is copied of them. Needs root."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import pytest

from mountd.core.units.worker import KeyFiles
from mountd.system import keys
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.model import Credentials

USERS = {"root": 0, "rob": 1001, "eve": 1002}


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three users whose homes lie in a folder for this test."""
    known = {name: pwd.struct_passwd((name, "x", uid, uid, "", str(tmp_path / name), "/bin/sh"))
             for name, uid in USERS.items()}
    by_uid = {one.pw_uid: one for one in known.values()}
    monkeypatch.setattr(pwd, "getpwnam", lambda name: known[name])
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: by_uid[uid])
    monkeypatch.setattr(paths, "KEYS", tmp_path / "run" / "keys")
    for name, uid in USERS.items():
        (tmp_path / name / ".aws").mkdir(parents=True)
        os.chown(tmp_path / name / ".aws", uid, uid)
    return tmp_path


def give(homes: Path, user: str, text: str, name: str = "credentials", owner: str = "") -> Path:
    path = homes / user / ".aws" / name
    path.write_text(text)
    os.chown(path, USERS[owner or user], 0)
    return path


def refused(wanted: Credentials, uid: int) -> tuple[str, str]:
    with pytest.raises(MountdError) as caught:
        keys.find("one", wanted, uid)
    return caught.value.fault.code, caught.value.detail


def test_without_a_name_the_folders_owner_comes_first_then_root_then_the_role(homes: Path) -> None:
    assert keys.find("one", Credentials(), 1001) == KeyFiles()
    give(homes, "root", "[default]\nroot")
    assert keys.find("one", Credentials(), 1001).source == "root: ~/.aws, profile default"
    give(homes, "rob", "[default]\nrob")
    found = keys.find("one", Credentials(), 1001)
    assert found == KeyFiles(str(paths.KEYS / "one" / "credentials"), "", "rob: ~/.aws, profile default",
                             user="rob", home=str(homes / "rob"))
    assert Path(found.credentials).read_text() == "[default]\nrob"


def test_only_root_can_read_the_copies(homes: Path) -> None:
    give(homes, "rob", "[default]")
    give(homes, "rob", "[profile x]", "config")
    found = keys.find("a/b c", Credentials(), 1001)
    for copy in (Path(found.credentials), Path(found.config)):
        assert (copy.stat().st_uid, stat.S_IMODE(copy.stat().st_mode)) == (0, 0o600)
        assert (copy.parent.stat().st_uid, stat.S_IMODE(copy.parent.stat().st_mode)) == (0, 0o700)
    keys.forget("a/b c")
    assert list(paths.KEYS.iterdir()) == []


def test_a_copy_is_renewed_whole(homes: Path) -> None:
    give(homes, "rob", "[default]")
    config = give(homes, "rob", "[profile x]", "config")
    assert keys.find("one", Credentials(), 1001).config
    config.unlink()
    give(homes, "rob", "[default]\nnew")
    found = keys.find("one", Credentials(), 1001)
    assert found.config == ""
    assert sorted(os.listdir(paths.KEYS / "one")) == ["credentials", "digest"]
    assert Path(found.credentials).read_text() == "[default]\nnew"


def test_a_copy_that_is_the_same_is_not_written_again(homes: Path) -> None:
    give(homes, "rob", "[default]")
    copy = Path(keys.find("one", Credentials(), 1001).credentials)
    before = copy.stat().st_ino
    keys.find("one", Credentials(), 1001)
    assert copy.stat().st_ino == before
    assert sorted(os.listdir(copy.parent)) == ["credentials", "digest"]


def test_anonymous_asks_nobody(homes: Path) -> None:
    give(homes, "rob", "[default]")
    assert keys.find("one", Credentials(anonymous=True), 1001) == KeyFiles(source="anonymous")


def test_a_named_user_is_the_only_one_that_counts(homes: Path) -> None:
    give(homes, "root", "[default]")
    give(homes, "rob", "[default]\nrob")
    for user in ("rob", "1001"):
        assert Path(keys.find("one", Credentials(user=user), 1002).credentials).read_text() == "[default]\nrob"
    assert refused(Credentials(user="eve"), 1001) == ("no-credentials", "eve has no ~/.aws/credentials")
    assert refused(Credentials(user="nix"), 1001) == ("no-credentials", "there is no user nix")


@pytest.mark.parametrize(("name", "head"), [("credentials", "[kopah]"), ("config", "[profile kopah]")])
def test_a_profile_stands_in_either_file(homes: Path, name: str, head: str) -> None:
    give(homes, "rob", "[default]")
    assert refused(Credentials(profile="kopah", user="rob"), 0) == (
        "profile-missing", "rob: ~/.aws, profile kopah")
    give(homes, "rob", f"[default]\n{head}\n", name)
    assert keys.find("one", Credentials(profile="kopah", user="rob"), 0).source == "rob: ~/.aws, profile kopah"


def test_a_link_to_somebody_elses_keys_is_not_followed(homes: Path) -> None:
    secret = give(homes, "root", "[default]\nsecret of root")
    (homes / "eve" / ".aws" / "credentials").symlink_to(secret)
    code, detail = refused(Credentials(), 1002)
    assert code == "no-credentials"
    assert detail.startswith(str(homes / "eve" / ".aws" / "credentials"))
    assert not paths.KEYS.exists()


def test_a_hard_link_to_somebody_elses_keys_is_not_read(homes: Path) -> None:
    secret = give(homes, "rob", "[default]\nsecret of rob")
    os.link(secret, homes / "eve" / ".aws" / "credentials")
    assert refused(Credentials(), 1002)[0] == "no-credentials"


def test_a_folder_linked_to_somebody_elses_keys_is_not_read(homes: Path) -> None:
    give(homes, "rob", "[default]\nsecret of rob")
    (homes / "eve" / ".aws").rmdir()
    (homes / "eve" / ".aws").symlink_to(homes / "rob" / ".aws")
    assert refused(Credentials(), 1002)[0] == "no-credentials"


def test_a_folder_linked_to_roots_keys_is_not_read(homes: Path) -> None:
    give(homes, "root", "[default]\nsecret of root")
    (homes / "eve" / ".aws").rmdir()
    (homes / "eve" / ".aws").symlink_to(homes / "root" / ".aws")
    assert refused(Credentials(), 1002)[0] == "no-credentials"


@pytest.mark.parametrize("kind", ["fifo", "folder"])
def test_what_is_no_file_is_refused_and_does_not_hang(homes: Path, kind: str) -> None:
    path = homes / "rob" / ".aws" / "credentials"
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    assert refused(Credentials(), 1001)[0] == "no-credentials"


def test_copies_are_opened_for_who_asks_s3(homes: Path) -> None:
    assert keys.opened("one") == {}
    give(homes, "rob", "[default]\nrob")
    bundle = homes / "ca.pem"
    bundle.write_text("a CA")
    keys.find("one", Credentials(), 1001)
    keys.keep_ca("one", str(bundle))
    found = keys.opened("one")
    assert {name: os.pread(number, 99, 0) for name, number in found.items()} == {
        "credentials": b"[default]\nrob", "ca_bundle": b"a CA"}
    for number in found.values():
        os.close(number)


def test_who_has_a_copy_open_keeps_it_whole_while_it_is_renewed(homes: Path) -> None:
    give(homes, "rob", "[default]\nold")
    keys.find("one", Credentials(), 1001)
    number = keys.opened("one")["credentials"]
    give(homes, "rob", "new")
    keys.find("one", Credentials(), 1001)
    assert os.pread(number, 99, 0) == b"[default]\nold"
    os.close(number)


@pytest.mark.parametrize("wanted", [Credentials(anonymous=True), Credentials()], ids=["anonymous", "role"])
def test_keys_that_are_used_no_more_are_not_kept(homes: Path, wanted: Credentials) -> None:
    path = give(homes, "rob", "[default]")
    keys.find("one", Credentials(), 1001)
    path.unlink()
    keys.find("one", wanted, 1001)
    assert keys.opened("one") == {}


def test_a_ca_bundle_that_is_dropped_is_forgotten(homes: Path) -> None:
    (homes / "ca.pem").write_text("a CA")
    keys.keep_ca("one", str(homes / "ca.pem"))
    keys.keep_ca("one", "")
    assert keys.opened("one") == {}


S3CFG = """[default]
access_key = AK1
secret_key = s%c/r+t
host_base = evil.example
[lab]
access_key = AK2
secret_key = x
"""


def s3cfg(homes: Path, user: str, owner: str = "") -> Path:
    path = homes / user / ".s3cfg"
    path.write_text(S3CFG)
    os.chown(path, USERS[owner or user], 0)
    os.chown(path.parent, USERS[user], 0)
    return path


def test_only_the_keys_of_an_s3cfg_are_taken(homes: Path) -> None:
    path = s3cfg(homes, "rob")
    found = keys.find("one", Credentials(s3cfg=str(path)), 0)
    assert Path(found.credentials).read_text() == (
        "[default]\naws_access_key_id = AK1\naws_secret_access_key = s%c/r+t\n")
    assert (found.source, found.config) == (f"{path}, section default", "")
    assert "AK2" in Path(keys.find("one", Credentials(s3cfg=str(path), section="lab"), 0).credentials).read_text()
    assert refused(Credentials(s3cfg=str(path), section="x"), 0) == ("profile-missing", f"{path}, section x")


@pytest.mark.parametrize("lead", ["file", "hard link", "folder"])
def test_an_s3cfg_that_leads_to_somebody_elses_is_refused(homes: Path, lead: str) -> None:
    theirs = s3cfg(homes, "rob")
    mine = homes / "eve" / ".s3cfg"
    os.chown(mine.parent, USERS["eve"], 0)
    if lead == "file":
        mine.symlink_to(theirs)
    elif lead == "hard link":
        os.link(theirs, mine)
    else:
        (homes / "eve" / "x").symlink_to(homes / "rob")
        mine = homes / "eve" / "x" / ".s3cfg"
    code, detail = refused(Credentials(s3cfg=str(mine)), 0)
    assert (code, detail.startswith(str(mine))) == ("no-credentials", True)
    assert not paths.KEYS.exists()


def test_a_broken_s3cfg_is_told_without_its_content(homes: Path) -> None:
    path = s3cfg(homes, "rob")
    path.write_text("hunter2\n")
    assert refused(Credentials(s3cfg=str(path)), 0) == ("no-credentials", f"{path}: it is no ini file (line 1)")
    path.unlink()
    assert refused(Credentials(s3cfg=str(path)), 0) == ("no-credentials", f"{path}: No such file or directory")


def test_a_credential_of_systemds_is_found_by_its_name_and_left_to_systemd(
        homes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_STORES", (homes,))
    assert refused(Credentials(systemd_credential="lab"), 0) == ("secret-missing", "lab")
    (homes / "lab").write_text("[default]\nkeys")
    assert keys.find("one", Credentials(systemd_credential="lab"), 0) == KeyFiles(
        source="systemd credential lab", credential="lab")
    assert (paths.KEYS / "one" / "credentials").read_text() == "[default]\nkeys", "for who asks the store"


def test_keys_by_which_a_mount_serves_are_kept_until_others_are_tried(homes: Path) -> None:
    give(homes, "rob", "[default]\nold")
    old = keys.find("one", Credentials(), 1001)
    give(homes, "rob", "[default]\nnew")
    kept = keys.find("one", Credentials(), 1001, old.digest)
    assert (kept, kept.digest, Path(kept.credentials).read_text()) == (old, old.digest, "[default]\nold")
    assert keys.look(Credentials(), 1001).digest != old.digest
    new = keys.find("one", Credentials(), 1001)
    assert Path(new.credentials).read_text() == "[default]\nnew"
    assert keys.find("one", Credentials(), 1001, old.digest).digest == new.digest, "there is nothing left to be kept"


OWN = Credentials(user="rob", own=True)


def test_a_users_own_mount_takes_files_of_that_user_alone(homes: Path) -> None:
    give(homes, "rob", "[default]\nroots", owner="root")
    assert keys.find("one", Credentials(user="rob"), 1001).credentials
    assert refused(OWN, 1001)[0] == "no-credentials"
    give(homes, "rob", "[default]\nrobs")
    assert Path(keys.find("one", OWN, 1001).credentials).read_text() == "[default]\nrobs"


def test_a_users_own_mount_never_falls_back_to_root_or_the_role(homes: Path) -> None:
    give(homes, "root", "[default]\nroot")
    assert refused(OWN, 1001)[0] == "no-credentials"


@pytest.mark.parametrize("owner", ["root", "eve"])
def test_keys_of_s3cmd_must_be_the_users_own(homes: Path, owner: str) -> None:
    path = homes / "rob" / "there" / "s3cfg"
    path.parent.mkdir()
    path.write_text("[default]\naccess_key = A\nsecret_key = S\n")
    os.chown(path.parent, USERS[owner], 0)
    os.chown(path, USERS[owner], 0)
    wanted = Credentials(user="rob", own=True, s3cfg=str(path))
    assert refused(wanted, 1001)[0] == "no-credentials"
    os.chown(path, USERS["rob"], 0)
    assert keys.find("one", wanted, 1001).credentials


def test_a_user_who_is_gone_has_no_keys(homes: Path) -> None:
    assert refused(Credentials(user="gone", own=True, s3cfg="/x"), 1001)[0] == "no-credentials"

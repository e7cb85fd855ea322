"""Checks of the machine, on a machine that is made up of files."""

from __future__ import annotations

import errno
import os
import pwd
from pathlib import Path

import pytest

from mountd.core.findings import Finding, Level
from mountd.system import mounts
from mountd.system.host import folders, host, network, secrets
from mountd.system.host.asked import Asked, Wanted
from mountd.system.host.checks import CHECKS, check, names
from mountd.words import paths

ONE = Asked((Wanted("data", "/home/rob/data", "https://s3.example.org"),), 1001)
TABLE = ("22 1 0:21 / / rw {root} - ext4 /dev/sda rw\n"
         "23 22 0:22 / /home/rob rw {home} - ext4 /dev/sdb rw\n"
         "24 23 0:50 / /home/rob/data rw shared:9 - fuse.mount-s3 s3://b rw\n")
KEY = "[default]\naws_access_key_id = AKIAABCDEFGHIJKLMNOP\naws_secret_access_key = 0123456789abcdefghij\n"


def level(found: Finding) -> Level:
    return found.level


@pytest.mark.parametrize(("root", "home", "expected"), [
    ("shared:1", "shared:2", Level.OK), ("", "shared:2", Level.OK), ("shared:1", "", Level.WARNING),
    ("shared:1", "master:1", Level.WARNING)])
def test_a_private_parent_is_found_whatever_lies_on_the_folder(tmp_path: Path, root: str, home: str,
                                                               expected: Level) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(TABLE.format(root=root, home=home).replace("  ", " "))
    (found,) = folders.propagation(ONE, table)
    assert found.level is expected
    assert ("/home/rob" in found.fix) is (expected is Level.WARNING)


@pytest.mark.parametrize(("text", "expected"), [
    (None, Level.OK), ('PRUNEFS="NFS nfs fuse.mount-s3"\n', Level.OK), ('PRUNEFS="NFS nfs"\n', Level.WARNING),
    ('PRUNEPATHS="/tmp /home"\n', Level.OK), ('# PRUNEFS="fuse.mount-s3"\n', Level.WARNING)])
def test_updatedb(tmp_path: Path, text: str | None, expected: Level) -> None:
    file = tmp_path / "updatedb.conf"
    if text is not None:
        file.write_text(text)
    assert [one.level for one in folders.updatedb(ONE, file)] == [expected]


@pytest.mark.parametrize(("release", "expected", "word"), [
    ("4.19.0-27-amd64", Level.BAD, "fsopen"), ("6.1.0-13-amd64", Level.OK, "guard"),
    ("6.12.6+deb13-amd64", Level.OK, "beneath")])
def test_kernels(release: str, expected: Level, word: str) -> None:
    (found,) = host.kernel(ONE, release)
    assert (found.level, word in found.text) == (expected, True)


def test_a_worker_that_is_missing_old_or_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "mount-s3"
    monkeypatch.setattr(paths, "WORKERS", (str(program),))
    (found,) = host.worker(ONE)
    assert (found.level, found.text) == (Level.BAD, "not installed")
    assert "mount-s3.deb{,.asc}" in found.fix
    assert all(len(line) <= 71 for line in found.fix.splitlines())
    for script, expected in (("echo mount-s3 1.24.0", Level.OK), ("echo mount-s3 1.2.0", Level.BAD),
                             ("exit 1", Level.BAD), ("sleep 60", Level.BAD)):
        monkeypatch.setattr(host, "_RUN_LIMIT", 0.3)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        assert [one.level for one in host.worker(ONE)] == [expected], script


def test_tables_that_are_nearly_full(tmp_path: Path) -> None:
    (tmp_path / "sys/fs").mkdir(parents=True)
    (tmp_path / "self").mkdir()
    (tmp_path / "self/mountinfo").write_text("one\n")
    (tmp_path / "sys/fs/mount-max").write_text("100000\n")
    for used, expected in ((50, Level.OK), (95, Level.WARNING)):
        (tmp_path / "sys/fs/file-nr").write_text(f"{used}\t0\t100\n")
        assert [one.level for one in host.limits(ONE, tmp_path)] == [expected]


@pytest.mark.parametrize(("uid", "level", "text"), [
    (0, Level.BAD, "cannot be opened: Permission denied"), (1000, Level.SKIPPED, "s3mountd does so as root")])
def test_fuse_that_is_not_for_everybody(monkeypatch: pytest.MonkeyPatch, uid: int, level: Level, text: str) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    found, = host.fuse(ONE)
    assert found.level is level
    assert text in found.text


@pytest.mark.parametrize(("mounted", "hide", "code", "detail"), [
    ("", False, "folder-not-empty", "it holds a, b, c"), ("", True, "", ""),
    ("fuse.rclone campus:data", False, "foreign-mount", "fuse.rclone campus:data"),
    ("fuse.mount-s3 s3://b", False, "", "")])
def test_a_folder_that_cannot_be_mounted_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mounted: str, hide: bool,
                                            code: str, detail: str) -> None:
    table, folder = tmp_path / "mountinfo", tmp_path / "folder"
    table.write_text("22 1 0:21 / / rw - ext4 /dev/sda rw\n"
                     + f"24 22 0:50 / {folder} rw - {mounted} rw\n" * bool(mounted))
    monkeypatch.setattr(mounts, "MOUNTINFO", table)
    folder.mkdir()
    for name in "dcba":
        (folder / name).touch()
    assert folders.fit({"folder": str(folder), "hide": hide}, ()) == {"code": code, "detail": detail}


@pytest.mark.parametrize(("name", "uid", "code", "detail"), [
    ("file", 0, "folder-unusable", "it is not a folder"), ("new", 0, "", ""),
    ("file/x", 0, "folder-unusable", "Not a directory"), ("file/x", 1000, "", "")])
def test_a_folder_that_is_none_or_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, uid: int,
                                               code: str, detail: str) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert folders.fit({"folder": str(tmp_path / name), "hide": False}, ()) == {"code": code, "detail": detail}


def test_a_machine_without_a_name_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "_RESOLV", tmp_path / "resolv.conf")
    numbers = Asked((Wanted("one", "/srv/one", "http://127.0.0.1:9000"),))
    assert [one.level for one in network.resolver(ONE)] == [Level.WARNING]
    assert [one.level for one in network.resolver(numbers)] == [Level.SKIPPED]
    (tmp_path / "resolv.conf").write_text("search x\nnameserver 192.0.2.1\n")
    assert [one.level for one in network.resolver(ONE)] == [Level.OK]


def test_a_proxy_that_workers_do_not_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "environment"
    monkeypatch.setattr(network, "_SETTINGS", (file,))
    monkeypatch.setattr(network, "_MORE_SETTINGS", (tmp_path,))
    assert [one.level for one in network.proxy(ONE)] == [Level.OK]
    file.write_text("HTTPS_PROXY=http://proxy:3128\n")
    assert [one.level for one in network.proxy(ONE)] == [Level.WARNING]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only home that there is, with keys that only their owner can read."""
    rob = tmp_path / "home" / "rob"
    (rob / ".aws").mkdir(parents=True)
    credentials = rob / ".aws" / "credentials"
    credentials.write_text(KEY)
    credentials.chmod(0o600)
    monkeypatch.setattr(pwd, "getpwall", lambda: [pwd.struct_passwd(("rob", "x", 1001, 1001, "", str(rob), "/bin/sh"))])
    monkeypatch.setattr(secrets, "_SYSTEM", ())
    monkeypatch.setattr(paths, "CONFIG", tmp_path / "mounts.toml")
    monkeypatch.setattr(paths, "DROPINS", tmp_path / "mounts.d")
    return rob


def test_keys_that_lie_well(home: Path) -> None:
    assert [one.level for one in secrets.files(ONE)] == [Level.OK]


def test_keys_that_others_can_read(home: Path) -> None:
    (home / ".aws" / "credentials").chmod(0o644)
    (found,) = secrets.files(ONE)
    assert (found.level, found.fix) == (Level.WARNING, f"chmod 600 {home}/.aws/credentials")
    (home / ".aws" / "credentials").write_text("[profile x]\nregion = us-west-2\n")
    assert [one.level for one in secrets.files(ONE)] == [Level.OK]


def test_the_s3cfg_of_a_mount_is_looked_at_too(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "campus.s3cfg"
    file.write_text("[default]\nsecret_key = 0123456789abcdefghij\n")
    file.chmod(0o640)
    (found,) = secrets.files(Asked((Wanted("data", "/srv/data", s3cfg=str(file)),), 1001))
    assert (found.level, found.fix) == (Level.WARNING, f"chmod 600 {file}")


def test_keys_in_a_git_work_tree_also_by_a_link(home: Path, tmp_path: Path) -> None:
    dotfiles = tmp_path / "dotfiles"
    (dotfiles / ".git").mkdir(parents=True)
    (home / ".aws" / "credentials").rename(dotfiles / "credentials")
    (home / ".aws" / "credentials").symlink_to(dotfiles / "credentials")
    (found,) = secrets.files(ONE)
    assert (found.level, str(dotfiles) in found.text) == (Level.WARNING, True)


def test_keys_in_shell_settings_are_named_by_their_line_and_never_shown(home: Path) -> None:
    assert [one.level for one in secrets.strays(ONE) if "profile.d" not in one.text] == [Level.OK]
    (home / ".bashrc").write_text("alias l=ls\nexport AWS_SECRET_ACCESS_KEY=abcdefghijklmnop\n")
    (found,) = secrets.strays(ONE)
    assert (found.level, f"{home}/.bashrc:2" in found.text) == (Level.WARNING, True)
    assert "abcdefghijklmnop" not in str(found)


def test_every_check_is_asked_by_its_name() -> None:
    assert names({}, ())["names"] == list(CHECKS)
    said = check({"name": "kernel", "mounts": [], "uid": 0}, ())
    assert [one["name"] for one in said["findings"]] == ["kernel"]

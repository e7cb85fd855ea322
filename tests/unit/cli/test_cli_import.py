"""``s3mountctl import`` as a person meets it, and mount-s3 found where it runs."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mountd.cli import caller, kind, running
from mountd.cli.main import main
from mountd.words import paths
from mountd.words.errors import MountdError


@contextmanager
def as_mount_s3(folder: Path, *words: str, **variables: str) -> Iterator[int]:
    """A process that looks like ``mount-s3 -f WORDS``, and runs until the end: tail follows what it is told to."""
    # A file for it to follow, with a bucket's name.
    (folder / "bucket-one").touch()
    with subprocess.Popen(["mount-s3", "-f", *words], executable="/usr/bin/tail", cwd=folder, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, env={**os.environ, **variables}) as process:
        try:
            # Popen returns when exec has closed its pipe, a moment before the kernel shows the new words.
            while not Path(f"/proc/{process.pid}/environ").read_bytes():
                time.sleep(0.001)
            yield process.pid
        finally:
            process.kill()


def test_a_running_mount_s3_is_found_with_its_environment(tmp_path: Path) -> None:
    with as_mount_s3(tmp_path, "bucket-one", "/sys", AWS_PROFILE="lab", AWS_SECRET_ACCESS_KEY="planted") as pid:
        found = running.by_hand()
    one, = [each for each in found.proposals if each.where == f"process {pid}"]
    assert one.label == "/sys"
    credentials = one.keys["credentials"]
    assert isinstance(credentials, dict)
    assert credentials["profile"] == "lab"
    assert {key: one.keys[key] for key in ("bucket", "folder", "dir_mode")} == {
        "bucket": "bucket-one", "folder": "/sys", "dir_mode": "0700"}
    assert "planted" not in str(found)


def test_one_that_was_unmounted_and_workers_of_ours_are_none(tmp_path: Path) -> None:
    with as_mount_s3(tmp_path, "bucket-one", str(tmp_path)) as pid:
        found = running.by_hand()
    assert [one for one in found.proposals if one.where == f"process {pid}"] == []
    assert f"process {pid}: nothing is mounted on {tmp_path} any more" in map(str, found.remarks)
    with as_mount_s3(tmp_path, "bucket-one", "/dev/fd/0") as pid:
        assert f"process {pid}" not in str(running.by_hand())


def test_a_folder_named_from_where_it_was_started(tmp_path: Path) -> None:
    with as_mount_s3(tmp_path, "bucket-one", os.path.relpath("/sys", tmp_path.resolve())):
        assert "/sys" in [one.label for one in running.by_hand().proposals]


def test_the_users_of_a_mount_are_named(tmp_path: Path) -> None:
    with open("/sys/power/state", encoding="ascii") if Path("/sys/power/state").exists() else open(
            "/sys/kernel/mm/transparent_hugepage/enabled", encoding="ascii"):
        assert any(f"({os.getpid()})" in user for user in running.users("/sys"))
    assert running.mount_id("/sys") > 0
    assert running.mount_id(str(tmp_path)) == 0


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A table of mounts in fstab's form, and no configuration."""
    monkeypatch.setattr(paths, "CONFIG", tmp_path / "mounts.toml")
    monkeypatch.setattr(paths, "DROPINS", tmp_path / "mounts.d")
    file = tmp_path / "fstab"
    file.write_text("s3://bucket-one /mnt/one mount-s3 allow-other 0 0\n"
                    "bucket-two /mnt/two fuse.s3fs url=https://s3.test,frob\x1b[2J 0 0\n")
    return str(file)


def test_what_would_be_written_is_shown_and_nothing_is_written(
        table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "fstab", table, "--dry-run", "--provider", "ceph"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"# {paths.DROPINS}/fstab.toml\n[[mount]]\nname = \"one\"\n")
    assert 'provider = "ceph"' in said.out
    assert "\x1b" not in said.err
    assert all(len(line) <= 80 for line in said.err.splitlines() if line.startswith(("note:", "      ")))
    assert not paths.DROPINS.exists()


def test_for_a_machine(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "fstab", table, "--dry-run", "--json", "--only", "/mnt/one"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["file"] == f"{paths.DROPINS}/one.toml"
    assert document["mounts"] == [{"name": "one", "bucket": "bucket-one", "folder": "/mnt/one"}]
    assert [remark["where"] for remark in document["remarks"]] == ["line 1"]


@pytest.mark.parametrize(("words", "says"), [
    (["fstb"], "did you mean 'fstab'?"),
    (["fstab", "--provider", "cepf"], "did you mean 'ceph'?"),
    (["fstab", "/nonexistent"], "/nonexistent cannot be read"),
    (["rclone", "/etc/hostname"], "/etc/hostname is not what rclone writes"),
    (["fstab", "/dev/null"], "there is nothing to import"),
])
@pytest.mark.usefixtures("table")
def test_what_cannot_be_is_said(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", *words]) in {0, 64}
    assert says in capsys.readouterr().err


def test_a_file_that_would_be_refused_is_not_written(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(table).write_text("s3://bucket-one /etc mount-s3 allow-other 0 0\n")
    assert main(["import", "fstab", table]) == 64
    assert '"/etc" belongs to the system' in capsys.readouterr().err
    assert not paths.DROPINS.exists()


def test_the_usual_file_is_that_of_whoever_called_sudo(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / ".s3cfg").write_text("[default]\nhost_base = s3.kopah.uw.edu\naccess_key = A\nsecret_key = B\n")
    monkeypatch.setattr(caller, "home", lambda: str(tmp_path))
    monkeypatch.setenv("HOME", "/root")
    assert main(["import", "s3cfg", "--bucket", "b-1", "--folder", "/mnt/b", "--provider", "ceph", "--dry-run"]) == 0
    assert f'credentials = {{ s3cfg = "{tmp_path}/.s3cfg" }}' in capsys.readouterr().out


@pytest.mark.parametrize(("uid", "sudo", "wanted"), [(0, "1000", 1000), (0, "", 0), (1000, "1001", 1000)])
def test_who_is_at_the_keyboard(monkeypatch: pytest.MonkeyPatch, uid: int, sudo: str, wanted: int) -> None:
    monkeypatch.setenv("SUDO_UID", sudo)
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert caller.uid() == wanted


def test_a_store_says_what_it_is_and_one_that_is_away_does_not(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def asked(_console: object, keys: dict[str, object]) -> str:
        if "away" in str(keys["endpoint_url"]):
            raise MountdError("connection-refused")
        return "ceph"

    monkeypatch.setattr(kind, "asked", asked)
    line = "s3fs#{name} /mnt/{name} fuse url=https://s3.{name}.test,use_path_request_style 0 0\n"
    (tmp_path / "fstab").write_text(line.format(name="campus") + line.format(name="away"))
    assert main(["import", "fstab", str(tmp_path / "fstab"), "--dry-run"]) == 0
    written = capsys.readouterr().out
    assert 'provider = "ceph"\nendpoint_url = "https://s3.campus.test"' in written
    assert 'provider = "other"\nendpoint_url = "https://s3.away.test"' in written

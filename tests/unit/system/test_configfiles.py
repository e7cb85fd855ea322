"""Which files are read, who may have written them, and what the host says."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from mountd.system import configfiles
from mountd.words.model import Problem

ME = os.getuid()


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """A configuration's folder of which nobody else can write any part."""
    folder = tmp_path / "s3mountd"
    (folder / "mounts.d").mkdir(parents=True, mode=0o755)
    folder.chmod(0o755)
    return folder


def write(path: Path, text: str, mode: int = 0o644) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def collect(etc: Path, owner: int = ME) -> tuple[list[tuple[str, str]], list[Problem]]:
    sources, problems = configfiles.collect(etc / "mounts.toml", etc / "mounts.d", owner)
    return [(Path(source.path).name, source.text) for source in sources], problems


def test_no_file_is_an_empty_one(etc: Path) -> None:
    (etc / "mounts.d").rmdir()
    assert collect(etc) == ([("mounts.toml", "")], [])


def test_drop_ins_follow_by_name(etc: Path) -> None:
    write(etc / "mounts.d" / "20.toml", "b")
    write(etc / "mounts.d" / "10.toml", "a")
    for other in ("30.toml~", ".hidden.toml", "readme"):
        write(etc / "mounts.d" / other, "nonsense")
    assert collect(etc) == ([("mounts.toml", ""), ("10.toml", "a"), ("20.toml", "b")], [])
    write(etc / "mounts.toml", "main")
    assert collect(etc)[0][0] == ("mounts.toml", "main")


@pytest.mark.parametrize(("mode", "who"), [(0o664, "its group"), (0o646, "everybody"), (0o666, "everybody")])
def test_files_that_others_can_write_are_refused(etc: Path, mode: int, who: str) -> None:
    path = write(etc / "mounts.toml", "x", mode)
    read, problems = collect(etc)
    assert read == []
    assert [str(problem) for problem in problems] == [f"{path}: can be written by {who} (run: chmod go-w {path})"]


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o775])
def test_folders_that_others_can_write_are_refused_once(etc: Path, mode: int) -> None:
    drops = etc / "mounts.d"
    for name in ("1.toml", "2.toml"):
        write(drops / name, "x")
    drops.chmod(mode)
    who = "its group" if mode == 0o775 else "everybody"
    read, problems = collect(etc)
    assert read == [("mounts.toml", "")]
    assert [str(problem) for problem in problems] == [f"{drops}: can be written by {who} (run: chmod go-w {drops})"]


def test_a_folder_further_up_counts_too(etc: Path) -> None:
    write(etc / "mounts.d" / "1.toml", "x")
    etc.chmod(0o777)
    assert [str(problem) for problem in collect(etc)[1]] == [
        f"{etc}: can be written by everybody (run: chmod go-w {etc})"]


def test_a_file_of_somebody_else_is_refused(etc: Path) -> None:
    assert ME == 0, "giving a file away needs root"
    path = write(etc / "mounts.toml", "x")
    os.chown(path, pwd.getpwnam("nobody").pw_uid, 0)
    assert [str(problem) for problem in collect(etc)[1]] == [
        f"{path}: belongs to nobody, not to root (run: chown root: {path})"]


def test_a_link_into_a_loose_folder_is_refused(etc: Path, tmp_path: Path) -> None:
    loose = tmp_path / "loose"
    loose.mkdir()
    (etc / "mounts.toml").symlink_to(write(loose / "real.toml", "x"))
    assert collect(etc) == ([("mounts.toml", "x")], [])
    loose.chmod(0o777)
    assert [str(problem) for problem in collect(etc)[1]] == [
        f"{loose}: can be written by everybody (run: chmod go-w {loose})"]


def test_what_is_no_file(etc: Path) -> None:
    (etc / "mounts.toml").mkdir()
    os.mkfifo(etc / "mounts.d" / "1.toml", 0o644)
    (etc / "mounts.d" / "2.toml").symlink_to("/nowhere")
    read, problems = collect(etc)
    assert read == []
    assert [str(problem).removeprefix(f"{etc}/") for problem in problems] == [
        "mounts.toml: is not a regular file", "mounts.d/1.toml: is not a regular file",
        f"mounts.d/2.toml: is a link that leads nowhere (run: rm {etc}/mounts.d/2.toml)"]


def test_bytes_that_are_no_text(etc: Path) -> None:
    (etc / "mounts.toml").write_bytes(b"a = 1\nb = '\xff'\n")
    (etc / "mounts.toml").chmod(0o644)
    assert [str(problem) for problem in collect(etc)[1]] == [
        f"{etc}/mounts.toml:2: is not UTF-8 (save it as UTF-8)"]


def test_regions_are_those_of_boto3_without_importing_it() -> None:
    regions = configfiles.regions()
    assert {"us-west-2", "eu-central-1", "cn-north-1", "us-gov-west-1"} <= regions
    assert "aws-global" not in regions
    # In a process of its own: here somebody else may have imported it.
    asked = "import sys; from mountd.system import configfiles; configfiles.regions(); print('botocore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True).stdout == "False\n"


def test_host_facts() -> None:
    facts = configfiles.host_facts((1, 24, 0))
    assert facts.worker_version == (1, 24, 0)
    assert facts.user_exists("root")
    assert facts.group_exists("root")
    assert not facts.user_exists("no such user")
    assert not facts.group_exists("no such group")
    assert facts.home_of("root") == pwd.getpwnam("root").pw_dir
    assert facts.home_of("no\0user") is None
    assert "root" in facts.users & facts.groups


def table(tmp_path: Path, *mounts: tuple[str, str]) -> Path:
    path = tmp_path / "mountinfo"
    path.write_text("".join(
        f"{number} 1 0:{number} / {where} rw - {fstype} none rw\n" for number, (where, fstype) in enumerate(mounts, 2)))
    return path


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "absolute").symlink_to(tmp_path / "real")
    (tmp_path / "real" / "relative").symlink_to("../real/./deep")
    mounts = table(tmp_path, ("/", "ext4"))
    for written in ("absolute/relative/new", "real/deep/new", "real/relative/../deep/new"):
        assert configfiles.resolve_folder(f"{tmp_path}/{written}", mounts) == f"{tmp_path}/real/deep/new"


@pytest.mark.parametrize(("link", "target", "followed"), [
    (0, 0, True), (0, 1234, True), (1234, 1234, True), (1234, 0, False), (1234, 4321, False)])
def test_a_users_link_is_followed_only_to_what_is_theirs(
        tmp_path: Path, link: int, target: int, followed: bool) -> None:
    (tmp_path / "real").mkdir()
    os.chown(tmp_path / "real", target, target)
    (tmp_path / "link").symlink_to("real")
    os.chown(tmp_path / "link", link, link, follow_symlinks=False)
    for below in ("", "/new/folder"):
        found = configfiles.resolve_folder(f"{tmp_path}/link{below}", table(tmp_path, ("/", "ext4")))
        assert found == f"{tmp_path}/{'real' if followed else 'link'}{below}"


def test_a_users_link_to_a_mount_that_might_not_answer_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    os.chown(tmp_path / "link", 1234, 1234, follow_symlinks=False)
    mounts = table(tmp_path, (f"{tmp_path}/real", "fuse.mount-s3"))
    assert configfiles.resolve_folder(f"{tmp_path}/link", mounts) == f"{tmp_path}/real"


def test_a_loop_is_left_as_written(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert configfiles.resolve_folder(f"{tmp_path}/a/x", table(tmp_path)) == f"{tmp_path}/a/x"


def test_nothing_is_asked_of_a_mount_that_might_not_answer(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "link").symlink_to(tmp_path / "real")
    written = f"{tmp_path}/home/link"
    assert configfiles.resolve_folder(written, table(tmp_path, (f"{tmp_path}/home", "nfs4"))) == written
    assert configfiles.resolve_folder(written, table(tmp_path, (written, "fuse.mount-s3"))) == written
    assert configfiles.resolve_folder(written, table(tmp_path, (f"{tmp_path}/home", "ext4"))) == f"{tmp_path}/real"


def test_the_top_is_the_top(tmp_path: Path) -> None:
    assert configfiles.resolve_folder("/../..", table(tmp_path)) == "/"


def test_a_link_anywhere_in_a_path_is_seen(tmp_path: Path) -> None:
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "nowhere").symlink_to("/no/such/thing")
    assert [configfiles.has_link(str(tmp_path / path)) for path in (
        "real/deep", "real/new/new", "link", "link/deep", "real/nowhere")] == [False, False, True, True, True]

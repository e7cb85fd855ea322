"""The mount table: lines as the kernel writes them, folders with several mounts on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from mountd.core.layers import Kind, Layer
from mountd.system.mounts import Entry, MountTable, by_path, parse, stack

TABLE = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:35 / /srv/one rw,nosuid,nodev,noatime - fuse.mount-s3 s3://photos/2026/ rw,user_id=0
41 40 0:36 / /srv/one ro,nosuid,nodev - fuse.s3mountd-guard s3mountd-guard:one ro
42 41 0:37 / /srv/one rw,nosuid shared:3 master:1 propagate_from:2 - fuse.mount-s3 s3://photos/2026/ rw
50 22 0:38 / /srv/empty ro - tmpfs s3mountd-guard:empty ro,size=4k
60 22 0:39 / /srv/nfs rw - nfs4 server:/export rw
61 22 0:40 / /srv/tmpfs rw - tmpfs tmpfs rw
62 22 0:41 / /srv/other rw - fuse.sshfs s3mountd-guard:lies rw
"""


def layers(text: str, folder: str) -> tuple[Layer, ...]:
    return stack(by_path(parse(text)).get(folder, ()))


def kinds(folder: str) -> list[Kind]:
    return [layer.kind for layer in layers(TABLE, folder)]


def test_a_line_is_read() -> None:
    assert parse(TABLE)[1] == Entry(40, 22, 35, "/srv/one", "fuse.mount-s3", "s3://photos/2026/")
    assert len(parse(TABLE)) == len(TABLE.splitlines())


def test_the_optional_fields_are_passed_over_however_many_they_are() -> None:
    assert parse(TABLE)[3].fstype == "fuse.mount-s3"
    assert parse(TABLE)[0].source == "/dev/sda1"


@pytest.mark.parametrize(("written", "meant"), [
    (r"/srv/two\040words", "/srv/two words"), (r"/srv/tab\011", "/srv/tab\t"),
    (r"/srv/line\012break", "/srv/line\nbreak"),
    (r"/srv/back\134slash", "/srv/back\\slash"), (r"/srv/\134040", r"/srv/\040"), ("/srv/größe", "/srv/größe"),
    (r"/srv/hash\043tag", "/srv/hash#tag"),
])
def test_the_kernels_escapes_are_undone_once(written: str, meant: str) -> None:
    (entry,) = parse(f"9 1 0:5 / {written} rw - fuse.mount-s3 s3://{written} rw\n")
    assert (entry.path, entry.source) == (meant, f"s3://{meant}")
    assert stack([entry])[0].connection == 5


def test_an_empty_source_is_read() -> None:
    (entry,) = parse("9 1 0:5 / /srv rw - tmpfs  rw\n")
    assert (entry.fstype, entry.source) == ("tmpfs", "")


def test_stacked_mounts_come_topmost_first() -> None:
    assert layers(TABLE, "/srv/one") == (
        Layer(Kind.LIVE, 37, 42, "fuse.mount-s3 s3://photos/2026/"),
        Layer(Kind.ERROR_GUARD, 36, 41, "fuse.s3mountd-guard s3mountd-guard:one"),
        Layer(Kind.LIVE, 35, 40, "fuse.mount-s3 s3://photos/2026/"))


def test_the_order_of_the_lines_does_not_count() -> None:
    backwards = "\n".join(reversed(TABLE.splitlines()))
    assert layers(backwards, "/srv/one") == layers(TABLE, "/srv/one")


@pytest.mark.parametrize(("folder", "found"), [
    ("/srv/empty", [Kind.EMPTY_GUARD]), ("/srv/nfs", [Kind.FOREIGN]), ("/srv/tmpfs", [Kind.FOREIGN]),
    ("/srv/other", [Kind.FOREIGN]), ("/", [Kind.FOREIGN]), ("/srv", []), ("/srv/one/", []), ("/srv/on", []),
])
def test_whose_a_mount_is(folder: str, found: list[Kind]) -> None:
    assert kinds(folder) == found


def test_the_table_is_read_again_only_when_it_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "mountinfo"
    file.write_text(TABLE)
    table = MountTable(file)
    assert len(table.stack("/srv/one")) == 3
    file.write_text("")
    assert len(table.stack("/srv/one")) == 3
    table.forget()
    assert table.stack("/srv/one") == ()


def test_bytes_that_are_no_text_do_not_stop_it(tmp_path: Path) -> None:
    file = tmp_path / "mountinfo"
    file.write_bytes(b"9 1 0:5 / /srv/\xff rw - tmpfs tmpfs rw\n" + TABLE.encode())
    assert len(MountTable(file).stack("/srv/one")) == 3
    assert [layer.kind for layer in MountTable(file).stack("/srv/\udcff")] == [Kind.FOREIGN]

"""What is shown beside state and health: program, capabilities, uploads, usage; nothing of it by an older daemon."""

from mountd.cli import aside, render
from mountd.cli.text import Style, moment
from tests.unit.cli.canned import document, mount

NOW = moment("2026-11-22T12:00:00.000Z")
CAN = {"write": True, "delete": False, "overwrite": True, "rename": None, "append": False}


def test_what_callers_can_do() -> None:
    assert aside.fields(mount(can=CAN), NOW) == [
        ("callers can", "write, overwrite; not delete, append; not tried with this store: rename")]


def test_incomplete_uploads_are_told_only_where_there_are_some() -> None:
    found = {"count": 3, "more": False, "oldest": "2026-11-20T12:00:00.000Z", "aborted": 2,
             "checked_at": "2026-11-22T11:59:00.000Z"}
    assert aside.fields(mount(uploads=found), NOW) == [
        ("uploads", "3 incomplete, the oldest begun 2d ago; 2 aborted (looked 1min ago)")]
    assert aside.fields(mount(uploads={**found, "count": 0, "oldest": None, "aborted": 0}), NOW) == []
    assert aside.fields(mount(uploads=None), NOW) == []


def test_what_a_store_tells_of_a_bucket_stands_with_its_age() -> None:
    found = {"objects": 300, "bytes": 1_200_000_000, "at": "2026-11-22T09:00:00.000Z", "quotas": {"quota_bytes": 5e12}}
    said = "1.2 GB of 5.0 TB in 300 objects"
    assert aside.fields(mount(usage=found, prefix=""), NOW) == [("usage", f"{said}, the store said 3h ago")]
    assert aside.fields(mount(usage=found, prefix="runs/"), NOW) == [
        ("usage", f"{said} in the whole bucket, the store said 3h ago")]


def test_which_mount_s3_serves_whom() -> None:
    said = document("healthy")
    said["daemon"]["mount_s3"] = "1.24.0"
    for number, one in enumerate(said["mounts"]):
        one["worker_version"] = "1.23.0" if number else "1.24.0"
    names = ", ".join(one["name"] for one in said["mounts"][1:])
    lines = render.status(said, Style(80))
    assert f"mount-s3 1.23.0 still serves {names}; installed is 1.24.0" in lines
    assert any("mount-s3 1.23.0" in line for line in render.details(said, Style(80)))

"""The way to a bucket, step by step, on a real store and on servers that are wrong in one way each. No daemon runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from mountd.cli import main
from mountd.core.verdict import Exit
from mountd.words import paths
from tests.s3.conftest import READER
from tests.s3.seaweed import ADMIN
from tests.s3.servers import closed_port, error, http, listening

pytestmark = pytest.mark.usefixtures("keys")
NETWORK = ["resolve", "connect", "answer"]


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only configuration that there is."""
    monkeypatch.setattr(paths, "CONFIG", tmp_path / "mounts.toml")
    monkeypatch.setattr(paths, "DROPINS", tmp_path / "mounts.d")
    return paths.CONFIG


@pytest.fixture
def s3(weed: str) -> Any:
    """The store, with a bucket "shared" in which there is something."""
    found = boto3.client("s3", endpoint_url=weed, region_name="us-east-1", aws_access_key_id=ADMIN.access_key,
                         aws_secret_access_key=ADMIN.secret_key)
    if "shared" not in [one["Name"] for one in found.list_buckets()["Buckets"]]:
        found.create_bucket(Bucket="shared")
    found.put_object(Bucket="shared", Key="hello.txt", Body=b"hello")
    return found


def doctor(config: Path, capsys: pytest.CaptureFixture[str], endpoint: str, *words: str, bucket: str = "shared",
           more: str = "") -> dict[str, dict[str, str]]:
    """The lines on the one mount, by name."""
    config.write_text(f'[[mount]]\nname = "data"\nbucket = "{bucket}"\nfolder = "/srv/not-there"\n'
                      f'provider = "seaweedfs"\nendpoint_url = "{endpoint}"\n{more}')
    # There is no daemon, which is bad, and all else is found out without it.
    assert main.main(["doctor", "data", "--json", *words]) == Exit.DOWN
    said = json.loads(capsys.readouterr().out)
    assert {"name": "s3mountd", "level": "bad"}.items() <= said["host"][0].items()
    return {one["name"]: one for one in said["mounts"][0]["findings"]}


def levels(found: dict[str, dict[str, str]]) -> dict[str, str]:
    return {name: one["level"] for name, one in found.items()}


def test_a_mount_that_is_well(weed: str, s3: Any, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = doctor(config, capsys, weed, "--write")
    assert levels(found) == {
        "state": "skipped", "folder": "skipped", **dict.fromkeys([*NETWORK, "time", "credentials", "list", "read",
                                                                  "write", "uploads"], "ok"), "lifecycle": "skipped"}
    assert found["read"]["text"].startswith("hello.txt, ")
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="shared")["Contents"]] == ["hello.txt"]


def test_a_key_that_may_only_read(weed: str, s3: Any, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = doctor(config, capsys, weed, "--write", more='credentials = { profile = "reader" }\n')
    assert levels(found)["read"] == "ok"
    assert found["write"]["level"] == "bad"
    assert "(access-denied)" in found["write"]["text"]
    assert READER.secret_key not in json.dumps(found)


def test_nothing_is_written_unless_it_is_asked_for(weed: str, s3: Any, config: Path,
                                                   capsys: pytest.CaptureFixture[str]) -> None:
    assert "write" not in doctor(config, capsys, weed)
    assert levels(doctor(config, capsys, weed, "--write", more="read_only = true\n"))["write"] == "skipped"


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(("profile", "bucket", "bad", "code"), [
    ("wrong", "shared", "credentials", "key-refused"), ("missing", "shared", "credentials", "profile-missing"),
    ("default", "nowhere", "list", "bucket-missing"), ("reader", "nowhere", "list", "access-denied")])
def test_what_is_wrong_stands_on_its_line(weed: str, config: Path, capsys: pytest.CaptureFixture[str],
                                          profile: str, bucket: str, bad: str, code: str) -> None:
    found = doctor(config, capsys, weed, bucket=bucket, more=f'credentials = {{ profile = "{profile}" }}\n')
    assert found[bad]["level"] == "bad", found
    assert f"({code})" in found[bad]["text"]
    assert found[bad]["fix"]


@pytest.mark.usefixtures("s3")
def test_keys_that_only_a_worker_can_get_at_are_no_fault(weed: str, config: Path,
                                                         capsys: pytest.CaptureFixture[str]) -> None:
    found = doctor(config, capsys, weed, more='credentials = { profile = "sso" }\n')
    assert (found["read"]["level"], "sso_session" in found["read"]["text"]) == ("skipped", True)


def test_a_store_that_is_away(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = doctor(config, capsys, f"http://127.0.0.1:{closed_port()}")
    assert levels(found) == {"state": "skipped", "folder": "skipped", "resolve": "ok", "connect": "bad",
                             "credentials": "skipped"}


def test_a_clock_that_is_off(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with listening(http(403, error("AccessDenied"), ahead=1300)) as server:
        found = doctor(config, capsys, f"http://127.0.0.1:{server.port}")
    assert found["time"]["level"] == "bad"
    assert "behind the store's" in found["time"]["text"]


def test_a_page_for_people_fits(weed: str, s3: Any, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doctor(config, capsys, weed)
    assert main.main(["doctor"]) == Exit.DOWN
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "This machine"
    assert "data" in lines
    assert [line for line in lines if len(line) > 80] == []
    assert main.main(["doctor", "nobody"]) == Exit.USAGE

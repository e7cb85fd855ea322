"""Buckets made, measured, emptied and removed by the command line, on a real store and on ones that answer falsely."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest

from mountd.cli import bucket, main
from mountd.cli.console import Console
from mountd.core import measured
from mountd.core.verdict import Exit
from mountd.system.s3.buckets import ALL_BLOCKED
from mountd.words import paths
from tests.s3.seaweed import ADMIN
from tests.s3.servers import EMPTY, error, http, listening

pytestmark = pytest.mark.usefixtures("keys")


@pytest.fixture(autouse=True)
def _nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "_keep", lambda *_: False)
    monkeypatch.setattr(paths, "CONFIG", tmp_path / "mounts.toml")
    monkeypatch.setattr(paths, "DROPINS", tmp_path / "mounts.d")


@pytest.fixture
def s3(weed: str) -> Any:
    return boto3.client("s3", endpoint_url=weed, region_name="us-east-1", aws_access_key_id=ADMIN.access_key,
                        aws_secret_access_key=ADMIN.secret_key)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit status, what was printed as result, and what beside it."""
    status = main.main(words)
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_bucket_s_whole_life(weed: str, s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    there = ("--endpoint-url", weed)
    status, out, _ = run(capsys, "bucket", "create", "life", "--yes", "--abort-uploads-after", "7", "--json", *there)
    made = json.loads(out)
    name = made["bucket"]
    assert status == Exit.WELL
    assert re.fullmatch(r"life-\d{12}", name)
    assert made == {"bucket": name, "public_access": "not offered by this store", "lifecycle": "done"}
    assert s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]["AbortIncompleteMultipartUpload"] == {
        "DaysAfterInitiation": 7}
    listed = json.loads(run(capsys, "bucket", "list", "--json", *there)[1])
    assert name in [one["name"] for one in listed]
    for number in range(3):
        s3.put_object(Bucket=name, Key=f"a/{number}", Body=b"x" * 1000)
    status, out, _ = run(capsys, "bucket", "size", name, "--json", *there)
    assert (status, json.loads(out)["objects"], json.loads(out)["bytes"]) == (Exit.WELL, 3, 3000)
    assert run(capsys, "bucket", "policy-check", name, *there)[0] == Exit.WELL
    # The store itself would remove it with all that is in it.
    status, _, err = run(capsys, "bucket", "remove", name, "--yes", *there)
    assert (status, "is not empty; --force" in err) == (Exit.DOWN, True)
    assert s3.list_objects_v2(Bucket=name)["KeyCount"] == 3
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=name, Key="a/0", Body=b"newer")
    s3.delete_object(Bucket=name, Key="a/1")
    s3.create_multipart_upload(Bucket=name, Key="begun")
    assert len(s3.list_object_versions(Bucket=name)["Versions"]) == 4
    status, out, _ = run(capsys, "bucket", "remove", name, "--yes", "--force", "--json", *there)
    assert (status, json.loads(out)) == (Exit.WELL, {"bucket": name, "removed": True, "deleted": 5, "aborted": 1})
    assert name not in [one["Name"] for one in s3.list_buckets()["Buckets"]]


def test_nobody_there_to_ask_changes_nothing(weed: str, s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    s3.create_bucket(Bucket="kept")
    status, _, err = run(capsys, "bucket", "remove", "kept", "--endpoint-url", weed)
    assert (status, "say --yes" in err) == (Exit.DEGRADED, True)
    assert "kept" in [one["Name"] for one in s3.list_buckets()["Buckets"]]


@pytest.mark.parametrize(("typed", "gone"), [("y", False), ("typed-2", True)])
def test_a_bucket_is_removed_by_its_name_only(weed: str, s3: Any, capsys: pytest.CaptureFixture[str],
                                              monkeypatch: pytest.MonkeyPatch, typed: str, gone: bool) -> None:
    name = "typed-2" if gone else "typed-1"
    s3.create_bucket(Bucket=name)
    monkeypatch.setattr(Console, "ask", lambda _console, _question: typed)
    run(capsys, "bucket", "remove", name, "--endpoint-url", weed)
    assert (name not in [one["Name"] for one in s3.list_buckets()["Buckets"]]) is gone


def test_a_bucket_that_is_mounted_is_not_removed(weed: str, s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    s3.create_bucket(Bucket="used")
    paths.CONFIG.write_text(f'[[mount]]\nname = "data"\nbucket = "used"\nfolder = "/srv/data"\n'
                            f'provider = "seaweedfs"\nendpoint_url = "{weed}"\n')
    status, _, err = run(capsys, "bucket", "remove", "used", "--yes", "--endpoint-url", weed)
    assert (status, "mounted as data" in err) == (Exit.DOWN, True)
    status, _, err = run(capsys, "bucket", "remove", "used", "--yes", "--endpoint-url", f"{weed}/")
    assert (status, "mounted as data" in err) == (Exit.DOWN, True)
    for words in (("--mount", "data"), ("used",)):
        status, out, _ = run(capsys, "bucket", "size", *words, "--json")
        assert (status, json.loads(out)["bucket"]) == (Exit.WELL, "used")
    status, _, err = run(capsys, "whoami", "data", "--endpoint-url", weed)
    assert (status, "of its own" in err) == (Exit.USAGE, True)


def test_a_bucket_s_name_that_two_stores_have_wants_the_mount(capsys: pytest.CaptureFixture[str]) -> None:
    paths.CONFIG.write_text("".join(
        f'[[mount]]\nname = "{name}"\nbucket = "both"\nfolder = "/srv/{name}"\nprovider = "other"\n'
        f'endpoint_url = "http://{name}.example.org"\n' for name in ("here", "there")))
    status, _, err = run(capsys, "bucket", "size", "both")
    assert (status, "say --mount here or there" in err) == (Exit.USAGE, True)


def test_nothing_is_removed_while_nobody_can_tell_what_is_mounted(weed: str, s3: Any,
                                                                  capsys: pytest.CaptureFixture[str]) -> None:
    s3.create_bucket(Bucket="untold")
    paths.CONFIG.write_text("[[mount]]\nbucket = 7\n")
    status, _, err = run(capsys, "bucket", "remove", "untold", "--yes", "--force", "--endpoint-url", weed)
    assert (status, "not known whether" in err) == (Exit.DOWN, True)
    assert "untold" in [one["Name"] for one in s3.list_buckets()["Buckets"]]


@pytest.mark.parametrize(("words", "status", "said"), [
    (("create", "taken", "--exact", "--yes"), Exit.DOWN, "the bucket name taken is taken"),
    (("create", "Taken", "--exact", "--yes"), Exit.USAGE, "is no bucket name"),
    (("size", "nowhere"), Exit.DOWN, "there is no bucket nowhere"),
    (("sise", "taken"), Exit.USAGE, "did you mean 'size'?"),
    (("size",), Exit.USAGE, "which bucket?"),
    (("size", "taken", "--provider", "seaweed"), Exit.USAGE, "did you mean 'seaweedfs'?"),
    (("create", "other", "--yes", "--profile", "reader"), Exit.DOWN, "refuses access"),
])
def test_what_cannot_be_done_is_said(weed: str, s3: Any, capsys: pytest.CaptureFixture[str], words: tuple[str, ...],
                                     status: int, said: str) -> None:
    if "taken" not in [one["Name"] for one in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket="taken")
    ended, _, err = run(capsys, "bucket", *words, "--endpoint-url", weed)
    assert (ended, said in err) == (status, True), err


def test_a_store_that_says_yes_to_what_it_does_not_know_is_not_believed(capsys: pytest.CaptureFixture[str]) -> None:
    with listening(http(200, EMPTY)) as server:
        _, out, _ = run(capsys, "bucket", "create", "b-one", "--exact", "--yes", "--json", "--abort-uploads-after", "3",
                        "--endpoint-url", f"http://127.0.0.1:{server.port}")
    assert json.loads(out)["public_access"] == "not offered by this store"
    assert json.loads(out)["lifecycle"] == "not offered by this store"
    assert b"PUT /b-one?publicAccessBlock" in b"".join(server.requests)


def test_what_aws_does_for_a_new_bucket(capsys: pytest.CaptureFixture[str]) -> None:
    block = ('<PublicAccessBlockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
             + "".join(f"<{name}>true</{name}>" for name in ALL_BLOCKED) + "</PublicAccessBlockConfiguration>")
    with listening(http(200, block)) as server:
        status, out, _ = run(capsys, "bucket", "create", "b-one", "--exact", "--yes", "--json", "--provider", "aws",
                             "--region", "us-west-2", "--endpoint-url", f"http://127.0.0.1:{server.port}")
    assert (status, json.loads(out)["public_access"]) == (Exit.WELL, "done")
    made, blocked, asked = server.requests
    assert made.startswith(b"PUT /b-one ")
    assert b"?publicAccessBlock" in blocked.splitlines()[0]
    assert asked.startswith(b"GET ")


def test_a_bucket_that_would_refuse_all_uploads_is_not_left_so(capsys: pytest.CaptureFixture[str]) -> None:
    block = ("<PublicAccessBlockConfiguration>" + "".join(f"<{name}>true</{name}>" for name in ALL_BLOCKED)
             + "</PublicAccessBlockConfiguration>")
    said: list[str] = []

    def answer(head: bytes) -> bytes:
        first = head.decode().splitlines()[0].rpartition(" ")[0]
        said.append(first)
        if first.startswith("PUT /b-one/"):
            return http(403, error("AccessDenied"))(head)
        return http(200, block if first.startswith("GET") else "")(head)

    with listening(answer) as server:
        _, out, _ = run(capsys, "bucket", "create", "b-one", "--exact", "--yes", "--json", "--endpoint-url",
                        f"http://127.0.0.1:{server.port}")
    assert json.loads(out)["public_access"] == "this store would then refuse every upload"
    assert said[-1] == "DELETE /b-one?publicAccessBlock"


def test_what_rgw_counts_itself_is_not_counted_again(capsys: pytest.CaptureFixture[str]) -> None:
    page = EMPTY.replace("<IsTruncated>false", "<NextContinuationToken>more</NextContinuationToken><IsTruncated>true")
    fields = {"x-rgw-object-count": "7000000", "x-rgw-bytes-used": "1200000000000", "x-rgw-quota-bucket-size": "-1",
              "x-rgw-quota-user-size": "5000000000000"}
    with listening(http(200, page, fields=fields)) as server:
        status, out, _ = run(capsys, "bucket", "size", "b", "--endpoint-url", f"http://127.0.0.1:{server.port}")
    assert (status, len(server.requests)) == (Exit.WELL, 2)
    assert out.splitlines() == ["1.2 TB in 7000000 objects in s3://b", "  all of the user's buckets may hold: 5.0 TB"]


def test_a_figure_is_found_again_and_old_ones_go() -> None:
    kept: Any = {"broken": {"objects": "x"}, "also": None}
    for number in range(measured.LIMIT + 5):
        kept = measured.added(kept, f"AWS s3://b{number}", measured.Measured(number, 1, float(number)))
    assert len(kept) == measured.LIMIT
    again = json.load(io.StringIO(json.dumps(kept)))
    assert measured.read(again, "AWS s3://b504") == measured.Measured(504, 1, 504.0)
    assert measured.read(again, "AWS s3://b0") is None
    assert measured.read("nonsense", "AWS s3://b504") is None

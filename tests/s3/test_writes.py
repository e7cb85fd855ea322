"""What a store makes of writes, tried on a real S3 server and on ones that are wrong in one way each."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from mountd.core.write_safety import Evidence, Verdict, fold
from mountd.system.s3.writes import _CONTENT, NAME, Store, crc32c, writes
from mountd.words.errors import MountdError
from tests.s3.seaweed import ADMIN, PORTS, Identity, Seaweed
from tests.s3.servers import EMPTY, Answer, closed_port, error, http, listening

READER = Identity("reader", "WEEDREADERKEY000001", "readersecret", ("Read", "List"))
_BEGUN = "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>"
_STORED = "<CompleteMultipartUploadResult><ETag>&quot;e-1&quot;</ETag></CompleteMultipartUploadResult>"


@pytest.fixture(scope="module")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A client of a SeaweedFS with a bucket "here"."""
    import boto3

    server = Seaweed.start(tmp_path_factory.mktemp("weed"), 17_400 + os.getpid() % 100 * PORTS, (ADMIN, READER))
    s3 = boto3.client("s3", endpoint_url=server.endpoint, region_name="us-east-1",
                      aws_access_key_id=ADMIN.access_key, aws_secret_access_key=ADMIN.secret_key)
    s3.create_bucket(Bucket="here")
    yield s3
    server.stop()


def ask(endpoint_url: str, prefix: str = "", who: Identity = ADMIN, config: str = "",
        proxy: str = "") -> dict[str, Any]:
    keys = f"[default]\naws_access_key_id={who.access_key}\naws_secret_access_key={who.secret_key}\n"
    number = os.memfd_create("keys")
    try:
        os.write(number, (config or keys).encode())
        return writes({"endpoint_url": endpoint_url, "region": "us-east-1", "bucket": "here", "prefix": prefix,
                       "force_path_style": True, "profile": "", "anonymous": False, "deadline": 8.0,
                       "proxy": proxy, "files": ["credentials"]}, [number])
    finally:
        os.close(number)


def verdict(answer: dict[str, Any]) -> tuple[Verdict, str]:
    assert answer["code"] == "", answer
    return fold(Evidence.read(answer["evidence"]))


def test_the_checksum() -> None:
    assert crc32c(b"123456789") == "4waSgw==", "RFC 3720 has 0xe3069283 for it"


@pytest.mark.parametrize("prefix", ["", "runs/2026 ö+/"])
def test_a_store_that_is_safe_and_nothing_is_left_there(weed: Any, prefix: str) -> None:
    answer = ask(weed.meta.endpoint_url, prefix)
    assert verdict(answer) == (Verdict.SAFE, "")
    assert answer["evidence"]["server"].startswith("SeaweedFS")
    assert "Contents" not in weed.list_objects_v2(Bucket="here")
    assert "Uploads" not in weed.list_multipart_uploads(Bucket="here")


def test_a_key_that_may_not_write(weed: Any) -> None:
    answer = ask(weed.meta.endpoint_url, who=READER)
    assert (answer["code"], answer["detail"]) == ("write-denied", "AccessDenied")
    assert "Contents" not in weed.list_objects_v2(Bucket="here")


def test_keys_that_only_mount_s3_can_get_at(weed: Any) -> None:
    bucket_is_open = "[default]\ncredential_process = /usr/bin/keys\n"
    assert ask(weed.meta.endpoint_url, config=bucket_is_open)["code"] == "write-untried"


def test_a_store_that_is_away() -> None:
    assert ask(f"http://127.0.0.1:{closed_port()}")["code"] == "connection-refused"


def play(*, put: Answer, multipart: str = _STORED, rename: Answer, content: str = _CONTENT.decode()) -> Answer:
    """A server that answers each of the requests in its way."""
    def answer(head: bytes) -> bytes:
        line = head.split(b"\r\n")[0]
        if b"renameObject" in line:
            return rename(head)
        if b"list-type=2" in line or line.startswith((b"HEAD", b"DELETE")):
            return http(200, EMPTY)(head)
        if line.startswith(b"POST"):
            return http(200, _BEGUN if b"?uploads" in line else multipart)(head)
        if line.startswith(b"GET"):
            return http(200, content)(head)
        return (http(200, fields={"ETag": '"e"'}) if b"partNumber" in line else put)(head)

    return answer


WELL = http(200)
NO_RENAME = http(501, error("NotImplemented"))


@pytest.mark.parametrize(("answer", "found", "why"), [
    (play(put=WELL, rename=NO_RENAME), Verdict.SAFE, ""),
    (play(put=WELL, rename=WELL), Verdict.RENAME_UNSAFE, "it takes a rename"),
    (play(put=http(400, error("XAmzContentSHA256Mismatch")), rename=WELL), Verdict.UNWRITABLE, "it refuses uploads"),
    (play(put=WELL, multipart=_STORED.replace("&quot;e-1&quot;", ""), rename=WELL), Verdict.UNWRITABLE, "it names no"),
    (play(put=WELL, rename=NO_RENAME, content="2e\r\n" + _CONTENT.decode()), Verdict.UNWRITABLE, "it gave back other"),
])
def test_stores_that_are_not(answer: Answer, found: Verdict, why: str) -> None:
    with listening(answer) as server:
        verdict_, text = verdict(ask(f"http://127.0.0.1:{server.port}", "runs/"))
    assert (verdict_, text[:len(why)]) == (found, why)
    written = [head.split(b" ")[1] for head in server.requests if head.startswith(b"PUT")]
    assert all(path.startswith(f"/here/runs/{NAME}".encode()) for path in written), "only scratch keys are written"
    deleted = {head.split(b" ")[1] for head in server.requests if head.startswith(b"DELETE")}
    assert {path.partition(b"?")[0] for path in written} <= deleted


def test_a_store_that_is_busy_has_said_nothing() -> None:
    with listening(play(put=http(503, error("SlowDown")), rename=WELL)) as server:
        assert ask(f"http://127.0.0.1:{server.port}")["code"] == "throttled"


def test_every_request_goes_by_the_proxy_of_the_mount() -> None:
    with listening(play(put=WELL, rename=NO_RENAME)) as proxy:
        answer = ask("http://store.invalid:9000", proxy=f"http://127.0.0.1:{proxy.port}")
    assert verdict(answer) == (Verdict.SAFE, "")
    assert {head.split(b"\r\n")[0].split(b" ")[1].partition(b"/here")[0] for head in proxy.requests} == {
        b"http://store.invalid:9000"}


def test_a_proxy_that_goes_away_has_said_nothing_of_the_store() -> None:
    gone = Store("http://store.invalid/here", "us-east-1", None, "", time.monotonic() + 5,
                 f"http://127.0.0.1:{closed_port()}")
    with pytest.raises(MountdError, match="proxy"):
        gone.ask("GET", "key")
    away = Store(f"http://127.0.0.1:{closed_port()}/here", "us-east-1", None, "", time.monotonic() + 5)
    with pytest.raises(MountdError) as raised:
        away.ask("GET", "key")
    assert raised.value.fault.code == "unreachable"

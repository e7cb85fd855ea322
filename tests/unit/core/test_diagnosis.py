"""What networks, certificates, clocks and stores say, and the codes they mean."""

import errno

import pytest

from mountd.core import diagnosis
from mountd.core.diagnosis import Target, target
from mountd.core.messages import Cause
from mountd.words.errors import FAULTS

NOON = 1_700_000_000.0
AT_NOON = "Tue, 14 Nov 2023 22:13:20 GMT"

SAID = [
    (404, "NoSuchBucket", "The specified bucket does not exist", "", "bucket-missing"),
    (400, "InvalidBucketName", "", "", "bucket-missing"),
    (403, "InvalidAccessKeyId", "The key is unknown", "", "key-refused"),
    (403, "SignatureDoesNotMatch", "", "", "key-refused"),
    (400, "ExpiredToken", "The provided token has expired.", "", "credentials-expired"),
    (403, "RequestTimeTooSkewed", "The difference is too large", "", "clock-skew"),
    (403, "AccessDenied", "Access Denied", "", "access-denied"),
    (403, "403", "Forbidden", "", "access-denied"),
    (403, "QuiteNew", "", "", "access-denied"),
    (401, "401", "Unauthorized", "", "access-denied"),
    (301, "PermanentRedirect", "Use the right endpoint", "eu-west-1", "wrong-region"),
    (301, "301", "Moved Permanently", "", "wrong-region"),
    (400, "AuthorizationHeaderMalformed", "the region is wrong", "eu-west-1", "wrong-region"),
    (503, "SlowDown", "Please reduce your request rate", "", "throttled"),
    (429, "429", "Too Many Requests", "", "throttled"),
    (500, "InternalError", "We encountered an internal error", "", "store-error"),
    (503, "503", "Service Unavailable", "", "store-error"),
    (404, "404", "Not Found", "", "store-error"),
]


@pytest.mark.parametrize(("status", "code", "message", "region", "expected"), SAID,
                         ids=[f"{row[0]} {row[1]}" for row in SAID])
def test_answers_of_stores(status: int, code: str, message: str, region: str, expected: str) -> None:
    assert diagnosis.of_store(status, code, message, region).code == expected


def test_the_stores_own_words_are_the_detail_and_bounded() -> None:
    assert diagnosis.of_store(403, "AccessDenied", "No.", "") == Cause("access-denied", "AccessDenied: No.")
    assert diagnosis.of_store(500, "", "", "") == Cause("store-error", "status 500")
    assert len(diagnosis.of_store(403, "AccessDenied", "x" * 9000, "").detail) == 200


def test_the_right_region_is_the_detail_of_a_wrong_one() -> None:
    assert diagnosis.of_store(301, "PermanentRedirect", "long words", "eu-west-1").detail == "expecting eu-west-1"


@pytest.mark.parametrize(("number", "cause"), [
    (errno.ECONNREFUSED, Cause("connection-refused")),
    (errno.EHOSTUNREACH, Cause("unreachable", "text")),
    (errno.EINVAL, Cause("unreachable", "text")),
])
def test_connections_that_do_not_come_about(number: int, cause: Cause) -> None:
    assert diagnosis.of_connect(number, "text") == cause


@pytest.mark.parametrize(("number", "word"), [(10, "expired"), (18, "by itself"), (20, "not trusted"), (62, "another"),
                                              (99, "as OpenSSL says it")])
def test_certificates(number: int, word: str) -> None:
    cause = diagnosis.of_certificate(number, "as OpenSSL says it")
    assert cause.code == "tls-failed" and word in cause.detail


@pytest.mark.parametrize(("url", "region", "bucket", "path_style", "expected"), [
    ("", "", "b", False, Target("s3.us-east-1.amazonaws.com", 443, tls=True)),
    ("", "cn-north-1", "b", False, Target("s3.cn-north-1.amazonaws.com.cn", 443, tls=True)),
    ("https://store.example", "r", "b", True, Target("store.example", 443, tls=True)),
    ("https://store.example:9000/", "r", "b", False, Target("b.store.example", 9000, tls=True)),
    ("http://store.example", "r", "dotted.name", False, Target("store.example", 80, tls=False)),
    ("http://127.0.0.1:9400", "r", "b", False, Target("127.0.0.1", 9400, tls=False)),
    ("http://[::1]:9400", "r", "b", False, Target("::1", 9400, tls=False)),
])
def test_where_requests_go(url: str, region: str, bucket: str, path_style: bool, expected: Target) -> None:
    assert target(url, region, bucket, path_style=path_style) == expected


def test_how_far_the_clock_is_off() -> None:
    assert diagnosis.skew(AT_NOON, NOON) == 0
    assert diagnosis.skew(AT_NOON, NOON + 400) == 400
    assert diagnosis.skew("yesterday", NOON) is None
    assert diagnosis.skew("", NOON) is None
    assert diagnosis.of_skew(400) == Cause("clock-skew", "7 min ahead of the store's")
    assert diagnosis.of_skew(-86_400) == Cause("clock-skew", "24 h behind the store's")


@pytest.mark.parametrize(("code", "ahead", "blamed"), [
    ("access-denied", 400.0, True), ("key-refused", -400.0, True), ("clock-skew", 1000.0, True),
    ("access-denied", 100.0, False), ("access-denied", None, False), ("bucket-missing", 400.0, False),
    ("throttled", 400.0, False), ("wrong-region", 400.0, False),
])
def test_a_clock_is_blamed_for_refused_signatures_only(code: str, ahead: float | None, blamed: bool) -> None:
    assert diagnosis.blames_clock(Cause(code), ahead) is blamed


def test_every_code_has_its_row() -> None:
    assert {*diagnosis._CODES.values(), *diagnosis._STATUSES.values()} <= set(FAULTS)


@pytest.mark.parametrize(("fields", "told"), [
    ({"server": "SeaweedFS 30GB 4.48", "x-amz-request-id": "1795887778251977179"},
     "SeaweedFS 30GB 4.48, request ids: plain"),
    ({"x-amz-request-id": "tx00000f6a2b-006749-1033-default"}, "unnamed, request ids: tx"),
    ({"server": "nginx"}, "nginx, request ids: none"),
    ({}, "unnamed, request ids: none"),
])
def test_what_a_server_says_of_itself(fields: dict[str, str], told: str) -> None:
    assert diagnosis.server(fields) == told


@pytest.mark.parametrize(("bucket", "endpoint", "host"), [
    ("erdos", "https://s3.example", False), ("s3.example", "https://s3.example:9300", True),
    ("erdos.s3.example", "https://S3.example", True), ("mys3.example", "https://s3.example", False),
    ("None", "https://s3.example", False), ("erdos", "", False)])
def test_a_gateway_that_looks_for_its_own_name_among_buckets(bucket: str, endpoint: str, host: bool) -> None:
    assert (diagnosis.of_host(bucket, endpoint) == Cause("host-unknown", bucket)) is host

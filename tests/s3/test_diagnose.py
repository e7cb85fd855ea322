"""The diagnosis against real sockets, real TLS and a real S3 server on loopback: each fault gets its code, in time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mountd.system.s3.diagnose import STEP_LIMIT, diagnose
from tests.s3 import asking
from tests.s3.asking import GUEST, KEYS, keys
from tests.s3.seaweed import ADMIN
from tests.s3.servers import EMPTY, Authority, closed_port, error, http, listening

QUICK = STEP_LIMIT
"""Seconds: nobody waited for a limit. 0.2 is promised, and printed, for a machine that has nothing else to do."""


def ask(endpoint_url: str, bucket: str = "here", **changed: Any) -> dict[str, Any]:
    """What the task says."""
    begun = time.monotonic()
    answer = asking.ask(diagnose, endpoint_url, bucket, **{"deadline": 8.0, **changed})
    print(f"{endpoint_url} {bucket}: {answer['code'] or 'well'} ({answer['detail']}) "
          f"in {1000 * (time.monotonic() - begun):.0f} ms")
    return answer


def pair(answer: Mapping[str, Any]) -> tuple[str, bool]:
    return answer["code"], answer["shared"]


# The network


def test_a_closed_port_refuses() -> None:
    answer = ask(f"http://127.0.0.1:{closed_port()}")
    assert pair(answer) == ("connection-refused", True)
    assert answer["seconds"] < QUICK


def test_a_name_that_nobody_knows() -> None:
    answer = ask("http://store.invalid:9000")
    assert pair(answer) == ("name-unresolved", True)
    assert answer["detail"].startswith("store.invalid: ")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_one_that_listens_and_says_nothing(scheme: str) -> None:
    with listening(None) as server:
        answer = ask(f"{scheme}://127.0.0.1:{server.port}")
    assert pair(answer) == ("unreachable", True)
    assert answer["detail"].startswith("connected, but no answer")
    assert STEP_LIMIT <= answer["seconds"] < 2 * STEP_LIMIT


def test_the_deadline_ends_every_step() -> None:
    with listening(None) as server:
        answer = ask(f"http://127.0.0.1:{server.port}", deadline=0.3)
    assert answer["code"] == "unreachable"
    assert answer["seconds"] < STEP_LIMIT


# A proxy


def test_a_proxy_that_refuses_and_one_that_nobody_knows() -> None:
    port = closed_port()
    answer = ask("http://store.invalid:9000", proxy=f"http://127.0.0.1:{port}")
    assert (*pair(answer), answer["detail"]) == ("proxy-failed", True, f"127.0.0.1:{port}: refuses connections")
    answer = ask("http://store.invalid:9000", proxy="http://proxy.invalid:3128")
    assert pair(answer) == ("proxy-failed", True)
    assert answer["detail"].startswith("proxy.invalid:3128: proxy.invalid: ")


def test_by_a_proxy_the_store_is_reached_whose_name_only_that_knows() -> None:
    with listening(http(200, EMPTY)) as proxy:
        assert ask("http://store.invalid:9000", proxy=f"http://127.0.0.1:{proxy.port}")["code"] == ""
    assert proxy.requests[-1].startswith(b"GET http://store.invalid:9000/here?")


@pytest.mark.parametrize(("endpoint", "status"), [("http://store.invalid:9000", 407), ("https://store.invalid", 407),
                                                  ("https://store.invalid", 403)])
def test_a_proxy_that_does_not_pass_requests_on(endpoint: str, status: int) -> None:
    with listening(http(status)) as proxy:
        assert ask(endpoint, proxy=f"http://127.0.0.1:{proxy.port}")["code"] == "proxy-failed"
    assert proxy.requests


# TLS


def test_an_unknown_ca(authority: Authority) -> None:
    with listening(http(200), authority.certify("unknown")) as server:
        answer = ask(f"https://127.0.0.1:{server.port}")
    assert pair(answer) == ("tls-failed", True)
    assert "not trusted" in answer["detail"]
    assert answer["seconds"] < QUICK
    assert server.requests == []


def test_its_bundle_makes_it_known(authority: Authority) -> None:
    with listening(http(200, EMPTY), authority.certify("known")) as server:
        answer = ask(f"https://127.0.0.1:{server.port}", files={"credentials": KEYS, "ca_bundle": authority.bundle})
    assert answer["code"] == ""
    assert len(server.requests) == 2, "first words, then the list"


def test_a_bundle_without_a_certificate(authority: Authority) -> None:
    with listening(http(200), authority.certify("bundle")) as server:
        answer = ask(f"https://127.0.0.1:{server.port}", files={"ca_bundle": b"nothing"})
    assert (answer["code"], answer["detail"]) == ("tls-failed", "ca_bundle holds no certificate")


@pytest.mark.parametrize(("names", "days", "word"), [
    ("DNS:other.example", 2, "another"), ("IP:127.0.0.1", -1, "expired")])
def test_a_certificate_that_does_not_fit(authority: Authority, names: str, days: int, word: str) -> None:
    with listening(http(200), authority.certify(word, names, days)) as server:
        answer = ask(f"https://127.0.0.1:{server.port}", files={"ca_bundle": authority.bundle})
    assert pair(answer) == ("tls-failed", True)
    assert word in answer["detail"]


def test_a_certificate_of_another_time_and_a_clock_that_is_off(authority: Authority) -> None:
    with listening(http(200, ahead=-86_400), authority.certify("clock", days=-1)) as server:
        answer = ask(f"https://127.0.0.1:{server.port}", files={"ca_bundle": authority.bundle})
    assert (answer["code"], answer["detail"]) == ("clock-skew", "24 h ahead of the store's")
    assert b"Authorization" not in b"".join(server.requests), "no key goes to a server that is not verified"


def test_plain_http_where_tls_is_expected() -> None:
    with listening(http(200)) as server:
        answer = ask(f"https://127.0.0.1:{server.port}")
    assert (*pair(answer), answer["detail"]) == ("wrong-scheme", True, "plain HTTP, not TLS")


def test_tls_where_plain_http_is_expected(authority: Authority) -> None:
    with listening(http(200), authority.certify("tls")) as server:
        answer = ask(f"http://127.0.0.1:{server.port}")
    assert (*pair(answer), answer["detail"]) == ("wrong-scheme", True, "TLS, not plain HTTP")


def test_something_that_speaks_neither() -> None:
    with listening(lambda _head: b"220 mail.example ESMTP\r\n\r\n") as server:
        answer = ask(f"http://127.0.0.1:{server.port}")
    assert (*pair(answer), answer["detail"]) == ("unreachable", True, "the answer is no HTTP")


# The clock


@pytest.mark.parametrize(("ahead", "text"), [(3600.0, "60 min behind"), (-1200.0, "20 min ahead of")])
def test_a_clock_that_is_off_is_why_signatures_are_refused(ahead: float, text: str) -> None:
    with listening(http(403, error("AccessDenied"), ahead=ahead)) as server:
        answer = ask(f"http://127.0.0.1:{server.port}")
    assert (answer["code"], answer["detail"]) == ("clock-skew", f"{text} the store's")
    assert answer["skew"] == pytest.approx(-ahead, abs=5)


def test_a_clock_that_is_off_and_takes_no_harm_is_only_a_figure() -> None:
    with listening(http(200, EMPTY, ahead=400)) as server:
        answer = ask(f"http://127.0.0.1:{server.port}")
    assert answer["code"] == "" and answer["skew"] == pytest.approx(-400, abs=5)


# Answers of AWS that the S3 server of the tests does not give

SAYS = [
    (301, "PermanentRedirect", "<Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint>", "wrong-region"),
    (400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>", "wrong-region"),
    (400, "ExpiredToken", "", "credentials-expired"),
    (403, "InvalidAccessKeyId", "", "key-refused"),
    (403, "RequestTimeTooSkewed", "", "clock-skew"),
    (503, "SlowDown", "", "throttled"),
    (429, "TooManyRequests", "", "throttled"),
    (500, "InternalError", "", "store-error"),
]


@pytest.mark.parametrize(("status", "said", "more", "code"), SAYS, ids=[row[1] for row in SAYS])
def test_errors_as_aws_says_them(status: int, said: str, more: str, code: str) -> None:
    with listening(http(status, error(said, more), fields={"x-amz-bucket-region": "eu-west-1"})) as server:
        answer = ask(f"http://127.0.0.1:{server.port}")
    assert pair(answer) == (code, False)
    assert code != "wrong-region" or answer["detail"] == "expecting eu-west-1"
    lists = [head for head in server.requests if head.startswith(b"GET /here?") and b"Authorization" in head]
    assert len(lists) == (2 if code == "wrong-region" else 1), "boto3 does not try again"


@pytest.mark.parametrize(("looked_for", "code"), [("127.0.0.1", "host-unknown"), ("here", "bucket-missing")])
def test_a_missing_bucket_and_a_gateway_that_takes_its_own_name_for_one(looked_for: str, code: str) -> None:
    with listening(http(404, error("NoSuchBucket", f"<BucketName>{looked_for}</BucketName>"))) as server:
        assert pair(ask(f"http://127.0.0.1:{server.port}")) == (code, False)


def test_without_a_region_written_down_the_bucket_may_be_elsewhere() -> None:
    def answer(head: bytes) -> bytes:
        if b"/eu-west-1/s3/" in head or head.startswith(b"HEAD / "):
            return http(200, EMPTY)(head)
        return http(301, error("PermanentRedirect"), fields={"x-amz-bucket-region": "eu-west-1"})(head)

    with listening(answer) as server:
        url = f"http://127.0.0.1:{server.port}"
        assert ask(url, region="")["code"] == ""
        assert ask(url)["code"] == "wrong-region"


# Keys and buckets, at a real server


def test_all_is_well(here: str) -> None:
    assert ask(here)["code"] == ""  # boto3 comes with the first one
    answer = ask(here)
    assert (answer["code"], answer["detail"]) == ("", "")
    assert answer["seconds"] < QUICK
    assert abs(answer["skew"]) < 5


def test_no_bucket(here: str) -> None:
    assert pair(ask(here, "nowhere")) == ("bucket-missing", False)


@pytest.mark.parametrize("change", [(ADMIN.access_key, "WEEDNOBODY0000000001"), (ADMIN.secret_key, "wrong")],
                         ids=["key", "secret"])
def test_a_key_that_is_refused(here: str, change: tuple[str, str]) -> None:
    answer = ask(here, files={"credentials": KEYS.replace(*change)})
    assert pair(answer) == ("key-refused", False)
    assert "wrong" not in answer["detail"]


def test_a_key_that_may_not(here: str) -> None:
    assert pair(ask(here, files={"credentials": keys(GUEST)})) == ("access-denied", False)


def test_nobody_may_not_either(here: str) -> None:
    assert pair(ask(here, files={}, anonymous=True)) == ("access-denied", False)


@pytest.mark.parametrize(("text", "profile", "code"), [
    ("[other]\n", "", "no-credentials"), ("[default]\nregion=x\n", "", "no-credentials"),
    ("[default]\n", "kopah", "profile-missing"), ("no such file", "", "no-credentials")])
def test_files_without_the_keys(here: str, text: str, profile: str, code: str) -> None:
    assert ask(here, files={"config": text}, profile=profile)["code"] == code


def test_a_profile_by_name(here: str) -> None:
    assert ask(here, files={"config": KEYS.replace("[default]", "[profile kopah]")}, profile="kopah")["code"] == ""


def test_keys_that_a_program_makes_are_not_made_here(here: str, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    files = {"config": f"[default]\ncredential_process = /usr/bin/touch {trace}\n"}
    assert ask(here, files=files)["code"] == ""
    assert not trace.exists()


# The role of a machine


def test_without_files_the_machines_role_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    import json

    role = {"Code": "Success", "AccessKeyId": "MACHINEKEY", "SecretAccessKey": "s", "Token": "MACHINETOKEN",
            "Expiration": "2099-01-01T00:00:00Z"}

    def metadata(head: bytes) -> bytes:
        path = head.split(b" ")[1].decode()
        said = {"/latest/api/token": "t", "/latest/meta-data/iam/security-credentials/": "role",
                "/latest/meta-data/iam/security-credentials/role": json.dumps(role)}
        return http(200, said[path])(head)

    with listening(metadata) as machine, listening(http(200, EMPTY)) as store:
        monkeypatch.setattr("mountd.system.s3.clients._METADATA_URL", f"http://127.0.0.1:{machine.port}/")
        assert ask(f"http://127.0.0.1:{store.port}", files={})["code"] == ""
    signed = store.requests[-1].lower()
    assert b"credential=machinekey/" in signed and b"x-amz-security-token: machinetoken" in signed


def test_a_machine_without_a_role_has_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(http(200)) as store:
        monkeypatch.setattr("mountd.system.s3.clients._METADATA_URL", f"http://127.0.0.1:{closed_port()}/")
        answer = ask(f"http://127.0.0.1:{store.port}", files={})
    assert (answer["code"], answer["detail"]) == ("no-credentials", "no files, and the machine has no role")

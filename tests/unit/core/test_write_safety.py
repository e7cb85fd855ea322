"""From what was tried on a store to what is done about a mount's writes."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from mountd.core import write_safety
from mountd.core.messages import Cause
from mountd.core.write_safety import FRESH, Choice, Evidence, Known, Tried, Verdict, Way
from mountd.words.model import Credentials, Mount, OptionValue, Place

WELL, REFUSED = Tried(200), Tried(400, "XAmzContentSHA256Mismatch")
SEAWEEDFS = Evidence(WELL, WELL, etag=True, same=True, rename=Tried(404, "NoSuchKey"), server="SeaweedFS")
RGW18 = replace(SEAWEEDFS, rename=WELL, server="")
RGW16 = replace(RGW18, put=REFUSED, etag=False)
"""As measured with 4.48, 18.2.7 and 16.2.15."""


def known(evidence: Evidence) -> Known:
    return Known(evidence, "1.24.0", 1000.0)


def mount(policy: str = "auto", provider: str = "ceph", **options: OptionValue) -> Mount:
    given = {"endpoint_url": "http://s3.test/", "allow_delete": True, **options}
    return Mount("erdos", "bucket", "/srv/erdos", Place("m.toml", 1), provider=provider, write_safety=policy,
                 options=MappingProxyType(given))


def choose(one: Mount, known: Known | None, failed: Cause | None, no_front: Cause | None = None) -> Choice | None:
    return write_safety.choose(one, known, failed, None, no_front)


@pytest.mark.parametrize(("evidence", "verdict", "why"), [
    (SEAWEEDFS, Verdict.SAFE, ""),
    (replace(SEAWEEDFS, rename=Tried(501, "NotImplemented")), Verdict.SAFE, ""),
    (RGW18, Verdict.RENAME_UNSAFE, "it takes a rename for an upload of nothing"),
    (RGW16, Verdict.UNWRITABLE, "it refuses uploads with checksums: XAmzContentSHA256Mismatch"),
    (replace(RGW18, etag=False), Verdict.UNWRITABLE, "it names no ETag"),
    (replace(SEAWEEDFS, multipart=Tried(501)), Verdict.UNWRITABLE, "it refuses uploads in parts: status 501"),
    (replace(SEAWEEDFS, same=False), Verdict.UNWRITABLE, "it gave back other bytes"),
])
def test_the_verdict(evidence: Evidence, verdict: Verdict, why: str) -> None:
    found, text = write_safety.fold(evidence)
    assert found is verdict
    assert text.startswith(why)


def test_it_depends_on_what_the_mount_sends() -> None:
    refuses_checksums = replace(SEAWEEDFS, put=REFUSED)
    off = mount(upload_checksums="off")
    assert write_safety.judge(mount(), known(refuses_checksums), None)[0] is Verdict.UNWRITABLE
    assert write_safety.judge(off, known(refuses_checksums), None)[0] is Verdict.SAFE
    assert write_safety.judge(off, known(RGW16), None)[0] is Verdict.UNWRITABLE


def test_a_mount_s3_that_asks_for_no_renames_loses_nothing_by_them() -> None:
    assert write_safety.judge(mount(), known(RGW18), (1, 18, 0))[0] is Verdict.SAFE
    assert write_safety.judge(mount(), known(RGW18), (1, 19, 0))[0] is Verdict.RENAME_UNSAFE


@pytest.mark.parametrize("one", [mount(provider="aws"), mount(read_only=True), mount("trust")])
def test_who_needs_no_verdict_is_mounted_as_asked(one: Mount) -> None:
    assert not write_safety.is_asked(one)
    assert choose(one, known(RGW16), Cause("unreachable")) == Choice(Way.DIRECT)


def test_without_a_verdict_nothing_is_chosen() -> None:
    assert choose(mount(), None, None) is None
    assert choose(mount(), None, Cause("unreachable")) is None


def test_what_follows_from_a_verdict() -> None:
    def chosen(evidence: Evidence, policy: str = "auto", no_front: Cause | None = None) -> tuple[str, str]:
        found = choose(mount(policy), known(evidence), None, no_front)
        assert found is not None
        return found.way.value, found.cause.code if found.cause else ""

    away = Cause("rename-unsafe", "haproxy is not installed")
    for no_front in (None, away):
        assert chosen(SEAWEEDFS, no_front=no_front) == chosen(SEAWEEDFS, "read-only") == ("direct", "")
        assert chosen(RGW18, "read-only", no_front) == ("read-only", ""), "that is what was asked for"
        for policy in ("auto", "front", "read-only"):
            assert chosen(RGW16, policy, no_front) == ("read-only", "unwritable")
    assert chosen(RGW18) == chosen(SEAWEEDFS, "front") == ("front", "")
    assert chosen(RGW18, "auto", away) == chosen(RGW18, "front", away) == ("read-only", "rename-unsafe")


def test_a_verdict_holds_while_it_cannot_be_had_anew() -> None:
    assert choose(mount(), known(SEAWEEDFS), Cause("unreachable")) == Choice(Way.DIRECT)


def test_a_key_that_may_not_write_gets_a_mount_that_does_not() -> None:
    denied = Cause("write-denied", "AccessDenied")
    assert choose(mount(), None, denied) == Choice(Way.READ_ONLY, denied)
    anonymous = replace(mount(), credentials=Credentials(anonymous=True))
    assert choose(anonymous, None, denied) == Choice(Way.READ_ONLY), "nobody expected it to write"


def test_a_read_only_mount_has_no_options_for_writing() -> None:
    writable = mount(allow_overwrite=True, region="x")
    fitted = write_safety.fitted(writable, Way.READ_ONLY)
    assert dict(fitted.options) == {"endpoint_url": "http://s3.test/", "read_only": True, "region": "x"}
    assert write_safety.fitted(writable, Way.DIRECT) is writable
    assert write_safety.fitted(writable, Way.FRONT, "a1") == replace(writable, front="a1")


@pytest.mark.parametrize(("status", "code", "cause"), [
    (403, "AccessDenied", "write-denied"), (403, "QuotaExceeded", "store-full"), (507, "Full", "store-full"),
    (503, "SlowDown", "throttled"), (500, "InternalError", "store-error"), (307, "TemporaryRedirect", "wrong-region"),
    (200, "", None), (400, "XAmzContentSHA256Mismatch", None), (404, "NoSuchKey", None), (501, "NotImplemented", None),
])
def test_what_says_nothing_of_the_store(status: int, code: str, cause: str | None) -> None:
    found = write_safety.hindrance(status, code, "")
    assert (found.code if found else None) == cause


def test_it_is_kept_as_json_and_grows_old() -> None:
    one = known(RGW16)
    assert Known.read(one.plain()) == one
    assert not one.is_stale("1.24.0", 1000.0 + FRESH - 1)
    assert not one.is_stale("", 1000.0), "the version of mount-s3 is still being read"
    assert one.is_stale("1.24.0", 1000.0 + FRESH)
    assert one.is_stale("1.25.0", 1000.0)
    assert one.is_stale("1.24.0", 10.0), "a clock that was set back says nothing of age"


def test_endpoints_that_are_the_same() -> None:
    assert write_safety.endpoint(mount()) == write_safety.endpoint(mount(endpoint_url="http://s3.test"))

"""What keys may do, tried at a real server, with nothing left behind."""

from __future__ import annotations

from typing import Any

import pytest

from mountd.system.s3.access import task
from mountd.system.s3.rights import rights
from tests.s3 import asking
from tests.s3.asking import GUEST, LISTER, READER, keys
from tests.s3.seaweed import ADMIN, Identity
from tests.s3.servers import EMPTY, error, http, listening

LISTED = EMPTY.replace("</ListBucketResult>", "<Contents><Key>a</Key><Size>5</Size></Contents></ListBucketResult>")


def ask(endpoint: str, identity: Identity = ADMIN, *, writable: bool = True, **changed: Any) -> str:
    """The code, with the server's words behind it."""
    answer = asking.ask(task(rights), endpoint, files={"credentials": keys(identity)},
                        **{"writable": writable, "upload": {}, **changed})
    print(answer)
    return str(answer["code"])


@pytest.fixture(autouse=True)
def content(admin: Any) -> None:
    admin.put_object(Bucket="here", Key="runs/one", Body=b"12345")


def test_who_may_do_everything(here: str, admin: Any) -> None:
    def there() -> tuple[list[str], list[str]]:
        objects = admin.list_objects_v2(Bucket="here")["Contents"]
        uploads = admin.list_multipart_uploads(Bucket="here").get("Uploads", ())
        return [one["Key"] for one in objects], [one["Key"] for one in uploads]

    before = there()
    assert ask(here) == ""
    assert there() == before


def test_who_may_only_list(here: str) -> None:
    assert ask(here, LISTER) == "read-denied"
    assert ask(here, LISTER, prefix="none/", writable=False) == "", "there is nothing to read"


def test_who_may_only_read(here: str) -> None:
    assert ask(here, READER) == "write-denied"
    assert ask(here, READER, writable=False) == ""


def test_who_may_nothing_is_told_so_by_others(here: str) -> None:
    assert ask(here, GUEST, writable=False) == ""


def test_a_bucket_that_is_not_there_is_not_made(here: str, admin: Any) -> None:
    assert ask(here, bucket="nowhere") == ""
    assert "nowhere" not in [one["Name"] for one in admin.list_buckets()["Buckets"]]


@pytest.mark.parametrize(("status", "said", "code"), [
    (403, "QuotaExceeded", "store-full"), (507, "InsufficientStorage", "store-full"),
    (403, "AccessDenied", "write-denied"), (500, "InternalError", ""), (503, "SlowDown", ""),
    (501, "NotImplemented", "")])
def test_what_stores_say_to_an_upload(status: int, said: str, code: str) -> None:
    def answer(head: bytes) -> bytes:
        return http(200, EMPTY)(head) if head.startswith(b"GET ") else http(status, error(said))(head)

    with listening(answer) as store:
        assert ask(f"http://127.0.0.1:{store.port}") == code


def test_an_object_in_an_archive_is_no_matter_of_rights() -> None:
    def answer(head: bytes) -> bytes:
        return http(200, LISTED)(head) if b"list-type" in head else http(403, error("InvalidObjectState"))(head)

    with listening(answer) as store:
        assert ask(f"http://127.0.0.1:{store.port}", writable=False) == ""


def test_how_much_is_in_the_bucket_comes_with_it_where_it_is_told() -> None:
    fields = {"x-rgw-object-count": "3", "x-rgw-bytes-used": "70", "x-rgw-quota-bucket-size": "-1"}

    def answer(head: bytes) -> bytes:
        return http(200, EMPTY)(head) if head.startswith(b"GET ") else http(200, fields=fields)(head)

    with listening(answer) as store:
        there = f"http://127.0.0.1:{store.port}"
        told = asking.ask(task(rights), there, writable=False, upload={}, usage=True)
        assert told["usage"] == {"objects": 3, "bytes": 70}
        assert asking.ask(task(rights), there, writable=False, upload={})["usage"] == {}
    assert len([head for head in store.requests if head.startswith(b"HEAD ")]) == 1


def test_a_store_that_does_not_tell_how_much_there_is(here: str) -> None:
    told = asking.ask(task(rights), here, files={"credentials": keys(LISTER)}, writable=False, upload={}, usage=True)
    assert told["usage"] == {}


def test_who_pays_says_so() -> None:
    with listening(http(200, EMPTY)) as store:
        ask(f"http://127.0.0.1:{store.port}", writable=False, requester_pays=True)
    assert b"x-amz-request-payer: requester" in store.requests[-1].lower()

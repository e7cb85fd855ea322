"""Incomplete uploads of a real server: found, and aborted only below the prefix and only when they are old enough."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mountd.core.uploads import TRY, UNKNOWN
from mountd.system.s3.access import task
from mountd.system.s3.uploads import uploads
from mountd.words.errors import MountdError
from tests.s3 import asking
from tests.s3.servers import error, http, listening


def begin(admin: Any, key: str) -> str:
    number = str(admin.create_multipart_upload(Bucket="here", Key=key)["UploadId"])
    admin.upload_part(Bucket="here", Key=key, UploadId=number, PartNumber=1, Body=b"x")
    return number


def there(admin: Any) -> set[str]:
    return {one["Key"] for one in admin.list_multipart_uploads(Bucket="here").get("Uploads", ())}


def ask(endpoint: str, prefix: str, least_age: float, **changed: Any) -> dict[str, Any]:
    answer = asking.ask(task(uploads), endpoint, prefix=prefix, least_age=least_age, **changed)
    print(answer)
    return answer


def test_they_are_found_and_left_alone(here: str, admin: Any) -> None:
    begin(admin, "left/one")
    key = f"left/{TRY}of-another-mount"
    number = begin(admin, key)
    answer = ask(here, "left/", UNKNOWN)
    assert (answer["count"], answer["aborted"]) == (1, 0)
    assert -2 <= answer["oldest"] < 60
    assert ask(here, "left/", 3600)["aborted"] == 0, "it is too young"
    assert "left/one" in there(admin)
    admin.abort_multipart_upload(Bucket="here", Key=key, UploadId=number)


def test_old_ones_are_aborted_below_the_prefix_only(here: str, admin: Any) -> None:
    for key in ("mine/old", "mine", "other/old"):
        begin(admin, key)
    deadline = time.monotonic() + 10
    while ask(here, "mine/", UNKNOWN)["oldest"] < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    begin(admin, "mine/new")
    answer = ask(here, "mine/", 1.5)
    assert (answer["count"], answer["aborted"]) == (1, 1)
    assert there(admin) >= {"mine/new", "mine", "other/old"}
    assert "mine/old" not in there(admin)


def test_a_store_that_does_not_tell() -> None:
    with listening(http(403, error("AccessDenied"))) as store, pytest.raises(MountdError, match="access-denied"):
        ask(f"http://127.0.0.1:{store.port}", "", 1.0)

"""The tasks that make, measure, empty and remove a bucket. Long ones answer after a while with what they have come to.

What is done by ``budget`` (seconds) and how far it came is the answer; who asked asks on, and can stop between.
"""

import time
from collections.abc import Callable
from typing import Any

from mountd.system.s3.access import Access, refusal
from mountd.system.s3.usage import usage
from mountd.words.errors import MountdError

_MISSING = frozenset({"NotImplemented", "MethodNotAllowed", "UnsupportedOperation", "405", "501"})
"""What stores say to a call that they do not have."""
_DENIED = frozenset({"AccessDenied", "403"})
ALL_BLOCKED = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
_RULE = "s3mountd-abort-uploads"
_DONE, _HAS_NOT = "done", "not offered by this store"
_UNUSABLE = "this store would then refuse every upload"
_PROBE = ".s3mountctl-bucket"


def create(access: Access) -> dict[str, Any]:
    """Question besides: ``abort_days`` (0: no rule). Answer: ``public`` and ``lifecycle``: "done", or why not.

    Raises MountdError ``bucket-taken``.
    """
    s3, name = access.client(), access.bucket
    elsewhere = access.question["provider"] == "aws" and access.region != "us-east-1"
    place = {"CreateBucketConfiguration": {"LocationConstraint": access.region}} if elsewhere else {}
    s3.create_bucket(Bucket=name, **place)
    days = int(access.question["abort_days"])
    public = _block(s3, name)
    if public == _DONE and access.question["provider"] != "aws" and not _takes_uploads(s3, name):
        s3.delete_public_access_block(Bucket=name)
        public = _UNUSABLE
    return {"public": public, "lifecycle": _expire(s3, name, days) if days else ""}


def _block(s3: Any, name: str) -> str:
    def made() -> bool:
        said = s3.get_public_access_block(Bucket=name)
        return bool(said.get("PublicAccessBlockConfiguration") == ALL_BLOCKED)

    return _tried(lambda: s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=ALL_BLOCKED), made)


def _takes_uploads(s3: Any, name: str) -> bool:
    """RGW 16.2.15 and 18.2.7 answer every upload with 403 once BlockPublicAcls is set (measured)."""
    from botocore.exceptions import ClientError  # noqa: PLC0415  see clients

    try:
        s3.put_object(Bucket=name, Key=_PROBE, Body=b"")
        s3.delete_object(Bucket=name, Key=_PROBE)
    except ClientError as error:
        if refusal(error) in _DENIED:
            return False
        raise
    return True


def _expire(s3: Any, name: str, days: int) -> str:
    def made() -> bool:
        said = s3.get_bucket_lifecycle_configuration(Bucket=name)
        return any(rule.get("ID") == _RULE for rule in said.get("Rules", ()))

    return _tried(lambda: s3.put_bucket_lifecycle_configuration(
        Bucket=name, LifecycleConfiguration={"Rules": [_rule(days)]}), made)


def _rule(days: int) -> dict[str, Any]:
    return {"ID": _RULE, "Status": "Enabled", "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": days}}


def _tried(call: Callable[[], Any], made: Callable[[], bool]) -> str:
    """A store may take a sub-resource that it does not know for none, and say that all is well: it is asked again."""
    from botocore.exceptions import ClientError  # noqa: PLC0415  see clients

    try:
        call()
        return _DONE if made() else _HAS_NOT
    except ClientError as error:
        code = refusal(error)
        return _HAS_NOT if code in _MISSING else code


def size(access: Access) -> dict[str, Any]:
    """Question besides: ``budget``, ``token`` ("" to begin). Answer: ``objects`` and ``bytes`` counted now, ``token``
    ("" when all are), and ``usage``: what RGW itself says of the whole bucket, nothing elsewhere."""
    s3, token = access.client(), str(access.question["token"])
    end = time.monotonic() + float(access.question["budget"])
    found = {"objects": 0, "bytes": 0}
    first = not token
    while True:
        page = s3.list_objects_v2(Bucket=access.bucket, Prefix=str(access.question["prefix"]),
                                  **({"ContinuationToken": token} if token else {}))
        contents = page.get("Contents", ())
        found["objects"] += len(contents)
        found["bytes"] += sum(int(one["Size"]) for one in contents)
        token = page.get("NextContinuationToken", "") if page.get("IsTruncated") else ""
        if not token or time.monotonic() >= end:
            # After a LIST, whose answer says what is wrong; that to a HEAD has no words.
            return {**found, "usage": usage(s3, access.bucket) if first else {}, "token": token}


def contents(access: Access) -> dict[str, Any]:
    """Answer: ``empty``, and how much of each there is at least: ``objects`` and ``versions`` (delete markers are
    some), ``uploads``."""
    s3 = access.client()
    found = {kind: len(_page(s3, access.bucket, kind)) for kind in _KINDS}
    return {**found, "empty": not any(found.values())}


def empty(access: Access) -> dict[str, Any]:
    """Question besides: ``budget``. Answer: ``deleted`` (objects, versions and markers), ``aborted`` (uploads),
    ``left``: is there more? Raises MountdError ``access-denied``."""
    s3, name, begun = access.client(), access.bucket, time.monotonic()
    done = dict.fromkeys(_KINDS, 0)
    while time.monotonic() - begun < float(access.question["budget"]):
        kind, page = next(((kind, page) for kind in _KINDS if (page := _page(s3, name, kind))), ("", []))
        if not kind:
            return {"deleted": done["versions"] + done["objects"], "aborted": done["uploads"], "left": False}
        if kind == "uploads":
            for one in page:
                s3.abort_multipart_upload(Bucket=name, Key=one["Key"], UploadId=one["UploadId"])
        else:
            _delete(s3, name, page)
        done[kind] += len(page)
    return {"deleted": done["versions"] + done["objects"], "aborted": done["uploads"], "left": True}


_KINDS = ("versions", "objects", "uploads")
"""What can be in a bucket. Versions go first: with them go the objects, where the store has versions."""


def _page(s3: Any, bucket: str, kind: str) -> list[dict[str, Any]]:
    """Some of what is there of a kind."""
    if kind == "objects":
        return list(s3.list_objects_v2(Bucket=bucket).get("Contents", ()))
    from botocore.exceptions import ClientError  # noqa: PLC0415  see clients

    try:
        if kind == "uploads":
            return list(s3.list_multipart_uploads(Bucket=bucket).get("Uploads", ()))
        said = s3.list_object_versions(Bucket=bucket)
    except ClientError as error:
        if refusal(error) in _MISSING:
            return []
        raise
    return [*said.get("Versions", ()), *said.get("DeleteMarkers", ())]


def _delete(s3: Any, bucket: str, page: list[dict[str, Any]]) -> None:
    names = [{key: one[key] for key in ("Key", "VersionId") if key in one} for one in page]
    refused = s3.delete_objects(Bucket=bucket, Delete={"Objects": names, "Quiet": True}).get("Errors", ())
    for one in refused:
        raise MountdError("access-denied", f"{one.get('Code', '')} for {one.get('Key', '')}")


def remove(access: Access) -> dict[str, Any]:
    """Answer: ``removed``; False for a bucket that is not empty, which is left as it is."""
    # SeaweedFS 4.48 removes a bucket with all that is in it (measured), so nothing is left to the store.
    if not contents(access)["empty"]:
        return {"removed": False}
    access.client().delete_bucket(Bucket=access.bucket)
    return {"removed": True}

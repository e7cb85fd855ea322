"""The task ``rights``: what a mount's keys may do at its bucket, which mount-s3 does not ask before somebody needs it.

Question: that of ``access``, and ``writable``, ``upload`` (parameters of a new object, as boto3 calls them), ``usage``
(is the store to be asked how much is in the bucket?). Nothing is left behind: reading takes one byte of an object, and
the upload that is begun for a try, one byte below the prefix, is given up again. Answer: ``code`` ("" when all is well,
or when it could not be found out), ``detail``, and ``usage`` as the module of that name has it.
"""

import contextlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mountd.core import diagnosis
from mountd.core.messages import Cause
from mountd.core.uploads import TRY
from mountd.system.answering import Question
from mountd.system.s3.access import Access
from mountd.system.s3.usage import usage

TRIED = 3
"""Objects that are tried: a policy may let some of them be read."""
_LISTED = 20


def rights(access: Access) -> dict[str, Any]:
    """Try it. Raises what boto3 raises where the store cannot be reached."""
    s3, question = access.client(), access.question
    keys = _listed(s3, question)
    cause, told = None, {}
    # An upload to a bucket that is not there makes one at SeaweedFS 4.48, with the key of an administrator.
    if keys is not None:
        cause = _read(s3, question, keys) or (_write(s3, question) if question["writable"] else None)
        # After a LIST, whose refusal has words; that of a HEAD has none.
        told = _usage(s3, access.bucket) if question.get("usage") else {}
    return {"code": cause.code if cause else "", "detail": cause.detail if cause else "", "usage": told}


def _usage(s3: Any, bucket: str) -> dict[str, int]:
    told: dict[str, int] = {}
    with _refused():
        told = usage(s3, bucket)
    return told


def _listed(s3: Any, question: Question) -> list[str] | None:
    """Objects that can be tried, None when the store does not list the bucket: then nothing is tried at all."""
    said: dict[str, Any] = {}
    with _refused() as refusals:
        said = s3.list_objects_v2(Bucket=question["bucket"], Prefix=question["prefix"], MaxKeys=_LISTED)
    return None if refusals else [one["Key"] for one in said.get("Contents", ()) if one["Size"]][:TRIED]


def _read(s3: Any, question: Question, keys: Sequence[str]) -> Cause | None:
    cause = None
    for key in keys:
        with _refused() as refusals:
            s3.get_object(Bucket=question["bucket"], Key=key, Range="bytes=0-0")["Body"].close()
        cause = diagnosis.of_right(refusals[0], "read-denied") if refusals else None
        if cause is None:
            return None
    return cause


def _write(s3: Any, question: Question) -> Cause | None:
    where = {"Bucket": question["bucket"], "Key": f"{question['prefix']}{TRY}{secrets.token_hex(8)}"}
    upload = ""
    try:
        with _refused() as refusals:
            upload = s3.create_multipart_upload(**where, **question["upload"])["UploadId"]
            s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=b"x")
    finally:
        if upload:
            with _refused():
                s3.abort_multipart_upload(**where, UploadId=upload)
    return diagnosis.of_right(refusals[0], "write-denied") if refusals else None


@contextlib.contextmanager
def _refused() -> Iterator[list[Mapping[str, Any]]]:
    """Error answers of the store within the block, at most one."""
    from botocore.exceptions import ClientError  # noqa: PLC0415  see clients

    refusals: list[Mapping[str, Any]] = []
    try:
        yield refusals
    except ClientError as error:
        refusals.append(error.response)

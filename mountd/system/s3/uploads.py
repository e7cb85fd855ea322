"""The task ``uploads``: the incomplete multipart uploads below a mount's prefix; those that are old enough are aborted.

Question: that of ``access``, and ``least_age`` (seconds, see ``core.uploads``; none is aborted without it, or when it
is negative). Answer: ``count`` and ``oldest`` (seconds) of what is left, ``aborted``, and ``more`` when there were too
many to list.
"""

from email.utils import parsedate_to_datetime
from typing import Any

from mountd.core.uploads import UNKNOWN, Upload, abortable
from mountd.system.answering import Question
from mountd.system.s3.access import Access, refusal

_PAGES = 5
"""Of a thousand uploads each; the rest is for the next day."""


def uploads(access: Access) -> dict[str, Any]:
    """List, abort. Raises what boto3 raises where the store cannot be reached."""
    s3, question = access.client(), access.question
    listed, more = _listed(s3, question)
    found = [one for one in listed if not one.is_try]
    old = abortable(found, str(question["prefix"]), float(question.get("least_age", UNKNOWN)))
    gone = [one for one in old if _aborted(s3, access.bucket, one)]
    left = [one.age for one in found if one not in gone]
    return {"count": len(left), "oldest": max(left, default=0.0), "aborted": len(gone), "more": more}


def _listed(s3: Any, question: Question) -> tuple[list[Upload], bool]:
    pages = s3.get_paginator("list_multipart_uploads").paginate(
        Bucket=question["bucket"], Prefix=question["prefix"], PaginationConfig={"MaxItems": 1000 * _PAGES})
    found: list[Upload] = []
    truncated = False
    for page in pages:
        now = parsedate_to_datetime(page["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp()
        found += [Upload(one["Key"], one["UploadId"], now - one["Initiated"].timestamp())
                  for one in page.get("Uploads", ())]
        truncated = bool(page.get("IsTruncated"))
    return found, truncated


def _aborted(s3: Any, bucket: str, upload: Upload) -> bool:
    from botocore.exceptions import ClientError  # noqa: PLC0415  see clients

    try:
        s3.abort_multipart_upload(Bucket=bucket, Key=upload.key, UploadId=upload.number)
    except ClientError as error:
        # It is gone already: completed or aborted meanwhile.
        return refusal(error) == "NoSuchUpload"
    return True

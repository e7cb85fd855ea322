"""The tasks that prove by doing what a mount does: read an object, write one and take it away again."""

import os
import time
from typing import Any

from mountd.core import exposure
from mountd.system.s3.access import Access, refusal
from mountd.system.s3.policy import said
from mountd.words.errors import MountdError

_LOOKED_AT = 100
_PROBE = b"s3mountctl doctor --write\n"


def reading(access: Access) -> dict[str, Any]:
    """Read one byte of an object below the prefix. Answer: ``key`` ("" when there is none to be read), ``seconds``."""
    s3 = access.client()
    listed = s3.list_objects_v2(Bucket=access.bucket, Prefix=str(access.question["prefix"]), MaxKeys=_LOOKED_AT)
    key = next((one["Key"] for one in listed.get("Contents", ()) if one["Size"] and not one["Key"].endswith("/")), "")
    begun = time.monotonic()
    if key:
        s3.get_object(Bucket=access.bucket, Key=key, Range="bytes=0-0")["Body"].read()
    return {"key": key, "seconds": time.monotonic() - begun}


def writing(access: Access) -> dict[str, Any]:
    """Store an object below the prefix, read it, and delete it. Answer: ``key``, ``same`` (it was read as written),
    ``deleted``: "" when it is gone, else the code of the refusal."""
    from botocore.exceptions import ClientError  # noqa: PLC0415  see clients

    s3, key = access.client(), f"{access.question['prefix']}.s3mountctl-doctor-{os.urandom(8).hex()}"
    s3.put_object(Bucket=access.bucket, Key=key, Body=_PROBE)
    deleted = ""
    try:
        same = s3.get_object(Bucket=access.bucket, Key=key)["Body"].read() == _PROBE
    except ClientError as error:
        if refusal(error) != "AccessDenied":
            raise MountdError("store-error", f"what was written cannot be read: {refusal(error)}") from error
        same = False
    finally:
        try:
            s3.delete_object(Bucket=access.bucket, Key=key)
        except ClientError as error:
            deleted = refusal(error)
    return {"key": key, "same": same, "deleted": deleted}


def lifecycle(access: Access) -> dict[str, Any]:
    """Answer: ``findings``, one on the rule that aborts uploads."""
    return {"findings": [exposure.lifecycle(said(access.client().get_bucket_lifecycle_configuration,
                                                 access.bucket)).plain]}

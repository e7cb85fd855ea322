"""The task ``policy``: who can get at a bucket, as far as the store tells, and what it does by itself."""

from collections.abc import Callable
from typing import Any

from mountd.core import exposure
from mountd.system.s3.access import Access, refusal

_CALLS: dict[str, str] = {
    "block": "get_public_access_block",
    "status": "get_bucket_policy_status",
    "policy": "get_bucket_policy",
    "acl": "get_bucket_acl",
    "versioning": "get_bucket_versioning",
    "encryption": "get_bucket_encryption",
    "lifecycle": "get_bucket_lifecycle_configuration",
}


def policy(access: Access) -> dict[str, Any]:
    """Answer: ``findings``, each as ``core.findings`` has them."""
    s3 = access.client()
    # Whether there is such a bucket, and the key may see it, before all else. Raises MountdError.
    s3.list_objects_v2(Bucket=access.bucket, Prefix=str(access.question["prefix"]), MaxKeys=1)
    told = {name: said(getattr(s3, call), access.bucket) for name, call in _CALLS.items()}
    return {"findings": [one.plain for one in exposure.findings(told, str(access.question["provider"]))]}


def said(call: Callable[..., Any], bucket: str) -> exposure.Said:
    """What a store says of a setting, or that it does not."""
    from botocore.exceptions import ClientError  # noqa: PLC0415  see clients

    try:
        return exposure.Said(call(Bucket=bucket))
    except ClientError as error:
        return exposure.Said({}, refusal(error))

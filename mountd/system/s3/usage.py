"""What Ceph's gateway tells of a bucket by itself: how much is in it, and how much may be."""

from typing import Any

_HEADERS = {
    "objects": "x-rgw-object-count", "bytes": "x-rgw-bytes-used", "quota_bytes": "x-rgw-quota-bucket-size",
    "quota_objects": "x-rgw-quota-bucket-objects", "user_quota_bytes": "x-rgw-quota-user-size",
    "user_quota_objects": "x-rgw-quota-user-objects",
}
"""Headers of RGW's answer to HEAD of a bucket (research note ceph.md, 5; rgw_rest_s3.cc)."""


def usage(s3: Any, bucket: str) -> dict[str, int]:
    """By the names above; nothing at other stores. Raises what boto3 raises."""
    headers = s3.head_bucket(Bucket=bucket)["ResponseMetadata"].get("HTTPHeaders", {})
    said = {name: headers.get(header, "") for name, header in _HEADERS.items()}
    # A quota that is not set is -1.
    return {name: int(text) for name, text in said.items() if text.isdecimal()}

"""The tasks ``identity`` and ``buckets``: who one is to the store, and what one has there."""

from collections.abc import Mapping
from typing import Any

from mountd.system.s3.access import Access, refusal

_STS = "aws"
"""STS answers GetCallerIdentity on AWS and nowhere else: RGW 405, SeaweedFS 503 (research note s3-servers.md)."""
_UNTOLD = frozenset({"AccessDenied", "AllAccessDisabled", "NotImplemented", "MethodNotAllowed"})
_SHOWN = 4


def identity(access: Access) -> dict[str, Any]:
    """Answer: ``by`` ("sts", "buckets", "" when the store knows the key and does not tell whose it is, "anonymous"),
    ``account``, ``arn``, ``user``, ``key`` (the key's number, but for its middle), ``skew``."""
    if access.keys is None:
        return _told("anonymous")
    if access.question["provider"] == _STS:
        said = access.client("sts").get_caller_identity()
        return _told("sts", access, account=said["Account"], arn=said["Arn"], user=said["UserId"])
    from botocore.exceptions import ClientError  # noqa: PLC0415  see clients

    try:
        owner = access.client().list_buckets().get("Owner", {})
    except ClientError as error:
        if refusal(error) not in _UNTOLD:
            raise
        return _told("", access)
    return _told("buckets", access, account=owner.get("ID", ""), user=owner.get("DisplayName", ""))


def _told(by: str, access: Access | None = None, **said: str) -> dict[str, Any]:
    number = access.keys.access if access is not None and access.keys is not None else ""
    key = f"{number[:_SHOWN]}…{number[-_SHOWN:]}" if len(number) > 3 * _SHOWN else "…" * bool(number)
    return {"by": by, "account": "", "arn": "", "user": "", **said, "key": key}


def buckets(access: Access) -> dict[str, Any]:
    """Answer: ``buckets``: name and time of making (RFC 3339, "" where the store does not say), by name."""
    said = access.client().list_buckets()
    return {"buckets": sorted(map(_bucket, said.get("Buckets", ())), key=lambda one: str(one["name"]))}


def _bucket(said: Mapping[str, Any]) -> dict[str, str]:
    made = said.get("CreationDate")
    return {"name": said["Name"], "created": made.isoformat() if made else ""}

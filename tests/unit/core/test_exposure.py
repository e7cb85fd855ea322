"""Settings of a bucket as findings: who can get at it."""

from typing import Any

import pytest

from mountd.core import exposure
from mountd.core.exposure import Said
from mountd.core.findings import Finding, Level, worst
from mountd.core.verdict import Exit

ALL = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
QUIET: dict[str, Said] = {
    "block": Said({"PublicAccessBlockConfiguration": ALL}), "status": Said({}, "NoSuchBucketPolicy"),
    "policy": Said({}, "NoSuchBucketPolicy"), "acl": Said({"Grants": [{"Grantee": {"ID": "me"}}]}),
    "versioning": Said({"Status": "Enabled"}), "encryption": Said({}, "ServerSideEncryptionConfigurationNotFoundError"),
    "lifecycle": Said({"Rules": [{"Status": "Enabled", "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}}]}),
}
OPEN = '{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}}'
NARROW = ('{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:*", "Resource": "*", '
          '"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}]}')


def one(name: str, provider: str = "aws", **changed: Said) -> Finding:
    return next(row for row in exposure.findings({**QUIET, **changed}, provider) if row.name == name)


def test_a_bucket_that_is_closed_is_well() -> None:
    assert worst(exposure.findings(QUIET, "aws")) is Exit.WELL


@pytest.mark.parametrize(("name", "changed", "level"), [
    ("public access block", {"block": Said({}, "NoSuchPublicAccessBlockConfiguration")}, Level.WARNING),
    ("public access block", {"block": Said({"PublicAccessBlockConfiguration": {**ALL, "BlockPublicAcls": False}})},
     Level.WARNING),
    ("public access block", {"block": Said({}, "NotImplemented")}, Level.SKIPPED),
    ("policy", {"status": Said({"PolicyStatus": {"IsPublic": True}}), "policy": Said({"Policy": OPEN})}, Level.BAD),
    ("policy", {"status": Said({}, "NotImplemented"), "policy": Said({"Policy": OPEN})}, Level.BAD),
    ("policy", {"status": Said({}, "NotImplemented"), "policy": Said({"Policy": NARROW})}, Level.OK),
    ("policy", {"status": Said({}, "NotImplemented"), "policy": Said({"Policy": "nonsense"})}, Level.SKIPPED),
    ("policy", {"status": Said({}, "AccessDenied"), "policy": Said({}, "AccessDenied")}, Level.SKIPPED),
    ("ACL", {"acl": Said({"Grants": [{"Grantee": {"URI": exposure._ALL_USERS}}]})}, Level.BAD),
    ("ACL", {"acl": Said({"Grants": [{"Grantee": {"URI": exposure._ANY_ACCOUNT}}]})}, Level.BAD),
    ("ACL", {"acl": Said({}, "AccessDenied")}, Level.SKIPPED),
    ("lifecycle", {"lifecycle": Said({}, "NoSuchLifecycleConfiguration")}, Level.SKIPPED),
    ("lifecycle", {"lifecycle": Said({"Rules": [{"Status": "Disabled", "AbortIncompleteMultipartUpload": {}}]})},
     Level.SKIPPED),
])
def test_each_setting(name: str, changed: dict[str, Any], level: Level) -> None:
    assert one(name, **changed).level is level


@pytest.mark.parametrize(("provider", "on", "level"), [
    ("ceph", True, Level.BAD), ("ceph", False, Level.SKIPPED), ("other", True, Level.OK),
    ("other", False, Level.SKIPPED)])
def test_what_protects_on_aws_refuses_every_upload_on_ceph(provider: str, on: bool, level: Level) -> None:
    block = QUIET["block"] if on else Said({}, "NoSuchPublicAccessBlockConfiguration")
    assert one("public access block", provider, block=block).level is level

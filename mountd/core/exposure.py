"""What the settings of a bucket mean for who can get at it. Pure; names are those of the Amazon S3 API Reference."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mountd.core.findings import Finding, Level, ok, skipped

_ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
_ANY_ACCOUNT = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
_NONE_SET = frozenset({"NoSuchPublicAccessBlockConfiguration", "NoSuchBucketPolicy", "NoSuchLifecycleConfiguration",
                       "ServerSideEncryptionConfigurationNotFoundError"})
"""What S3 says where a setting is not made."""


@dataclass(frozen=True)
class Said:
    """An answer, or the code of the refusal."""

    answer: Mapping[str, Any] = field(default_factory=dict)
    refused: str = ""

    @property
    def is_unset(self) -> bool:
        """The store knows the setting and it is not made."""
        return self.refused in _NONE_SET

    @property
    def is_untold(self) -> bool:
        """The store does not have it, or does not tell this key."""
        return bool(self.refused) and not self.is_unset


def findings(said: Mapping[str, Said], provider: str) -> list[Finding]:
    """A line for each setting: ``block``, ``status`` with ``policy``, ``acl``, ``versioning``, ``encryption``,
    ``lifecycle``."""
    return [_policy(said["status"], said["policy"]), _acl(said["acl"]), _block(said["block"], provider),
            _versioning(said["versioning"]), _encryption(said["encryption"]), lifecycle(said["lifecycle"])]


def _untold(name: str, said: Said) -> Finding:
    return skipped(name, f"not told by this store ({said.refused})")


def _block(said: Said, provider: str) -> Finding:
    name = "public access block"
    if said.is_untold:
        return _untold(name, said)
    made = said.answer.get("PublicAccessBlockConfiguration", {})
    if provider == "ceph" and made.get("BlockPublicAcls"):
        # RGW 16.2.15 and 18.2.7 (measured).
        return Finding(name, Level.BAD, "on, with which this store refuses every upload",
                       "run: aws s3api delete-public-access-block")
    if made and all(made.values()):
        return ok(name, "on: nobody can make the bucket public by mistake")
    if provider != "aws":
        return skipped(name, "off; on Ceph it must be, or every upload is refused")
    return Finding(name, Level.WARNING, "off, or in part: a policy or an ACL can make the bucket public",
                   "aws s3api put-public-access-block (all four settings true)")


def _policy(status: Said, policy: Said) -> Finding:
    name = "policy"
    if policy.is_unset or status.is_unset:
        return ok(name, "none: only the owner's keys count")
    if status.answer:
        public = bool(status.answer.get("PolicyStatus", {}).get("IsPublic"))
    elif policy.is_untold:
        return _untold(name, policy)
    else:
        try:
            public = any(map(_is_for_all, _statements(str(policy.answer.get("Policy", "")))))
        except (ValueError, AttributeError):
            return skipped(name, "there is one, and it cannot be read")
    if public:
        return Finding(name, Level.BAD, "everybody can get at the bucket",
                       "aws s3api get-bucket-policy, and take out what names everybody")
    return ok(name, "there is one, and it does not name everybody")


def _statements(text: str) -> Iterator[Mapping[str, Any]]:
    listed = json.loads(text).get("Statement", [])
    yield from listed if isinstance(listed, list) else [listed]


def _is_for_all(statement: Mapping[str, Any]) -> bool:
    """A condition may narrow it, so only one without counts."""
    principal = statement.get("Principal")
    named = principal.get("AWS") if isinstance(principal, Mapping) else principal
    everybody = named == "*" or (isinstance(named, list) and "*" in named)
    return everybody and statement.get("Effect") == "Allow" and not statement.get("Condition")


def _acl(said: Said) -> Finding:
    name = "ACL"
    if said.refused:
        return _untold(name, said)
    groups = {grant.get("Grantee", {}).get("URI") for grant in said.answer.get("Grants", ())}
    if _ALL_USERS in groups or _ANY_ACCOUNT in groups:
        whom = "everybody" if _ALL_USERS in groups else "every AWS account"
        return Finding(name, Level.BAD, f"{whom} has rights on the bucket", "aws s3api put-bucket-acl --acl private")
    return ok(name, "only named accounts")


def _versioning(said: Said) -> Finding:
    name = "versioning"
    if said.refused:
        return _untold(name, said)
    status = said.answer.get("Status")
    if status == "Enabled":
        return ok(name, "on: what is overwritten or deleted is kept as an older version, and costs")
    return ok(name, "off: what is overwritten or deleted is gone")


def _encryption(said: Said) -> Finding:
    name = "encryption"
    if said.is_untold:
        return _untold(name, said)
    rules = said.answer.get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
    used = [rule.get("ApplyServerSideEncryptionByDefault", {}).get("SSEAlgorithm", "") for rule in rules]
    return ok(name, ", ".join(filter(None, used)) or "no default")


def lifecycle(said: Said) -> Finding:
    """Are uploads that were never ended taken away?"""
    name = "lifecycle"
    if said.is_untold:
        return _untold(name, said)
    rules = [rule for rule in said.answer.get("Rules", ()) if rule.get("Status") == "Enabled"]
    days = [rule["AbortIncompleteMultipartUpload"].get("DaysAfterInitiation") for rule in rules
            if "AbortIncompleteMultipartUpload" in rule]
    if days:
        return ok(name, f"uploads that were not ended are aborted after {min(days)} days")
    # A remark, for most buckets do without; uploads that are there are found by doctor.
    return Finding(name, Level.SKIPPED, "no rule aborts uploads that were not ended: their parts stay, and cost",
                   "add a rule with AbortIncompleteMultipartUpload to the bucket's lifecycle")

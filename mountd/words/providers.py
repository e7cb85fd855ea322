"""Kinds of S3 stores: one row each, giving the values that a mount of that provider starts from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mountd.words.model import OptionValue


@dataclass(frozen=True)
class Preset:
    """One provider. ``options`` count where neither the mount nor ``[defaults]`` says otherwise."""

    name: str
    title: str
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    needs_endpoint: bool = True


# Path style because a bucket's own host name needs wildcard DNS, which such stores seldom have; a region because
# mount-s3 signs for us-east-1 without one and warns, and these stores take any.
_ELSEWHERE: Mapping[str, OptionValue] = {"region": "us-east-1", "force_path_style": True}

PROVIDERS: dict[str, Preset] = {
    row.name: row
    for row in (
        Preset("aws", "Amazon S3", needs_endpoint=False),
        Preset("ceph", "Ceph Object Gateway (RGW)", _ELSEWHERE),
        Preset("minio", "MinIO", _ELSEWHERE),
        Preset("seaweedfs", "SeaweedFS", _ELSEWHERE),
        Preset("other", "any other store that speaks S3", _ELSEWHERE),
    )
}
DEFAULT = "aws"

LATER_REGIONS = frozenset({
    "ap-east-2", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1", "il-central-1",
    "mx-central-1",
})
"""AWS regions that opened after the boto3 of Debian 12 was made, which therefore does not list them."""

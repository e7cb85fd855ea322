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
    rename: str = ""
    """What a rename through a writable mount does there when it is not right; empty where it is refused or works."""


# Path style because a bucket's own host name needs wildcard DNS, which such stores seldom have; a region because
# mount-s3 signs for us-east-1 without one and warns, and these stores take any.
_ELSEWHERE: Mapping[str, OptionValue] = {"region": "us-east-1", "force_path_style": True}

# Since 1.19 mount-s3 asks every store for a rename that only S3 Express has, and takes 200 for done. Ceph RGW 16.2 and
# 18.2 take it for an upload of nothing (measured with 1.24).
_EMPTIES = "on Ceph mv, sed -i and rsync leave empty files and report success"
_UNTRIED = "whether mv, sed -i and rsync leave empty files on this store has not been tried"

PROVIDERS: dict[str, Preset] = {
    row.name: row
    for row in (
        Preset("aws", "Amazon S3", needs_endpoint=False),
        Preset("ceph", "Ceph Object Gateway (RGW)", _ELSEWHERE, rename=_EMPTIES),
        Preset("minio", "MinIO", _ELSEWHERE, rename=_UNTRIED),
        Preset("seaweedfs", "SeaweedFS", _ELSEWHERE),
        Preset("other", "any other store that speaks S3", _ELSEWHERE, rename=_UNTRIED),
    )
}
DEFAULT = "aws"

LATER_REGIONS = frozenset({
    "ap-east-2", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1", "il-central-1",
    "mx-central-1",
})
"""AWS regions that opened after the boto3 of Debian 12 was made, which therefore does not list them."""

"""Kinds of S3 stores: one row each, with what a mount starts from there and what is known to be different.

``proven`` names what was measured with mount-s3 1.24; the rows without it stand on the provider's own documents.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from mountd.words.model import OptionValue


@dataclass(frozen=True)
class Limit:
    """Something that is different at a store; ``source`` is a measurement or a document."""

    code: str
    text: str
    source: str


@dataclass(frozen=True)
class Preset:
    """One provider. ``options`` count where neither the mount nor ``[defaults]`` says otherwise."""

    name: str
    title: str
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    needs_endpoint: bool = True
    rename: str = ""
    """What a rename through a writable mount does there when it is not right; empty where it is refused or works."""
    hosts: str = ""
    """What the whole host of ``endpoint_url`` matches at this provider and nowhere else; a group is the region."""
    answers: Mapping[str, str] = field(default_factory=dict)
    """A header of its answers, in lower case, and what the whole of it matches there and nowhere else."""
    endpoint: str = "https://s3.example.org"
    """What ``endpoint_url`` looks like."""
    has_sts: bool = False
    """Can it give temporary credentials by STS?"""
    tells_usage: bool = False
    """May it tell, asked for a bucket alone, how much is in it? Only Ceph's gateway does."""
    proven: str = ""
    limits: tuple[Limit, ...] = ()

    def region(self, url: str) -> str:
        """The region that the endpoint's host names, or nothing."""
        found = _host_match(self, url)
        return (found.groupdict().get("region") or "") if found else ""


# Path style because a bucket's own host name needs wildcard DNS, which such stores seldom have; a region because
# mount-s3 signs for us-east-1 without one and warns, and these stores take any.
_ELSEWHERE: Mapping[str, OptionValue] = {"region": "us-east-1", "force_path_style": True}

# Since 1.19 mount-s3 asks every store for a rename that only S3 Express has, and takes 200 for done. Ceph RGW 16.2 and
# 18.2 take it for an upload of nothing (measured with 1.24).
_EMPTIES = "on Ceph mv, sed -i and rsync leave empty files and report success"
_UNTRIED = "whether mv, sed -i and rsync leave empty files on this store has not been tried"

_MEASURED = "measured with mount-s3 1.24"
_RENAME = Limit("rename", _EMPTIES, f"{_MEASURED} on RGW 16.2.15 and 18.2.7")
_RENAME_UNTRIED = Limit("rename", _UNTRIED, "mount-s3 since 1.19 asks every store for a rename")

_CEPH_LIMITS = (
    _RENAME,
    Limit("write", "RGW 16.2 refuses the checksums of mount-s3's uploads: every write ends in an error",
          f"{_MEASURED} on RGW 16.2.15"),
    Limit("public-access-block", "with BlockPublicAcls set RGW refuses every upload, the owner's too; buckets are "
          "private without it", "measured on RGW 16.2.15 and 18.2.7"),
    Limit("host-name", "a gateway that does not know the host name in endpoint_url takes it for a bucket's name and "
          "says that the bucket does not exist (host-unknown)", f"{_MEASURED} on RGW 16.2.15 and 18.2.7"),
)

_ROWS = (
    Preset("aws", "Amazon S3", needs_endpoint=False, has_sts=True, endpoint="none: found by the region", limits=(
        Limit("rename", "mv of a file is refused, but on S3 Express directory buckets",
              "Mountpoint for Amazon S3, SEMANTICS.md"),)),
    # Every answer of RGW 16.2.15 and 18.2.7 has such a number (measured), refusals too; Swift's end after the second -.
    Preset("ceph", "Ceph Object Gateway (RGW)", _ELSEWHERE, rename=_EMPTIES, has_sts=False, tells_usage=True,
           answers={"x-amz-request-id": r"tx[0-9a-f]{21}-[0-9a-f]{10}-[0-9a-f]+-.+"},
           proven="RGW 16.2.15 (reading) and 18.2.7", limits=_CEPH_LIMITS),
    # Said in every answer: MinIO, cmd/api-headers.go.
    Preset("minio", "MinIO", _ELSEWHERE, rename=_UNTRIED, endpoint="http://minio.example.org:9000", has_sts=True,
           answers={"server": r"MinIO\b.*"}, limits=(_RENAME_UNTRIED,)),
    Preset("seaweedfs", "SeaweedFS", _ELSEWHERE, endpoint="http://seaweed.example.org:8333",
           answers={"server": r"SeaweedFS\b.*"}, proven="4.48"),
    Preset("wasabi", "Wasabi", _ELSEWHERE, rename=_UNTRIED, endpoint="https://s3.eu-central-1.wasabisys.com",
           hosts=r"s3(?:\.(?P<region>[a-z0-9-]+))?\.wasabisys\.com", has_sts=True, limits=(
               _RENAME_UNTRIED,
               Limit("path-style", "path style is what Wasabi recommends", "Wasabi, REST API introduction"))),
    Preset("cloudflare-r2", "Cloudflare R2", {**_ELSEWHERE, "region": "auto"}, rename=_UNTRIED,
           endpoint="https://ACCOUNT.r2.cloudflarestorage.com",
           hosts=r"[0-9a-z]+(?:\.(?:eu|fedramp))?\.r2\.cloudflarestorage\.com", limits=(
               _RENAME_UNTRIED,
               Limit("region", 'the region is "auto"', "Cloudflare, R2: S3 API compatibility"),
               Limit("checksums", "CRC32C, which mount-s3 sends with uploads, was not taken at first: try a write "
                     "before you rely on it", "Cloudflare's forum, April 2025"))),
    Preset("backblaze-b2", "Backblaze B2", _ELSEWHERE, rename=_UNTRIED,
           endpoint="https://s3.us-west-004.backblazeb2.com",
           hosts=r"s3\.(?P<region>[a-z0-9-]+)\.backblazeb2\.com", limits=(
               _RENAME_UNTRIED,
               Limit("keys", "the master key does not work here: make an application key",
                     "Backblaze, Introduction to the S3-compatible API"),
               Limit("https", "plain http is refused", "Backblaze, Call the S3-compatible API"),
               Limit("checksums", "uploads with checksums were refused until 2025: try a write before you rely on it",
                     "users' reports"))),
    Preset("gcs", "Google Cloud Storage (XML API)", {**_ELSEWHERE, "region": "auto"}, rename=_UNTRIED,
           endpoint="https://storage.googleapis.com", hosts=r"storage\.googleapis\.com", limits=(
               _RENAME_UNTRIED,
               Limit("keys", "needs an HMAC key of a service account", "Google Cloud, HMAC keys"),
               Limit("write", "uploads in signed chunks are not taken by the XML API: expect writes to fail",
                     "users' reports"))),
    Preset("garage", "Garage", {**_ELSEWHERE, "region": "garage"}, rename=_UNTRIED,
           endpoint="http://garage.example.org:3900", limits=(
               _RENAME_UNTRIED,
               Limit("region", "the region is the one in Garage's own configuration, mostly \"garage\"",
                     "Garage, Integrations"),
               Limit("path-style", "path style is needed unless Garage was given a root domain",
                     "Garage, Integrations"))),
    Preset("other", "any other store that speaks S3", _ELSEWHERE, rename=_UNTRIED, tells_usage=True,
           limits=(_RENAME_UNTRIED,)),
)
PROVIDERS: dict[str, Preset] = {row.name: row for row in _ROWS}
DEFAULT = "aws"


def _host_match(preset: Preset, url: str) -> re.Match[str] | None:
    host = (urlsplit(url).hostname or "").rstrip(".")
    return re.fullmatch(preset.hosts, host) if preset.hosts else None


def guessed(url: str) -> str:
    """The provider whose endpoints alone look like this one, or nothing."""
    return next((row.name for row in _ROWS if _host_match(row, url)), "")


def recognised(headers: Mapping[str, str]) -> str:
    """The provider that alone answers with such headers (names in lower case), or nothing."""
    return next((row.name for row in _ROWS if any(
        re.fullmatch(wanted, headers.get(name, "")) for name, wanted in row.answers.items())), "")


LATER_REGIONS = frozenset({
    "ap-east-2", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7", "ca-west-1", "il-central-1",
    "mx-central-1",
})
"""AWS regions that opened after the boto3 of Debian 12 was made, which therefore does not list them."""

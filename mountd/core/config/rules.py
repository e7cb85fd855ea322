"""Rules on single values that need more than their kind: names, buckets, prefixes, regions, endpoints, folders.

Each raises ``WrongValueError``. Bucket naming rules are those of the S3 User Guide ("General purpose bucket naming
rules") and of Mountpoint for Amazon S3.
"""

import re
from collections.abc import Set as AbstractSet
from urllib.parse import urlsplit

from mountd.core.config.values import WrongValueError, listed, show, suggestion
from mountd.words.providers import LATER_REGIONS, PROVIDERS, Preset

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_WORKER_TAKES = re.compile(r"[0-9A-Za-z._-]{3,255}")
"""What mount-s3 takes for a bucket's name before it asks anybody."""
_SYSTEM = frozenset({
    "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt", "/proc", "/root", "/run",
    "/sbin", "/srv", "/sys", "/tmp", "/usr", "/var", "/var/lib", "/var/log", "/var/cache",  # noqa: S108 - named, not used
})
_SYSTEM_TREES = ("/proc/", "/sys/", "/dev/", "/boot/", "/etc/s3mountd/", "/run/s3mountd/", "/run/systemd/",
                 "/var/lib/s3mountd/")
_REGION = re.compile(r"([a-z]{2}(?:-[a-z]{3,4})?-(?:north|south|east|west|central|northeast|northwest|southeast"
                     r"|southwest))-(\d)")
_AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn")


def name(text: str) -> None:
    """A mount's name: it becomes a part of unit names and a word on the command line."""
    if not _NAME.fullmatch(text):
        derived = derived_name(text)
        raise WrongValueError("must be 1 to 64 letters, digits, - _ . and not begin with - or .; it is " + show(text),
                              f"write {show(derived)}" if derived else "")


def derived_name(folder: str) -> str:
    """The name of a mount that has none: its folder's last part, other characters as ``-``; empty if none is left."""
    last = folder.rstrip("/").rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9_.]+", "-", last).lstrip("-.")[:64].rstrip("-")


def name_of(folder: str, bucket: str) -> str:
    """A name for a new mount: the folder's, or the bucket's where no letter of the folder's may stand in a name."""
    return derived_name(folder) or derived_name(bucket.rpartition(":")[2])


def bucket(text: str, strict: bool) -> None:
    """A bucket's name, an access point's alias or ARN. ``strict`` is False where AWS's naming rules do not count."""
    if text.startswith("arn:"):
        _arn(text)
        return
    _not_a_url(text)
    if not strict:
        if not _WORKER_TAKES.fullmatch(text):
            raise WrongValueError(f"must be 3 to 255 letters, digits, - _ and ., not {show(text)}")
        return
    fault = _naming_fault(text)
    if fault:
        raise WrongValueError(f"{show(text)} is no bucket name: {fault}", _naming_hint(text))


_NAMING: tuple[tuple[str, str], ...] = (
    (r".{3,63}", "it must have 3 to 63 characters"),
    (r"[a-z0-9.-]+", "only lower-case letters, digits, - and . may stand in it"),
    (r"[a-z0-9].*[a-z0-9]", "it must begin and end with a letter or a digit"),
    (r"(?!.*\.\.).*", "two dots may not stand side by side"),
    (r"(?!\d+\.\d+\.\d+\.\d+$).*", "it must not look like an IP address"),
    (r"(?!xn--|sthree-|amzn-s3-demo-).*", "AWS reserves names that begin with xn--, sthree- and amzn-s3-demo-"),
    (r"(?!.*(\.mrap|--table-s3)$).*", "AWS reserves names that end in .mrap and --table-s3"),
)
"""What a name must match, and what to say when it does not."""


def _naming_fault(text: str) -> str:
    return next((fault for pattern, fault in _NAMING if not re.fullmatch(pattern, text)), "")


def _naming_hint(text: str) -> str:
    right = text.strip().lower().replace("_", "-")
    if right == text or _naming_fault(right):
        return ""
    return f"did you mean {show(right)}? (for an old bucket of us-east-1 set force_path_style = true)"


def _arn(text: str) -> None:
    parts = text.split(":", 5)
    if text.startswith("arn:") and len(parts) == 6 and parts[2] == "s3" and not parts[4]:
        bucket_name, _, rest = parts[5].partition("/")
        raise WrongValueError("must be the bucket's name, not its ARN", _two_keys(bucket_name, rest.rstrip("*")))
    if len(parts) != 6 or not parts[2].startswith("s3") or not parts[5].startswith(("accesspoint", "outpost")):
        raise WrongValueError(f"must be the ARN of an S3 access point, not {show(text)}")


def _not_a_url(text: str) -> None:
    if text.startswith("s3://"):
        name_, _, rest = text.removeprefix("s3://").partition("/")
        raise WrongValueError("must be the bucket's name alone, without s3://", _two_keys(name_, rest))
    if "://" in text:
        raise WrongValueError("must be the bucket's name alone, not a URL",
                              "the store's URL goes into endpoint_url")
    if "/" in text:
        name_, _, rest = text.lstrip("/").partition("/")
        raise WrongValueError("must be the bucket's name alone, without /", _two_keys(name_, rest))


def _two_keys(bucket_name: str, rest: str) -> str:
    rest = rest.strip("/")
    return f"write: bucket = {show(bucket_name)}" + (f" and prefix = {show(rest + '/')}" if rest else "")


def prefix(text: str) -> None:
    """A prefix is empty or ends in ``/`` and does not begin with one; S3 takes 1,024 bytes for a key."""
    if not text:
        return
    right = text.strip("/") + "/"
    if text.startswith("/"):
        hint = f"write {show(right)}" if len(right) > 1 else "remove the key to mount the whole bucket"
        raise WrongValueError(f'must not begin with "/": {show(text)}', hint)
    if not text.endswith("/"):
        raise WrongValueError(f'must end in "/": {show(text)}', f"write {show(right)}")
    if len(text.encode()) > 1024:
        raise WrongValueError("must have at most 1024 bytes")


def region(text: str, known: AbstractSet[str]) -> str:
    """A region of AWS; ``known`` empty means that this machine has no list. Gives a remark, mostly empty.

    A list grows old, so the next number of an area, or the first of a new one, is taken with a remark.
    """
    if not known or text in known or text in LATER_REGIONS:
        return ""
    every = known | LATER_REGIONS
    match = _REGION.fullmatch(text)
    if match and int(match[2]) == 1 + _highest(match[1], every):
        near = suggestion(text, every)
        return f"{show(text)} is in no list of AWS regions on this machine; it is taken as it is" + (
            f" ({near})" if near else "")
    raise WrongValueError(f"{show(text)} is not an AWS region", suggestion(text, every))


def _highest(area: str, regions: AbstractSet[str]) -> int:
    found = (_REGION.fullmatch(known) for known in regions)
    return max((int(match[2]) for match in found if match and match[1] == area), default=0)


def endpoint(preset: Preset, url: str) -> None:
    """Whether provider and ``endpoint_url`` (empty when unset) go together."""
    if not url:
        if preset.needs_endpoint:
            raise WrongValueError(f"is needed with provider = {show(preset.name)}",
                                  'write: endpoint_url = "https://..."')
        return
    if preset.name == "aws" and not is_aws(url):
        others = listed(preset.name for preset in PROVIDERS.values() if preset.needs_endpoint)
        raise WrongValueError(f"{show(url)} is not an endpoint of AWS", f"write also: provider = {others}")


def is_aws(url: str) -> bool:
    """Is it an endpoint of AWS?"""
    host = (urlsplit(url).hostname or "").rstrip(".")
    return f".{host}".endswith(_AWS_HOSTS)


def folder(text: str) -> None:
    """A folder that may be covered by a mount without breaking the system."""
    if text in _SYSTEM or f"{text}/".startswith(_SYSTEM_TREES):
        raise WrongValueError(f"{show(text)} belongs to the system and cannot be covered",
                              f"write a folder below, such as {show('/mnt/bucket')}")
    if _too_long(text):
        raise WrongValueError("is longer than a path may be: 255 bytes for each part, 4095 in all")


def _too_long(text: str) -> bool:
    """Has it a part of more than 255 bytes, or more than 4095 in all (limits.h, NAME_MAX and PATH_MAX)?"""
    return any(len(part.encode()) > 255 for part in text.split("/")) or len(text.encode()) > 4095


def kms_key(text: str) -> None:
    """mount-s3 takes only the ARN of a key."""
    if not (text.startswith("arn:") and ":key" in text):
        raise WrongValueError(f'must be the ARN of a key ("arn:aws:kms:...:key/..."), not {show(text)}')


def account(text: str) -> None:
    """An AWS account number."""
    if not re.fullmatch(r"[0-9]{12}", text):
        raise WrongValueError(f"must be an account number of 12 digits, not {show(text)}")


def directory_bucket(text: str) -> None:
    """The name of an S3 Express directory bucket."""
    if not text.endswith("--x-s3"):
        raise WrongValueError(f'must be an S3 Express directory bucket ("...--x-s3"), not {show(text)}')

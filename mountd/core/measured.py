"""How much is in a bucket, as somebody counted it once: kept with its time, for a count of millions takes minutes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mountd.words.model import Mount

LIMIT = 500
"""Figures that are kept; the oldest go."""
_USAGE = ("quota_bytes", "quota_objects", "user_quota_bytes", "user_quota_objects")


@dataclass(frozen=True)
class Measured:
    """Objects and bytes at a time (seconds since the epoch), and the store's quotas where it told them."""

    objects: int
    bytes: int
    at: float
    quotas: Mapping[str, int] = field(default_factory=dict)


def key(endpoint: str, source: str) -> str:
    """What a figure is kept under: the same bucket and prefix are the same, whichever mount they were asked for."""
    return f"{endpoint} {source.rstrip('/')}"


def key_of(mount: Mount) -> str:
    """That of a mount."""
    return key(mount.endpoint, mount.source)


def key_of_bucket(mount: Mount) -> str:
    """That of the whole bucket of a mount."""
    return key(mount.endpoint, f"s3://{mount.bucket}")


def told(usage: Mapping[str, int], at: float) -> Measured | None:
    """What a store says of a bucket by itself (``system.s3.usage``), None where it does not."""
    if not {"objects", "bytes"} <= set(usage):
        return None
    return Measured(usage["objects"], usage["bytes"], at, quotas(usage))


def read(kept: Any, name: str) -> Measured | None:
    """A figure out of what the file holds, whatever that may be."""
    row: Any = kept.get(name) if isinstance(kept, dict) else None
    try:
        quotas = {one: int(row["quotas"][one]) for one in _USAGE if one in row["quotas"]}
        return Measured(int(row["objects"]), int(row["bytes"]), float(row["at"]), quotas)
    except (TypeError, KeyError, ValueError):
        return None


def added(kept: Any, name: str, one: Measured) -> dict[str, Any]:
    """What the file shall hold: the figures that can be read, with this one, and no more than LIMIT."""
    known = {other: found for other in (kept if isinstance(kept, dict) else {}) if (found := read(kept, other))}
    known[name] = one
    newest = sorted(known.items(), key=lambda item: item[1].at)[-LIMIT:]
    return {other: {"objects": found.objects, "bytes": found.bytes, "at": found.at, "quotas": dict(found.quotas)}
            for other, found in newest}


def quotas(usage: Mapping[str, int]) -> dict[str, int]:
    """Those of what RGW tells of a bucket that are quotas."""
    return {one: usage[one] for one in _USAGE if one in usage}

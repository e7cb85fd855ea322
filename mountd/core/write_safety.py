"""May a store be written to through mount-s3? What was tried on it, folded into a verdict, and what follows. Pure.

Since 1.19 mount-s3 asks every store for a rename that only S3 Express has (``PUT /new?renameObject``) and takes 200 for
done. Ceph RGW 16.2 and 18.2 take it for an upload of nothing, and ``mv`` leaves an empty file and reports success. RGW
16.2 also refuses the checksums that trail an upload, and names no ETag for one of parts, without which mount-s3 calls a
stored file failed (all measured with mount-s3 1.24).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import Enum
from types import MappingProxyType
from typing import Any

from mountd.core import diagnosis
from mountd.core.messages import Cause
from mountd.words.model import Mount
from mountd.words.options import Version

RENAMES_SINCE: Version = (1, 19)
"""The first mount-s3 that asks for a rename (its CHANGELOG.md)."""
FRESH = 24 * 3600.0
"""Seconds for which a verdict is not asked for again: a store may be another one after an upgrade."""
_NOT_IMPLEMENTED = 501
_WRITES = frozenset({"allow_delete", "allow_overwrite", "incremental_upload"})


class Verdict(str, Enum):
    """What writes through mount-s3 come to."""

    SAFE = "safe"
    RENAME_UNSAFE = "rename-unsafe"
    UNWRITABLE = "unwritable"


class Way(str, Enum):
    """How writes go to the store."""

    DIRECT = "direct"
    FRONT = "front"
    READ_ONLY = "read-only"


@dataclass(frozen=True)
class Tried:
    """A request's status, and the error code in the answer."""

    status: int
    code: str = ""

    @property
    def done(self) -> bool:
        """Did the store say that it has done it?"""
        return 200 <= self.status < 300

    def __str__(self) -> str:
        return self.code or f"status {self.status}"


@dataclass(frozen=True)
class Evidence:
    """What a store made of writes as mount-s3 makes them, on scratch keys."""

    put: Tried
    """With a CRC32C behind the content, as by default."""
    multipart: Tried
    """One part, without checksums."""
    etag: bool
    """Did it name the ETag of what was put together?"""
    same: bool
    """Was what came back what had been written?"""
    rename: Tried
    """A rename of a key that nobody has."""
    server: str = ""
    """What it says of itself (``core.diagnosis.server``)."""

    def plain(self) -> dict[str, Any]:
        """As JSON can carry it."""
        return asdict(self)

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> "Evidence":
        """What ``plain`` wrote. Raises KeyError and TypeError."""
        tried = {name: Tried(**raw[name]) for name in ("put", "multipart", "rename")}
        return cls(**tried, etag=bool(raw["etag"]), same=bool(raw["same"]), server=str(raw["server"]))


@dataclass(frozen=True)
class Known:
    """What is known of an endpoint. ``at`` is seconds since the epoch, ``worker`` the mount-s3 it was asked for."""

    evidence: Evidence
    worker: str
    at: float

    def plain(self) -> dict[str, Any]:
        """As JSON can carry it."""
        return {"evidence": self.evidence.plain(), "worker": self.worker, "at": self.at}

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> "Known":
        """What ``plain`` wrote. Raises KeyError, TypeError, ValueError."""
        return cls(Evidence.read(raw["evidence"]), str(raw["worker"]), float(raw["at"]))

    def is_stale(self, worker: str, wall: float) -> bool:
        """Should it be asked anew? Until there is an answer it counts all the same."""
        return (bool(worker) and worker != self.worker) or not 0 <= wall - self.at < FRESH


@dataclass(frozen=True)
class Choice:
    """What is done about a mount's writes, and why less than was asked for."""

    way: Way
    cause: Cause | None = None


def hindrance(status: int, code: str, message: str) -> Cause | None:
    """Why an answer to a trial says nothing of the store as such; None when it does."""
    if code in diagnosis.FULL or (status == 507 and code):
        return Cause("store-full", code)
    if status == 403:
        return Cause("write-denied", code or f"status {status}")
    if status in (408, 429) or 300 <= status < 400 or (status >= 500 and status != _NOT_IMPLEMENTED):
        return diagnosis.of_store(status, code, message, "")
    return None


def fold(evidence: Evidence, *, checksums: bool = True, renames: bool = True) -> tuple[Verdict, str]:
    """The verdict and what it stands on; ``checksums``: the uploads will have them, ``renames``: this mount-s3 asks
    for renames."""
    if checksums and not evidence.put.done:
        return Verdict.UNWRITABLE, f"it refuses uploads with checksums: {evidence.put}"
    if not evidence.multipart.done:
        return Verdict.UNWRITABLE, f"it refuses uploads in parts: {evidence.multipart}"
    if not evidence.etag:
        return Verdict.UNWRITABLE, "it names no ETag for what it has stored, which mount-s3 takes for a failure"
    if not evidence.same:
        return Verdict.UNWRITABLE, "it gave back other bytes than were written"
    if renames and evidence.rename.done:
        return Verdict.RENAME_UNSAFE, "it takes a rename for an upload of nothing"
    return Verdict.SAFE, ""


def judge(mount: Mount, known: Known, version: Version | None) -> tuple[Verdict, str]:
    """The verdict on an endpoint for this mount, served by that mount-s3."""
    checksums = mount.options.get("upload_checksums") != "off"
    return fold(known.evidence, checksums=checksums, renames=version is None or version >= RENAMES_SINCE)


def is_asked(mount: Mount) -> bool:
    """Does this mount need a verdict: a writable one, not of AWS, and nobody said that it is all right?"""
    return mount.provider != "aws" and not mount.options.get("read_only") and mount.write_safety != "trust"


def endpoint(mount: Mount) -> str:
    """What mounts have to have in common for a verdict to hold for them; one of a user's bucket is for that user."""
    url = str(mount.options.get("endpoint_url", "")).rstrip("/")
    return f"{url} ({mount.owner})" if mount.owner else url


def choose(mount: Mount, known: Known | None, failed: Cause | None, version: Version | None,
           no_front: Cause | None) -> Choice | None:
    """What to do about a mount's writes; None as long as nobody knows, and then nothing may be written.

    ``failed`` is why the last question had no answer, ``no_front`` why there can be no front. A key
    that may not write can damage nothing, and neither can a mount whose keys only mount-s3 can get at, once it is
    read-only.
    """
    if not is_asked(mount):
        return Choice(Way.DIRECT)
    if failed is not None and failed.code in ("store-full", "write-denied", "write-untried"):
        return Choice(Way.READ_ONLY, None if mount.credentials.anonymous else failed)
    return _by_verdict(mount, *judge(mount, known, version), no_front) if known is not None else None


def _by_verdict(mount: Mount, verdict: Verdict, why: str, no_front: Cause | None) -> Choice:
    if verdict is Verdict.UNWRITABLE:
        return Choice(Way.READ_ONLY, Cause(verdict.value, why))
    if verdict is Verdict.SAFE and mount.write_safety != "front":
        return Choice(Way.DIRECT)
    if mount.write_safety == "read-only":
        return Choice(Way.READ_ONLY)
    return Choice(Way.READ_ONLY, no_front) if no_front is not None else Choice(Way.FRONT)


def fitted(mount: Mount, way: Way, life: str = "") -> Mount:
    """The mount as it is started; ``life`` names the front that is there."""
    if way is Way.FRONT:
        return replace(mount, front=life)
    if way is not Way.READ_ONLY or mount.options.get("read_only"):
        return mount
    options = {key: value for key, value in mount.options.items() if key not in _WRITES}
    return replace(mount, options=MappingProxyType(dict(sorted({**options, "read_only": True}.items()))))

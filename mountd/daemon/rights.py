"""What a mount's keys may do, tried soon after it has come: what callers would else be the first to meet. With it comes
how much is in the bucket, where the store tells that by itself.
"""

from collections.abc import Mapping

from mountd.core.messages import Cause
from mountd.core.write_safety import Way
from mountd.daemon.errands import Errand
from mountd.daemon.kept import Kept
from mountd.system.asking import Answer
from mountd.words.providers import PROVIDERS

_SOON, _UNWELL, _WELL = 1.0, 60.0, 6 * 3600.0
"""Seconds after which it is tried first, again when something is wrong, and again when nothing is."""
_OF_UPLOADS = {"storage_class": "StorageClass", "sse": "ServerSideEncryption", "sse_kms_key_id": "SSEKMSKeyId"}
"""Options of which a policy may make a condition for uploads, and what boto3 calls them."""


def _fields(kept: Kept) -> Mapping[str, object] | None:
    if kept.mount is None:
        return None
    options, writes = kept.mount.options, kept.world.writes.shown(kept)
    writable = not options.get("read_only") and (writes is None or writes.way != Way.READ_ONLY.value)
    return {"writable": writable, "usage": PROVIDERS[kept.mount.provider].tells_usage,
            "upload": {name: str(options[key]) for key, name in _OF_UPLOADS.items() if key in options}}


def _heard(kept: Kept, answer: Answer | None) -> float:
    if answer is None:
        return _UNWELL
    if kept.mount is not None and kept.world.sizes.learn(kept.mount, answer.get("usage", {}), kept.world.wall()):
        kept.told = False
        kept.wake()
    kept.remark("rights", Cause(answer["code"], answer["detail"]) if answer["code"] else None)
    return _UNWELL if answer["code"] else _WELL


RIGHTS = Errand("rights", _SOON, _fields, _heard, anew=True)

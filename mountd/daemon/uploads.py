"""Uploads that crashes and outages have left incomplete, looked for once a day; old ones aborted where that is wanted.

They are shown nowhere in a bucket, and are paid for like objects.
"""

from collections.abc import Callable, Iterable, Mapping

from mountd.core import uploads
from mountd.core.observed import Worker
from mountd.core.uploads import Found
from mountd.daemon.announce import uploads_aborted
from mountd.daemon.errands import Errand
from mountd.daemon.kept import Kept
from mountd.system.asking import Answer
from mountd.words.model import Mount

_FIRST, _DAY, _FAILED = 120.0, 86_400.0, 3600.0
"""Seconds after a mount has come, between two looks, and after one that failed."""
_JITTER = 0.5

Others = Callable[[], Iterable[Kept]]


def errand(every: Others) -> Errand:
    """``every()`` gives all mounts: several may write to one bucket."""
    def fields(kept: Kept) -> Mapping[str, object] | None:
        mount = kept.mount
        if mount is None or mount.options.get("read_only"):
            return None
        begun = (worker.started for worker in _writers(mount, every()))
        return {"least_age": uploads.least_age(mount.abort_uploads_after, begun, kept.world.wall())}

    return Errand("uploads", _FIRST, fields, _heard, anew=False, jitter=_JITTER)


def _writers(mount: Mount, every: Iterable[Kept]) -> list[Worker]:
    """Workers, draining ones too, of mounts of that bucket, or of none that is configured any more."""
    return [worker for kept in every if kept.mount is None or kept.mount.bucket == mount.bucket
            for worker in kept.workers.values()]


def _heard(kept: Kept, answer: Answer | None) -> float:
    if answer is None:
        return _FAILED
    count = int(answer["count"])
    kept.uploads = Found(count, float(answer["oldest"]) if count else None, int(answer["aborted"]), kept.world.wall(),
                         bool(answer["more"]))
    if kept.uploads.aborted:
        uploads_aborted(kept.name, kept.uploads.aborted)
    kept.told = False
    kept.wake()
    return _DAY

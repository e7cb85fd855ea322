"""The end of a worker: which one it was, what it means, what it said."""

from collections.abc import Sequence
from dataclasses import replace

from mountd.core import remarks
from mountd.core.backoff import LOOP, Failure
from mountd.core.messages import Cause, Ending, epitaph, of_ending
from mountd.core.observed import Worker
from mountd.daemon import spare
from mountd.daemon.announce import why
from mountd.daemon.apply import drop_staging
from mountd.daemon.kept import Kept
from mountd.system.probe import Answer
from mountd.words.errors import MountdError

_EXEC_FAILED = 203
"""The exit status by which systemd says that it could not run the program (systemd.exec(5))."""

_KERNEL_SECONDS = 10.0
"""How far back the kernel is read for the reason why it ended a worker."""
_LINES = 20
"""Last lines of a worker that are looked through for a cause."""


def ended(kept: Kept, unit: str, ending: Ending) -> None:
    """A unit has ended; nothing happens when it is not one of this mount's."""
    worker = kept.workers.get(unit)
    if worker is None:
        return
    if kept.is_spare(unit):
        _bury(kept, worker)
        spare.lost(kept, unit, of_ending(ending))
        return
    if kept.is_starting(unit):
        _ask_for_words(kept, worker, ending)
        return
    if kept.memory.hung is not None and kept.memory.hung.unit == unit:
        kept.memory = replace(kept.memory, hung=None)
    drained = unit in {drain.unit for drain in kept.memory.draining}
    serving = kept.observed().serving
    # An end without a fault is that of a mount taken away, unless the dead mount is still there.
    taken_away = ending.result == "success" and not kept.is_mounted(worker)
    _bury(kept, worker)
    if drained:
        rest = tuple(drain for drain in kept.memory.draining if drain.unit != unit)
        kept.memory = replace(kept.memory, draining=rest)
    elif (serving is not None and serving.unit == unit) or not kept.observed().workers:
        _fail(kept, unit, Cause("unmounted-outside") if taken_away else of_ending(ending))
    kept.wake()


def _fail(kept: Kept, unit: str, cause: Cause) -> None:
    """Remember the failure; who dies again and again is asked for last words, since there is time for that then."""
    kept.fail(cause)
    failure = kept.memory.failure
    if failure is not None and failure.cause.code == LOOP:
        _ask_what_it_said(kept, unit, cause, failure)
    elif failure is not None and cause.code == "worker-out-of-memory":
        _ask_the_kernel(kept, unit, failure)


def _ask_the_kernel(kept: Kept, unit: str, failure: Failure) -> None:
    """How much memory it had, and whose limit that was."""
    def told(answer: Answer | MountdError) -> None:
        if not isinstance(answer, MountdError) and answer["detail"]:
            _explain(kept, failure, answer["detail"])

    limit = kept.mount.memory_max if kept.mount is not None else 0
    since = kept.world.wall() - _KERNEL_SECONDS
    kept.world.helper.ask("oom", told, unit=unit, since=since, limit=limit)


def _explain(kept: Kept, failure: Failure, words: str) -> None:
    """What is learnt of a failure after it."""
    why(kept.name, words)
    if kept.memory.failure is failure:
        detail = f"{failure.cause.detail}; {words}" if failure.cause.detail else words
        explained = replace(failure, cause=replace(failure.cause, detail=detail))
        kept.memory = replace(kept.memory, failure=explained)
        kept.told = False
        kept.wake()


def _ask_what_it_said(kept: Kept, unit: str, cause: Cause, failure: Failure) -> None:
    def told(answer: Answer | MountdError) -> None:
        if not isinstance(answer, MountdError):
            _explain(kept, failure, epitaph(answer["lines"], cause.detail))

    kept.world.helper.ask("latest", told, unit=unit, count=_LINES)


def unheard(kept: Kept, living: Sequence[str]) -> None:
    """PID 1 was executed anew: workers whose end was not heard of have ended all the same."""
    for unit in [unit for unit in kept.workers if unit not in living and not kept.is_starting(unit)]:
        ended(kept, unit, Ending("exit-code", 1))


def notice_umount(kept: Kept) -> None:
    """The worker is there and its mount is not, and nobody here took it away: somebody else did."""
    worker = kept.workers.get(kept.on_folder)
    if worker is None or kept.is_mounted(worker):
        return
    kept.on_folder = ""
    kept.fail(Cause("unmounted-outside"))


def _bury(kept: Kept, worker: Worker) -> None:
    kept.workers.pop(worker.unit, None)
    kept.key_digests.pop(worker.unit, None)
    kept.world.vault.dismiss(worker.unit)
    if worker.cache:
        kept.world.caches.discard(worker.cache)
        kept.world.helper.ask("sweep", lambda _: None, path=worker.cache)


def _ask_for_words(kept: Kept, worker: Worker, ending: Ending) -> None:
    """A worker that died while staging has said why; the journal may need a moment to have it."""
    def told(answer: Answer | MountdError) -> None:
        words = "" if isinstance(answer, MountdError) else str(answer["words"])
        cause, staging = of_ending(replace(ending, words=words)), kept.memory.staging
        finding = staging.finding if staging is not None else None
        if cause.code in remarks.AMBIGUOUS and finding is None and kept.mount is not None:
            kept.world.diagnoses.ask(kept.mount, lambda found: failed(cause, found.cause if found else None))
        else:
            failed(cause, finding)

    def failed(cause: Cause, finding: Cause | None) -> None:
        if kept.is_starting(worker.unit):
            stale = kept.memory.staging is not None and kept.memory.staging.was_spare
            drop_staging(kept)
            if not stale:
                _fail(kept, worker.unit, remarks.better(cause, finding))
            kept.wake()

    _bury(kept, worker)
    staging = kept.memory.staging
    if ending.result == "exit-code" and ending.status != _EXEC_FAILED and staging is not None:
        age = kept.world.now() - staging.since
        kept.world.helper.ask("words", told, unit=worker.unit, since=kept.world.wall() - age - 1.0)
    else:
        told({"words": ""})

"""Finds out that a worker is hung, by the rule of ``core.hang``, and has it replaced.

While all is well it costs a read of a file of the kernel for each live mount, three times in its limit or less often.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from gi.repository import GLib

from mountd.core import hang
from mountd.core.diagnosis import Finding
from mountd.core.hang import Pulse, Sample, Verdict, Watch
from mountd.core.memory import Hung
from mountd.core.messages import Cause
from mountd.core.observed import Worker
from mountd.daemon import evidence
from mountd.daemon.kept import Kept
from mountd.system.probe import Answer
from mountd.words.errors import MountdError
from mountd.words.model import Mount

_SOON = 1 / 30
"""Of the limit, after which a statvfs without an answer is worth a question to S3: its answer may be needed soon, and a
process has to be started for it."""
_FRESH = 5.0
"""Seconds for which S3's answer counts as of now."""


class Hang:
    """Watches the worker of one mount. ``own()`` says how many other questions of ours wait at it."""

    def __init__(self, kept: Kept, own: Callable[[], int]) -> None:
        self._kept, self._own = kept, own
        self._unit = ""
        """The worker that all below is about."""
        self._watch = Watch()
        self._looked = 0.0
        self._asked_at: float | None = None
        """When the statvfs was asked that has no answer yet."""
        self._late = 0
        self._store: tuple[float, str] | None = None
        """When S3 was asked last and had an answer, and what is wrong."""
        self._condemned = False

    def tick(self) -> None:
        """Look, if it is time for this mount."""
        kept, mount, worker = self._kept, self._kept.mount, self._kept.observed().serving
        if mount is None or worker is None or kept.memory.hung is not None:
            self.close()
            return
        now = kept.world.now()
        if worker.unit != self._unit:
            self.close()
            self._unit = worker.unit
        if now - self._looked < hang.tick(mount.hang_timeout) - 0.2:
            return
        self._looked = now
        callers = self._callers(worker)
        if not callers or not self._watch.ticks:
            self._follow(mount, Sample(now, kept.world.slept(), callers))
            return
        if self._asked_at is None:
            self._ask(worker.unit, mount.hang_timeout)
        kept.world.helper.ask(
            "pulse", lambda answer: self._felt(worker.unit, callers, answer), pid=kept.world.systemd.pid(worker.unit))

    def _callers(self, worker: Worker) -> int | None:
        waiting = self._kept.waiting(worker)
        ours = self._own() + (self._asked_at is not None)
        return None if waiting is None else max(0, waiting - ours)

    def _ask(self, unit: str, limit: float) -> None:
        """A statvfs: a worker answers it by itself."""
        self._asked_at = asked_at = self._kept.world.now()

        def answered(_answer: Answer | MountdError) -> None:
            # An error (the helper died) is no answer, but silence has to begin anew as well.
            if self._asked_at == asked_at:
                self._quit_waiting()

        def late() -> bool:
            self._late = 0
            self._ask_store(unit)
            return bool(GLib.SOURCE_REMOVE)

        self._kept.world.helper.ask("statvfs", answered, path=self._kept.folder)
        self._late = GLib.timeout_add(int(min(1.0, limit * _SOON) * 1000), late)

    def _quit_waiting(self) -> None:
        self._asked_at = None
        if self._late:
            GLib.source_remove(self._late)
            self._late = 0

    def _felt(self, unit: str, callers: int, answer: Answer | MountdError) -> None:
        mount = self._kept.mount
        if unit != self._unit or mount is None:
            return
        now = self._kept.world.now()
        silent = now - self._asked_at if self._asked_at is not None else None
        pulse = None if isinstance(answer, MountdError) else Pulse(**answer["pulse"])
        self._follow(mount, Sample(now, self._kept.world.slept(), callers, silent, pulse))

    def _follow(self, mount: Mount, sample: Sample) -> None:
        self._watch = hang.follow(self._watch, sample, mount.hang_timeout)
        self._judge(mount)

    def _judge(self, mount: Mount) -> None:
        threads = int(str(mount.options.get("max_threads", hang.THREADS)))
        fresh = self._store is not None and self._kept.world.now() - self._store[0] <= _FRESH
        store = self._store[1] if self._store is not None and fresh else None
        found = hang.verdict(self._watch, mount.hang_timeout, threads, store)
        if found is Verdict.SILENT and store is None:
            self._ask_store(self._unit)
        elif found is Verdict.HUNG and not self._condemned:
            self._condemn(mount)

    def _ask_store(self, unit: str) -> None:
        def told(finding: Finding | None) -> None:
            if unit != self._unit or finding is None or self._kept.mount is None:
                return
            self._store = (self._kept.world.now(), finding.cause.code if finding.cause is not None else "")
            self._judge(self._kept.mount)

        if self._kept.mount is not None:
            self._kept.world.diagnoses.ask(self._kept.mount, told)

    def _condemn(self, mount: Mount) -> None:
        """The evidence first: it is gone with the worker. A worker that answers meanwhile is let live."""
        self._condemned = True
        unit, last = self._unit, self._watch.last
        callers, silent = (last.callers or 0, last.silent or 0.0) if last is not None else (0, 0.0)
        text = f"{callers} caller{'s' * (callers != 1)} waited, no answer for {silent:.0f} s, S3 is well"

        def kept_safe() -> None:
            self._condemned = False
            if unit == self._unit and self._asked_at is not None:
                self._replace(unit, mount, text)

        evidence.take(self._kept, unit, text, kept_safe)

    def _replace(self, unit: str, mount: Mount, text: str) -> None:
        kept = self._kept
        self.close()
        grace = min(3.0, mount.hang_timeout / 6)
        kept.fail(Cause("worker-hung", text))
        kept.memory = replace(kept.memory, hung=Hung(unit, kept.world.now() + grace))
        kept.wake()

    def close(self) -> None:
        """Forget what was seen."""
        self._quit_waiting()
        self._unit, self._watch, self._store, self._condemned = "", Watch(), None, False


class Rounds:
    """One timer for all mounts."""

    def __init__(self, watched: Callable[[], Iterable[Hang]]) -> None:
        self._watched = watched
        self._timer = self._every = 0

    def pace(self, limits: Iterable[float]) -> None:
        """As often as the shortest of these limits (seconds) asks for; not at all without any."""
        every = int(min((hang.tick(limit) for limit in limits), default=0.0) * 1000)
        if every != self._every:
            self.close()
            self._every = every
            self._timer = GLib.timeout_add(every, self._due) if every else 0

    def _due(self) -> bool:
        for one in list(self._watched()):
            one.tick()
        return bool(GLib.SOURCE_CONTINUE)

    def close(self) -> None:
        """No more."""
        if self._timer:
            GLib.source_remove(self._timer)
        self._timer = self._every = 0

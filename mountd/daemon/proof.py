"""How fresh the proof is that a mount serves: a local probe through the helper, and what follows for its health."""

from gi.repository import GLib

from mountd.core.messages import Cause
from mountd.daemon.kept import Kept
from mountd.system.probe import Answer
from mountd.words.errors import FAULTS, FaultClass, MountdError
from mountd.words.model import Health, State

_INTERVAL = 30
_PATIENCE = 5.0
"""Seconds after which a probe without an answer is no proof any more. Unknown, not dead: S3 may just be slow."""


class Proof:
    """At most one probe is under way for a mount; one that never returns costs a thread of the helper."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._pending = 0
        self._asked = ""
        """The unit that was asked."""
        self._timer = GLib.timeout_add_seconds(_INTERVAL, self._due)
        self._patience = 0

    @property
    def under_way(self) -> int:
        """How many questions of ours wait at the worker."""
        return 1 if self._pending else 0

    def ask(self) -> None:
        """Probe now, unless a probe is under way or nobody serves."""
        kept = self._kept
        serving = kept.observed().serving
        if self._pending or serving is None:
            return
        self._asked = serving.unit
        self._pending = kept.world.helper.ask("statvfs", self._answered, path=kept.folder)
        self._patience = GLib.timeout_add(int(_PATIENCE * 1000), self._waited)

    def _due(self) -> bool:
        self.ask()
        return bool(GLib.SOURCE_CONTINUE)

    def _waited(self) -> bool:
        self._patience = 0
        self._kept.proven = False
        self._kept.wake()
        return bool(GLib.SOURCE_REMOVE)

    def _answered(self, answer: Answer | MountdError) -> None:
        self._pending = 0
        if self._patience:
            GLib.source_remove(self._patience)
            self._patience = 0
        serving = self._kept.observed().serving
        if serving is not None and serving.unit != self._asked:
            # Another worker has come meanwhile: the answer says nothing of it.
            self.ask()
            return
        # No blocks: the kernel did not ask the worker, because the caller may not enter.
        self._kept.proven = not isinstance(answer, MountdError) and answer["blocks"] > 0
        if self._kept.proven:
            self._kept.prove()
        self._kept.wake()

    def health(self, state: State, cause: Cause | None) -> Health:
        """What is proven of a mount in that state."""
        if state is State.MOUNTED:
            if not self._kept.proven:
                return Health.UNKNOWN
            return Health.OK if cause is None else Health.DEGRADED
        if state in (State.WAITING, State.FAILED, State.FOREIGN):
            return Health.DOWN
        crashed = cause is not None and FAULTS[cause.code].klass is FaultClass.WORKER
        return Health.DOWN if crashed else Health.UNKNOWN

    def close(self) -> None:
        """Probe no more."""
        for source in (self._timer, self._patience):
            if source:
                GLib.source_remove(source)
        self._timer = self._patience = 0
        self._kept.world.helper.forget(self._pending)

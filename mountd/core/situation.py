"""What a decision on one mount is made from, and what comes of it: the types that rows of the plan share."""

from collections.abc import Callable
from dataclasses import dataclass

from mountd.core.actions import Action
from mountd.core.memory import Memory
from mountd.core.messages import Cause
from mountd.core.observed import Observed, Worker
from mountd.words.model import Mount, State


@dataclass(frozen=True)
class Decision:
    """What to do, what to call the situation, and when to look again without an event (None: never)."""

    state: State
    actions: tuple[Action, ...] = ()
    cause: Cause | None = None
    look_at: float | None = None


@dataclass(frozen=True)
class Situation:
    """The arguments of a row."""

    mount: Mount | None
    digest: str
    observed: Observed
    memory: Memory
    now: float

    @property
    def wanted(self) -> bool:
        """Shall the bucket be on the folder?"""
        return self.mount is not None and self.mount.enabled and not self.memory.held

    @property
    def asleep(self) -> bool:
        """Is the worker away because nobody needs it?"""
        memory = self.memory
        kept_away = memory.failure is not None or memory.refusal is not None
        away = memory.awake is None and memory.staging is None and self.observed.serving is None
        return self.mount is not None and self.mount.on_demand and self.wanted and away and not kept_away

    @property
    def serving(self) -> Worker | None:
        """The worker that callers meet and that serves them: none when it is hung."""
        worker, hung = self.observed.serving, self.memory.hung
        return None if worker is not None and hung is not None and hung.unit == worker.unit else worker


Row = Callable[[Situation], Decision | None]

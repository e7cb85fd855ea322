"""What S3 is asked about a mount that serves beside the checks: soon after it has come, then now and then.

One timer for all mounts, and few questions at once: none of it is urgent. Times are monotonic seconds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import random

from gi.repository import GLib

from mountd.daemon.diagnosis import Diagnoses
from mountd.daemon.kept import Kept
from mountd.system.asking import Answer
from mountd.words.errors import MountdError

_AT_ONCE = 2
_DEADLINE = 20.0
"""Seconds for one question."""
_GRID = 0.5
"""What is due within so many seconds is done together."""


@dataclass(frozen=True)
class Errand:
    """One thing to ask. ``first`` is when, after a worker has come to the folder; ``jitter`` a share of every delay."""

    task: str
    first: float
    fields: Callable[[Kept], Mapping[str, object] | None]
    """What is asked beside the mount's bucket; None where it is not to be asked."""
    heard: Callable[[Kept, Answer | None], float]
    """Takes the answer, None for a question that failed; after how many seconds to ask again."""
    anew: bool
    """Is each new worker a reason to ask, or does it go on as before?"""
    jitter: float = 0.1


@dataclass
class _Client:
    """One mount, and when its errands are due; one at a time, for what one of them does another one sees."""

    kept: Kept
    unit: str = ""
    due: dict[str, float] = field(default_factory=dict)
    under_way: set[str] = field(default_factory=set)


class Errands:
    """All errands of all mounts. Lives in the GLib loop."""

    def __init__(self, diagnoses: Diagnoses, errands: Sequence[Errand], chance: Callable[[], float] = random) -> None:
        self._diagnoses, self._errands, self._chance = diagnoses, errands, chance
        self._clients: dict[int, _Client] = {}
        self._timer = 0

    def look(self, kept: Kept) -> None:
        """Another worker may serve than the last time, or none."""
        client = self._clients.setdefault(id(kept), _Client(kept))
        serving = kept.serving
        unit = serving.unit if serving is not None else ""
        if unit == client.unit:
            return
        client.unit = unit
        for errand in self._errands if unit else ():
            if errand.anew or errand.task not in client.due:
                client.due[errand.task] = self._after(kept, errand, errand.first)
        self._arm()

    def hasten(self, kept: Kept) -> None:
        """Somebody wants to know now."""
        client = self._clients.get(id(kept))
        if client is not None:
            client.due = dict.fromkeys(client.due, kept.world.now())
            self._arm()

    def forget(self, kept: Kept) -> None:
        """That mount is kept no more."""
        self._clients.pop(id(kept), None)

    def close(self) -> None:
        """Ask no more."""
        self._clients.clear()
        self._arm()

    def _after(self, kept: Kept, errand: Errand, delay: float) -> float:
        return kept.world.now() + delay * (1 + errand.jitter * self._chance())

    def _ready(self) -> list[tuple[float, _Client, Errand]]:
        found = [(client.due[errand.task], client, errand)
                 for client in self._clients.values() if client.unit and not client.kept.rests and not client.under_way
                 for errand in self._errands if errand.task in client.due]
        return sorted(found, key=lambda row: row[0])

    def next_at(self) -> float | None:
        """When the next question is due, None while there is none, or as many as may be are under way."""
        busy = sum(len(client.under_way) for client in self._clients.values())
        return min((at for at, _, _ in self._ready()), default=None) if busy < _AT_ONCE else None

    def turn(self) -> None:
        """Ask what is due."""
        for at, client, errand in self._ready():
            busy = sum(len(one.under_way) for one in self._clients.values())
            if busy >= _AT_ONCE or at > client.kept.world.now() + _GRID:
                break
            self._ask(client, errand)
        self._arm()

    def _ask(self, client: _Client, errand: Errand) -> None:
        kept, unit, mount = client.kept, client.unit, client.kept.mount
        fields = errand.fields(kept)
        if mount is None or fields is None:
            client.due.pop(errand.task)
            return
        client.under_way.add(errand.task)

        def answered(answer: Answer | MountdError) -> None:
            client.under_way.discard(errand.task)
            # What was done for the mount counts whoever serves now; asked again, it would not be seen any more.
            if client.unit == unit or (not errand.anew and kept.mount == mount):
                again = errand.heard(kept, None if isinstance(answer, MountdError) else answer)
                client.due[errand.task] = self._after(kept, errand, again)
            self._arm()

        self._diagnoses.ask_about(errand.task, mount, answered, deadline=_DEADLINE, **fields)

    def _arm(self) -> None:
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        at = self.next_at()
        if at is not None:
            now = next(iter(self._clients.values())).kept.world.now()
            self._timer = GLib.timeout_add(max(1, int((at - now) * 1000) + 1), self._due)

    def _due(self) -> bool:
        self._timer = 0
        self.turn()
        return bool(GLib.SOURCE_REMOVE)

"""A world without time for probes and questions: a clock that is set, a helper and a store that answer when they are
told to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mountd.core.diagnosis import Finding
from mountd.core.health import Evidence, proven
from mountd.core.layers import Kind, Layer
from mountd.core.memory import Memory
from mountd.core.messages import Cause
from mountd.core.observed import Observed, Worker
from mountd.daemon.checks import Checks
from mountd.daemon.proof import Proof
from mountd.daemon.record import Record
from mountd.words.model import Check, Health, Mount, Place, State

AWAY = Finding(Cause("connection-refused"), shared=True)
DENIED = Finding(Cause("access-denied", "AccessDenied"))
WELL = Finding(None)
EIO, ENOENT = {"blocks": 1, "errno": 5}, {"blocks": 1, "errno": 0}
CHECK = Check(interval=60.0, timeout=10.0, failures=3)


@dataclass
class World:
    """The clock and the helper; what was asked is answered by the test."""

    time: float = 1000.0
    sleep: float = 0.0
    probes: dict[int, tuple[str, Callable[[Any], None]]] = field(default_factory=dict)
    forgotten: set[int] = field(default_factory=set)
    count: int = 0

    ends: Cause | None = None
    """What there is to be said of keys that end."""
    lacks: Cause | None = None
    """Why there are no others."""

    @property
    def helper(self) -> World:
        return self

    @property
    def vault(self) -> World:
        return self

    def lacking(self, _name: str) -> Cause | None:
        return self.lacks

    def ending(self, _name: str) -> Cause | None:
        return self.ends

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return self.time

    def slept(self) -> float:
        return self.sleep

    def ask(self, task: str, callback: Callable[[Any], None], *, path: str, name: str) -> int:
        assert task == "check"
        self.count += 1
        self.probes[self.count] = (path, callback)
        return self.count

    def give_up(self, number: int) -> None:
        self.forgotten.add(number)

    def is_open(self, number: int) -> bool:
        return number in self.probes


class Kept:
    """A mount with a worker that serves."""

    def __init__(self, world: World, name: str, endpoint: str) -> None:
        self.world, self.name, self.folder = world, name, f"/mnt/{name}"
        self.mount = Mount(name, f"bucket-{name}", self.folder, Place("m.toml", 1),
                           options={"endpoint_url": endpoint, "force_path_style": True}, check=CHECK)
        self.evidence = Evidence()
        self.memory = Memory()
        self.rests = False
        self.record = Record(state=State.MOUNTED)
        self.serves = True
        self.woken = 0
        self.tries = 0
        self.remarks: dict[str, Cause] = {}
        self.explained: list[Cause | None] = []

    def explain(self, found: Cause | None) -> None:
        self.explained.append(found)

    def observed(self) -> Observed:
        worker = Worker(f"{self.name}-1", self.name, 1, "d", 7, self.folder)
        return Observed((Layer(Kind.LIVE, 7, 1, ""),), (worker,)) if self.serves else Observed()

    def wake(self) -> None:
        self.woken += 1

    def prove(self) -> None:
        self.evidence = proven(self.world.now())

    def try_now(self) -> None:
        self.tries += 1


class Stage:
    """Mounts, their proofs, and what the store was asked."""

    def __init__(self, *names: str, endpoint: str = "http://s3.example") -> None:
        self.world = World()
        self.questions: list[tuple[str, Callable[[Finding | None], None]]] = []
        self.checks = Checks(self.world.now, self.world.slept,
                             lambda mount, told: self.questions.append((mount.name, told)))
        self.kept: dict[str, Kept] = {}
        self.proofs: dict[str, Proof] = {}
        for name in names:
            self.add(name, endpoint)

    def add(self, name: str, endpoint: str) -> None:
        kept = self.kept[name] = Kept(self.world, name, endpoint)
        kept.prove()
        self.proofs[name] = self.checks.proof(kept, kept.try_now)  # type: ignore[arg-type]
        self.proofs[name].look()

    def pass_time(self, seconds: float) -> None:
        """Turn whenever something is due."""
        end = self.world.time + seconds
        while True:
            times = [at for proof in self.proofs.values() if (at := self.checks._next_at(proof)) is not None]
            if not times or min(times) > end:
                break
            self.world.time = max(self.world.time, min(times))
            self.checks.turn()
        self.world.time = end

    def under_way(self) -> list[str]:
        return [path.removeprefix("/mnt/") for number, (path, _) in self.world.probes.items()
                if number not in self.world.forgotten]

    def answer(self, name: str, answer: object) -> None:
        """Answer that mount's probe."""
        number = next(number for number, (path, _) in self.world.probes.items()
                      if path == f"/mnt/{name}" and number not in self.world.forgotten)
        self.world.probes.pop(number)[1](answer)

    def say(self, finding: Finding | None) -> list[str]:
        """Answer all questions that are open; whose they were."""
        questions, self.questions = self.questions, []
        for _, told in questions:
            told(finding)
        return [name for name, _ in questions]

    def shown(self, name: str) -> tuple[Health, str]:
        healthy, cause = self.proofs[name].health(State.MOUNTED, None)
        return healthy, cause.code if cause else ""


def away(*names: str) -> Stage:
    """These mounts with their endpoint away."""
    stage = Stage(*names)
    stage.proofs[names[0]].ask()
    stage.answer(names[0], EIO)
    stage.say(AWAY)
    return stage

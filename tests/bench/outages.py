"""What befalls the way to S3, a worker or a server's place, measured: what callers meet, what the status says and when.

One machine measures one trouble at a time; beside s3mountd's mounts a mount-s3 started by hand meets the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from tests.bench import rig
from tests.machine.callers import BIG, SMALL, Callers, callers, digest, stock
from tests.machine.equip import package
from tests.machine.far import ENDPOINT, Far, joined
from tests.machine.kit import BUCKETS, REGION
from tests.machine.machine import Machine
from tests.setup.worker import worker
from tests.system import kit

BUCKET = BUCKETS[0]
SHORT, LONG = 15.0, 100.0
"""Seconds of an outage."""
IDLE = 40.0
PIECE = 12 << 20
STABLE = 3.0
"""Seconds a worker serves before it is hit: two are what s3mountd calls stable."""
CHECK = {"interval": "5s", "timeout": "4s", "failures": 1}
BARE = "/srv/bare"
_GIVE_UP = 240.0


@dataclass
class Spell:
    """What was met in one outage. ``met``: by whom → how it ended, and seconds since the outage began."""

    lasted: float
    met: dict[str, tuple[str, float]] = field(default_factory=dict)
    code: str = ""
    told: float | None = None
    """Seconds until the status said that something is wrong; None when it never did."""
    served: float = 0.0
    """Seconds from S3's return until a new reader was served; ``bare`` for the mount made by hand."""
    bare: float = 0.0
    well: float = 0.0
    """Seconds from S3's return until the status said that all is well."""
    stored: str = ""
    """What S3 has of the upload: ``whole``, ``nothing``, or WRONG."""
    restarted: bool = False


class Scene:
    """A machine with the far side, a mount to read, one to write, one made by hand, and callers."""

    def __init__(self, machine: Machine, far: Far, users: Callers) -> None:
        self.machine, self.far, self.users = machine, far, users
        self._numbers = count()

    def small(self, folder: str) -> str:
        """A file that no mount has seen yet."""
        return f"{folder}/{SMALL.format(next(self._numbers))}"

    def fresh(self, *folders: str) -> None:
        """New readers come until one is served; `since` tells when."""
        for folder in folders:
            numbers = [next(self._numbers) for _ in range(6)]
            self.users.tell(f"fresh{folder}", "fresh", f"{folder}/small", *numbers)

    def since(self, folder: str) -> float:
        """Seconds after which a new reader was served there."""
        return self.users.ended(f"fresh{folder}", _GIVE_UP).seconds

    def pids(self) -> list[int]:
        """Of the two workers."""
        return [kit.look(self.machine, name)["pid"] for name in ("ro", "rw")]

    def stored(self, key: str) -> str:
        """What the far store has under that name."""
        listed = kit.store(self.machine, "list_objects_v2", ENDPOINT, Bucket=BUCKET, Prefix=key)
        if not listed["KeyCount"]:
            return "nothing"
        found = self.machine.run(["sha256sum", f"/srv/rw/{key}"], check=False).stdout
        return "whole" if found.split()[:1] == [digest(2 * PIECE)] else "WRONG"


@contextmanager
def scene(release: str, standby: bool = False) -> Iterator[Scene]:
    """A machine of its own, everything proven."""
    with Machine.create(release) as machine:
        machine.boot()
        machine.install_worker(worker())
        machine.install_deb(package())
        with joined(machine, [BUCKET]) as far, callers(machine) as users:
            stock(machine, BUCKET, ENDPOINT)
            said = partial(kit.mount, endpoint_url=ENDPOINT, region=REGION, check=CHECK, standby=standby,
                           grace="0s")
            kit.configure(machine, said("ro", read_only=True), said("rw"))
            kit.wait_ok(machine, "ro", "rw", timeout=60)
            options = [f"--endpoint-url={ENDPOINT}", *rig.OPTIONS[1:], "--read-only"]
            machine.run(["mkdir", "-p", BARE])
            machine.run(["mount-s3", BUCKET, BARE, *options], env={"AWS_EC2_METADATA_DISABLED": "true"})
            yield Scene(machine, far, users)


def _begin(it: Scene, key: str) -> None:
    """A file being read, and an upload under way."""
    for caller, word, *arguments in (
            ("handle", "open", f"/srv/ro/{BIG}", "r"), ("handle", "read", 0, 1000),
            ("writer", "open", f"/srv/rw/{key}", "w"), ("writer", "write", PIECE)):
        assert it.users.ask(caller, word, *arguments).outcome == "ok", (caller, word)


def _go_on(it: Scene) -> None:
    """They want more, and new readers come."""
    it.users.tell("reader", "get", it.small("/srv/ro"))
    it.users.tell("bare", "get", it.small(BARE))
    it.users.tell("handle", "read", 48 << 20, 100_000)
    it.users.tell("writer", "write", PIECE)
    it.users.tell("writer", "close")


def outage(it: Scene, key: str, lasts: float, trouble: AbstractContextManager[None]) -> Spell:
    """That trouble for so long: who was there before goes on, a new reader comes, and both mounts are watched."""
    _begin(it, key)
    pids = it.pids()
    spell = Spell(lasts)
    with trouble:
        began = time.monotonic()
        _go_on(it)
        spell.told, spell.code = _told(it, began, lasts)
        time.sleep(max(0.0, began + lasts - time.monotonic()))
    back = it.far.answered_at
    it.fresh("/srv/ro", BARE)
    kit.wait_ok(it.machine, "ro", "rw", timeout=_GIVE_UP)
    spell.well = time.monotonic() - back
    spell.served, spell.bare = it.since("/srv/ro"), it.since(BARE)
    _ends(it, spell)
    spell.stored = it.stored(key)
    spell.restarted = it.pids() != pids
    return spell


def _told(it: Scene, began: float, lasts: float) -> tuple[float | None, str]:
    while time.monotonic() < began + lasts:
        one = kit.look(it.machine, "ro")
        if one["health"] != "ok" and one["reason"]:
            return time.monotonic() - began, f"{one['health']}, `{one['reason']['code']}`"
        time.sleep(0.1)
    return None, "ok"


def _ends(it: Scene, spell: Spell) -> None:
    """What became of all that was begun; and the handle is tried once more."""
    for name in ("reader", "bare", "handle"):
        found = it.users.ended(name, _GIVE_UP)
        spell.met[name] = (found.outcome, found.seconds)
    written, closed = (it.users.ended("writer", _GIVE_UP) for _ in range(2))
    worst = closed.outcome if written.outcome == "ok" else written.outcome
    spell.met["writer"] = (worst, written.seconds + closed.seconds)
    again = it.users.ask("handle", "read", 32 << 20, 1000, timeout=_GIVE_UP)
    spell.met["again"] = (again.outcome, again.seconds)
    it.users.ask("handle", "close")


def lost(release: str, signal: str, standby: bool = False) -> Spell:
    """Both workers, and the mount-s3 started by hand, are killed or stopped (``KILL``, ``STOP``)."""
    with scene(release, standby) as it:
        time.sleep(STABLE)
        _begin(it, "over")
        bare = int(it.machine.run(["pgrep", "-f", f"^mount-s3 .*{BARE}"]).stdout)
        pids, spell = it.pids(), Spell(0)
        began = time.monotonic()
        it.machine.run(["kill", f"-{signal}", *map(str, (*pids, bare))])
        it.fresh("/srv/ro")
        _go_on(it)
        one, _ = (kit.wait_for(it.machine, name, _GIVE_UP, state="mounted", health="ok", restarts=1)
                  for name in ("ro", "rw"))
        spell.well, spell.code = time.monotonic() - began, f"`{one['last_outage']['code']}`"
        spell.served = it.since("/srv/ro")
        found = it.machine.run(["timeout", "-s", "KILL", "5", "cat", it.small(BARE)], check=False)
        spell.bare = 0.0 if found.returncode == 0 else float("inf")
        it.machine.run(["kill", "-KILL", str(bare)], check=False)
        _ends(it, spell)
        spell.stored = it.stored("over")
        spell.restarted = it.pids() != pids
        return spell


def network(release: str, fault: str) -> list[Spell]:
    """One row of the far side's faults, short and long."""
    with scene(release) as it:
        return [outage(it, f"over-{lasts:.0f}", lasts, it.far.fault(fault)) for lasts in (SHORT, LONG)]


@dataclass(frozen=True)
class Move:
    """Seconds from an address's change until a new reader was served: with reads going on, and after a pause."""

    busy: tuple[float, float]
    """s3mountd's mount, and the one made by hand."""
    idle: tuple[float, float]
    told: str
    restarted: bool


def move(release: str, change: Callable[[Far], AbstractContextManager[None]]) -> Move:
    """The server's address changes, or the machine's own."""
    figures: list[tuple[float, float]] = []
    told, restarted = "ok", False
    for pause in (0.0, IDLE):
        with scene(release) as it:
            pids = it.pids()
            for folder in ("/srv/ro", BARE):
                assert it.users.ask("reader", "get", it.small(folder)).outcome == "ok"
            with change(it.far):
                time.sleep(pause)
                began = time.monotonic()
                it.fresh("/srv/ro", BARE)
                if not pause:
                    _, told = _told(it, began, 40)
                figures.append((it.since("/srv/ro"), it.since(BARE)))
                restarted = restarted or it.pids() != pids
    return Move(figures[0], figures[1], told, restarted)

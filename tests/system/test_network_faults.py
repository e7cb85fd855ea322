"""What befalls the way to S3, and what of a mount survives it: workers, handles, bytes; what the status says meanwhile.

One far side with two mounts of it serves all faults, one after the other. Beside them a mount of a store that stays.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import pytest

from tests.machine import Machine
from tests.machine.callers import BIG, SMALL, Callers, callers, digest, stock
from tests.machine.far import ENDPOINT, FAULTS, Far, joined
from tests.machine.reset import reset
from tests.system import kit

pytestmark = pytest.mark.once

BUCKET = "bucket-one"
CHECK = {"interval": "5s", "timeout": "4s", "failures": 1}
PIECE = 12 << 20
"""Bytes: more than one part of an upload."""

OUTAGES = {
    "unplugged": ("name-unresolved", "unreachable"),
    "blackhole": ("name-unresolved",),
    "dropped": ("unreachable",),
    "reset": ("connection-refused",),
    "prohibited": ("unreachable",),
    "overloaded": ("throttled",),
    "frozen": ("unreachable",),
    "killed": ("connection-refused",),
}
"""What takes S3 away, and the codes that tell it rightly."""

FORGETFUL = {"killed"}
"""After these the server may not know an upload any more that had begun."""

_numbers = count()


@dataclass(frozen=True)
class Scene:
    """Three mounts: `ro` and `rw` of the far store, `near` of the machine's own; and callers."""

    machine: Machine
    far: Far
    users: Callers

    def pids(self) -> list[int]:
        """The worker of each mount."""
        return [kit.look(self.machine, name)["pid"] for name in ("ro", "rw", "near")]

    def get(self) -> None:
        """`reader` opens and reads a file that the mount has not seen yet."""
        self.users.tell("reader", "get", "/srv/ro/" + SMALL.format(next(_numbers)))

    def try_fresh(self) -> None:
        """New readers come to both mounts, until one of each is served."""
        for name in ("ro", "rw"):
            self.users.tell(f"fresh-{name}", "fresh", f"/srv/{name}/small", *(next(_numbers) for _ in range(6)))

    def served_fresh(self) -> float:
        """After how many seconds that was."""
        return max(self.users.ended(f"fresh-{name}", 60).seconds for name in ("ro", "rw"))

    def begin(self, key: str) -> None:
        """`handle` and `writer` have a file open, and S3 has a part of the second."""
        begun = [
            self.users.ask("handle", "open", f"/srv/ro/{BIG}", "r"),
            self.users.ask("handle", "read", 0, 1000),
            self.users.ask("writer", "open", f"/srv/rw/{key}", "w"),
            self.users.ask("writer", "write", PIECE),
        ]
        assert [one.outcome for one in begun] == ["ok"] * 4

    def go_on(self) -> None:
        """All three want something that only S3 can give; the upload grows."""
        self.get()
        self.users.tell("handle", "read", 48 << 20, 100_000)
        self.users.tell("writer", "write", PIECE)

    def unfinished(self) -> list[str]:
        """Who of the readers still waits."""
        return [name for name in ("reader", "handle") if self.users.waits(name)]

    def finish(self, key: str) -> bool:
        """The readers get the right bytes; true when the upload succeeded. It is whole then, else there is nothing."""
        for caller in ("reader", "handle"):
            assert self.users.ended(caller, 60).outcome == "ok"
        assert self.users.ask("handle", "close").outcome == "ok"
        said = [self.users.ended("writer", 60).outcome, self.users.ask("writer", "close", timeout=60).outcome]
        if said != ["ok", "ok"]:
            assert kit.store(self.machine, "list_objects_v2", ENDPOINT, Bucket=BUCKET, Prefix=key)["KeyCount"] == 0
            return False
        assert self.machine.run(["sha256sum", f"/srv/ro/{key}"]).stdout.split()[0] == digest(2 * PIECE)
        return True


@pytest.fixture(scope="module")
def stage(shared_machine: Machine) -> Iterator[Far]:
    machine = shared_machine
    reset(machine)
    with joined(machine) as far:
        stock(machine, BUCKET, ENDPOINT)
        afar = [kit.mount(name, endpoint_url=ENDPOINT, check=CHECK, read_only=name == "ro") for name in ("ro", "rw")]
        kit.configure(machine, *afar, kit.mount("near"))
        yield far


@pytest.fixture
def scene(shared_machine: Machine, stage: Far) -> Iterator[Scene]:
    """Callers of its own for each fault: one that fails must not spoil the next."""
    kit.wait_ok(shared_machine, "ro", "rw", "near", timeout=60)
    with callers(shared_machine) as users:
        yield Scene(shared_machine, stage, users)


def _seconds_until(scene: Scene, health: str, since: float) -> tuple[float, kit.Document]:
    """When both mounts of the far store were seen to be so, from that moment on; and what one of them says."""
    found = [kit.wait_for(scene.machine, name, 40, state="mounted", health=health) for name in ("ro", "rw")]
    return time.monotonic() - since, found[0]


@pytest.mark.parametrize("fault", OUTAGES)
def test_an_outage_is_told_and_costs_no_worker_no_handle_and_no_byte(scene: Scene, fault: str) -> None:
    pids = scene.pids()
    with kit.hammer(scene.machine, "/srv/near", readers=1) as neighbour:
        scene.begin(fault)
        with scene.far.fault(fault):
            began = time.monotonic()
            scene.go_on()
            told, seen = _seconds_until(scene, "degraded", began)
            assert seen["reason"]["code"] in OUTAGES[fault]
            assert scene.unfinished() == ["reader", "handle"]
        scene.try_fresh()
        healed, _ = _seconds_until(scene, "ok", scene.far.answered_at)
        served = scene.served_fresh()
        stored = scene.finish(fault)
    print(f"{fault}: {seen['reason']['code']} told after {told:.1f} s; "
          f"S3 back: new readers served after {served:.1f} s, told after {healed:.1f} s")
    assert stored or fault in FORGETFUL
    assert told <= 15
    # Two seconds are promised (docs/recovery.md has the figures); the rest is for a busy machine.
    assert healed <= served + 5
    assert (neighbour.errors, neighbour.bare, neighbour.wrong) == ({}, 0, 0)
    assert neighbour.longest_gap < 3
    assert scene.pids() == pids


@pytest.mark.parametrize("fault", ["nameless", "slow"])
def test_what_only_slows_s3_down_is_no_outage(scene: Scene, fault: str) -> None:
    pids = scene.pids()
    scene.begin(fault)
    with scene.far.fault(fault):
        scene.go_on()
        assert scene.users.ended("reader", 15).outcome == "ok"
        scene.machine.run("s3mountctl status >/dev/null")
        assert [kit.look(scene.machine, name)["health"] for name in ("ro", "rw")] == ["ok", "ok"]
        scene.get()
    assert scene.finish(fault)
    assert scene.pids() == pids


def test_every_fault_of_the_far_side_is_tried() -> None:
    assert {*OUTAGES, "nameless", "slow"} == set(FAULTS)

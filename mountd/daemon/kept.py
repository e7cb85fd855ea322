"""One kept mount: what is known of it, shared by those who look, act and mourn."""

import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from random import random
from types import MappingProxyType

from mountd.core import backoff, reasons, remarks
from mountd.core.backoff import STABLE_SECONDS, Failure
from mountd.core.health import Evidence, proven
from mountd.core.layers import Kind, Layer
from mountd.core.measured import Measured
from mountd.core.memory import Drain, Memory
from mountd.core.messages import Cause
from mountd.core.observed import Observed, Worker
from mountd.core.situation import Situation
from mountd.core.status import Aside
from mountd.core.uploads import Found
from mountd.daemon import record
from mountd.daemon.announce import Announcer, not_killed
from mountd.daemon.world import World
from mountd.system.waiting import Waiting
from mountd.words.errors import FAULTS, FaultClass, MountdError
from mountd.words.model import Mount, Reason, State

_SPARE_AFTER = 1.0
"""Seconds of service after which a spare is made."""


class Kept:
    """The memory of one mount, and the few sentences that change it. ``wake()`` asks for a look, soon."""

    remarks: Mapping[str, Cause] = MappingProxyType({})
    """What else is to be said of it while it serves, by who found it (``core.remarks``)."""
    uploads: Found | None = None
    """Its incomplete uploads, as last looked for."""

    def __init__(self, name: str, folder: str, world: World, wake: Callable[[], None]) -> None:
        self.name, self.folder, self.world, self.wake = name, folder, world, wake
        self.configured: Mount | None = None
        """As it is configured."""
        self.mount: Mount | None = None
        """As it is started: with less than was asked for where writing is not safe (``daemon.writes``)."""
        self.digest = ""
        self.memory = Memory()
        self.workers: dict[str, Worker] = {}
        self.staged_mount: int | None = None
        """Descriptor of the staged mount, ours to close."""
        self.spare_mount: int | None = None
        self.spare_line: socket.socket | None = None
        """The spare's mount and our end of its line, ours to close."""
        self.spare_memory: int | None = None
        """Bytes that the standby takes, as last measured."""
        self.held: dict[int, Waiting] = {}
        """By connection: server's ends of mounts at which callers wait, or would; see ``daemon.waits``."""
        self.asked: set[int] = set()
        """Connections that are being asked whether somebody serves."""
        self.on_folder = ""
        """The unit whose mount was brought to the folder and not taken away from here since."""
        self.stop_timeout = Mount.stop_timeout
        self.owner: int | None = None
        """Whose the folder is, once the host has said it; keys are looked for by it."""
        self.key_digests: dict[str, str] = {}
        """By worker, of the keys that it was given."""
        self.refused_keys: tuple[str, Cause] | None = None
        """Digest of new keys that must not replace those in use, and why."""
        self.record = record.load(name, world.chronicle)
        self.evidence = Evidence()
        """What is proven of the worker that serves."""
        self.told = False
        """Has the present situation been told to those who listen?"""
        self.layers: tuple[Layer, ...] = ()
        """What was on the folder when it was last looked at."""
        self.announcer = Announcer(name)
        self._serving_since: float | None = None
        world.vault.meet(self)

    def observed(self) -> Observed:
        """The folder and the workers as they are now."""
        self.layers = self.world.table.stack(self.folder)
        known = (replace(layer, kind=Kind.WAITING) if layer.connection in self.held else layer for layer in self.layers)
        return Observed(tuple(known), tuple(self.workers.values()), frozenset(self.held))

    def situation(self) -> Situation:
        """All that a decision is made from."""
        return Situation(self.mount, self.digest, self.observed(), self.memory, self.world.now())

    @property
    def rests(self) -> bool:
        """Is it being found out whether anybody uses the folder? Then nothing of ours may: no probe, no look inside."""
        return self.memory.marked

    def reason(self, cause: Cause) -> Reason:
        """The cause in words for this mount."""
        return reasons.reason(cause, self.mount, self.record.credentials)

    def size(self) -> Measured | None:
        """How much somebody counted in its bucket."""
        return self.world.sizes.of(self.mount) if self.mount else None

    def is_starting(self, unit: str) -> bool:
        """Is this the staged worker?"""
        return self.memory.staging is not None and self.memory.staging.unit == unit

    def is_spare(self, unit: str) -> bool:
        """Is this the worker that waits?"""
        return self.memory.spare is not None and self.memory.spare.unit == unit

    def kill(self, unit: str) -> None:
        """SIGKILL; a refusal is told: what had to be given up is given up all the same."""
        self.world.systemd.kill(unit, lambda text: not_killed(self.name, unit, text))

    def give_up(self, unit: str) -> None:
        """Kill a worker that nobody can have written through."""
        if unit in self.workers:
            gone = Drain(unit, 0, self.world.now(), killed=True)
            self.memory = replace(self.memory, draining=(*self.memory.draining, gone))
            self.kill(unit)

    def waiting(self, worker: Worker) -> int | None:
        """Requests that wait at a worker, our own as well; None where that cannot be known."""
        try:
            return self.world.fusectl.waiting(worker.connection)
        except MountdError:
            return None

    def is_mounted(self, worker: Worker) -> bool:
        """Is the worker's mount, dead or alive, on the folder?"""
        return any(layer.connection == worker.connection for layer in self.observed().layers)

    def renew(self) -> None:
        """Have another worker take over, with whatever the host says anew."""
        self.memory = replace(self.memory, failure=None, prepared=None)
        serving = self.observed().serving
        if serving is not None:
            self.workers[serving.unit] = replace(serving, digest="to be replaced")
        self.wake()

    def refused(self, cause: Cause) -> bool:
        """An action could not be carried out. False when that is what the next try waits for already: a guard, too, may
        need what the worker wants."""
        failure = self.memory.failure
        if failure is not None and failure.cause == cause and (failure.not_before or 0.0) > self.world.now():
            return False
        self.fail(cause)
        return True

    def fail(self, cause: Cause) -> None:
        """Remember a failure; after a stable spell it is a first one again."""
        now = self.world.now()
        previous: Failure | None = self.memory.failure
        if self._serving_since is not None and now - self._serving_since >= STABLE_SECONDS:
            previous = None
        self._serving_since = None
        failure = backoff.after(previous, cause, now, random())
        if FAULTS[cause.code].klass in (FaultClass.CREDENTIALS, FaultClass.ACCESS):
            # What it was given may be of no use any more: then there is nothing to be kept of it.
            self.record.keys = ""
        if self.world.vault.doubt(self.name, cause):
            failure = replace(failure, not_before=now)
        keep = failure.not_before is not None and failure.not_before <= now
        self.memory = replace(self.memory, failure=failure, prepared=self.memory.prepared if keep else None)
        if not self.world.outages.tells(self.mount, State.WAITING, cause):
            self.announcer.failed(failure, self.reason(cause))

    @property
    def serving(self) -> Worker | None:
        """The worker that served when the folder was last looked at."""
        return Observed(self.layers, tuple(self.workers.values())).serving

    def aside(self) -> Aside:
        """What is shown of the mount beside its state and health."""
        return Aside(self.serving.version if self.serving is not None else "", self.uploads,
                     self.world.sizes.told(self.mount) if self.mount else None)

    def remark(self, source: str, cause: Cause | None) -> None:
        """``source`` has found this to say of the mount, or no longer anything."""
        if self.remarks.get(source) != cause:
            self.remarks = {**self.remarks, source: cause} if cause is not None else {
                key: value for key, value in self.remarks.items() if key != source}
            self.wake()

    def explain(self, found: Cause | None) -> None:
        """S3, asked apart from a worker that failed to start, has said why."""
        failure = self.memory.failure
        if failure is not None and (cause := remarks.better(failure.cause, found)) != failure.cause:
            self.memory = replace(self.memory, failure=replace(failure, cause=cause))
            self.wake()

    def served(self) -> None:
        """A worker has come to the folder and has answered."""
        # A mount on demand comes and goes without anything having failed.
        called = self.mount is not None and self.mount.on_demand and self.memory.failure is None
        if self.record.ever_served and self.record.state is not State.MOUNTED and not called:
            self.record.restarts += 1
        self.record.keys = self.key_digests.get(self.on_folder, self.record.keys)
        self._serving_since = self.world.now()
        self.want_spare()
        self.told = False
        self.prove()

    def want_spare(self) -> None:
        """The mount serves: a spare would be of use, soon."""
        self.memory = replace(self.memory, spare_due=self.world.now() + _SPARE_AFTER)

    @property
    def grace(self) -> float:
        """Seconds within which what is over was no outage."""
        return self.mount.grace if self.mount else Mount.grace

    def prove(self) -> None:
        """The worker has just reached its bucket."""
        self.evidence = proven(self.world.now())
        self.record.checked_at = self.world.wall()

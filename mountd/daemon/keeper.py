"""One mount's keeper: observe, decide, apply, and look again when an event or a deadline says so."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import random

from gi.repository import GLib

from mountd.core import backoff, changes, plan, reasons
from mountd.core.backoff import STABLE_SECONDS, Failure
from mountd.core.layers import Layer
from mountd.core.messages import Cause, Ending, of_ending
from mountd.core.observed import Observed, Worker
from mountd.core.plan import Memory, Situation
from mountd.core.status import View
from mountd.daemon import apply, record
from mountd.daemon.announce import Announcer
from mountd.daemon.proof import Proof
from mountd.daemon.world import World
from mountd.system.binary import Installed
from mountd.system.probe import Answer
from mountd.words.errors import MountdError
from mountd.words.model import Health, Mount, Reason, State
from mountd.words.options import too_new, version_text

_LOOKS_AT_ONCE = 10
"""A look leads to actions and those to another look; more in a row than this is a fault, and the loop must turn."""


class Keeper:
    """Keeps one folder as the configuration wants it. Lives in the GLib loop; nothing here blocks."""

    def __init__(self, name: str, folder: str, world: World, changed: Callable[["Keeper"], None]) -> None:
        self.name, self.folder, self.world = name, folder, world
        self.mount: Mount | None = None
        self.digest = ""
        self.memory = Memory()
        self.workers: dict[str, Worker] = {}
        self.staged_mount: int | None = None
        """Descriptor of the staged mount, ours to close."""
        self.record = record.load(name)
        self.health = Health.UNKNOWN
        self.looked = False
        """Has the present situation been told to those who listen?"""
        self.proof = Proof(self)
        self._announcer = Announcer(name)
        self._changed = changed
        self._idle = 0
        self._timer = 0
        self._look_at: float | None = None
        self._serving_since: float | None = None
        self.on_folder = ""
        """The unit whose mount was brought to the folder and not taken away from here since."""
        self.stop_timeout = Mount.stop_timeout
        self._layers: tuple[Layer, ...] = ()

    # Events

    def want(self, mount: Mount | None, digest: str) -> None:
        """What the configuration says now; None when the mount is no longer in it."""
        failure = self.memory.failure
        if changes.differ(mount, self.mount) or (failure is not None and failure.not_before is None):
            # What waits for a person gets its try: a person has just spoken.
            self.memory = replace(self.memory, failure=None, prepared=None)
        if mount is None or not mount.enabled:
            self.memory = replace(self.memory, coverable=False)
        self.mount, self.digest = mount, digest
        # A mount that leaves the configuration still drains by the time it was given there.
        self.stop_timeout = mount.stop_timeout if mount else self.stop_timeout
        self.wake()

    def hold(self, held: bool) -> None:
        """An operator stops the mount, or lets it go on."""
        kept = self.memory.coverable and not held
        self.memory = replace(self.memory, held=held, failure=None, prepared=None, coverable=kept)
        self.wake()

    def renew(self) -> None:
        """An operator wants a fresh worker, or a try at once."""
        self.memory = replace(self.memory, failure=None, prepared=None, held=False)
        serving = self.observed().serving
        if serving is not None:
            self.workers[serving.unit] = replace(serving, digest="to be replaced")
        self.wake()

    def adopt(self, worker: Worker) -> None:
        """A worker that was there before this daemon."""
        self.workers[worker.unit] = worker
        self.world.has_generation(self.name, worker.generation)
        self.stop_timeout = max(self.stop_timeout, worker.stop_timeout)
        if self.observed().serving == worker:
            self.on_folder = worker.unit

    def lost(self, living: Sequence[str]) -> None:
        """PID 1 was executed anew: workers whose end we did not hear of have ended all the same."""
        for unit in [unit for unit in self.workers if unit not in living and not self._is_starting(unit)]:
            self.ended(unit, Ending("exit-code", 1))

    def _is_starting(self, unit: str) -> bool:
        return self.memory.staging is not None and self.memory.staging.unit == unit

    def ended(self, unit: str, ending: Ending) -> None:
        """A worker's unit has ended."""
        worker = self.workers.get(unit)
        if worker is None:
            return
        if self._is_starting(unit):
            self._ask_for_words(unit, ending)
            return
        drained = unit in {drain.unit for drain in self.memory.draining}
        serving = self.observed().serving
        # An end without a fault is that of a mount taken away, unless the dead mount is still there.
        taken_away = ending.result == "success" and not self._is_mounted(worker)
        self._bury(worker)
        if drained:
            rest = tuple(drain for drain in self.memory.draining if drain.unit != unit)
            self.memory = replace(self.memory, draining=rest)
        elif (serving is not None and serving.unit == unit) or not self.observed().workers:
            self.fail(Cause("unmounted-outside") if taken_away else of_ending(ending))
        self.wake()

    def _is_mounted(self, worker: Worker) -> bool:
        return any(layer.connection == worker.connection for layer in self.observed().layers)

    def _bury(self, worker: Worker) -> None:
        self.workers.pop(worker.unit, None)
        if worker.cache:
            self.world.helper.ask("sweep", lambda _: None, path=worker.cache)

    def _ask_for_words(self, unit: str, ending: Ending) -> None:
        """A worker that died while staging has said why; the journal may need a moment to have it."""
        def told(answer: Answer | MountdError) -> None:
            words = "" if isinstance(answer, MountdError) else str(answer["words"])
            if self._is_starting(unit):
                apply.drop_staging(self)
                self.fail(of_ending(replace(ending, words=words)))
                self.wake()

        worker = self.workers.get(unit)
        if worker is not None:
            self._bury(worker)
        if ending.result == "exit-code" and ending.status != 203:
            self.world.helper.ask("words", told, unit=unit, since=self.world.wall() - self._staging_age() - 1.0)
        else:
            told({"words": ""})

    def _staging_age(self) -> float:
        staging = self.memory.staging
        return self.world.now() - staging.since if staging else 0.0

    def fail(self, cause: Cause) -> None:
        """Remember a failure; after a stable spell it is a first one again."""
        now = self.world.now()
        previous: Failure | None = self.memory.failure
        if self._serving_since is not None and now - self._serving_since >= STABLE_SECONDS:
            previous = None
        self._serving_since = None
        failure = backoff.after(previous, cause, now, random())
        keep = failure.not_before is not None and failure.not_before <= now
        self.memory = replace(self.memory, failure=failure, prepared=self.memory.prepared if keep else None)
        self._announcer.failed(failure, self.reason(cause))

    def _notice_umount(self) -> None:
        """The worker is there and its mount is not, and nobody here took it away: somebody else did."""
        worker = self.workers.get(self.on_folder)
        if worker is None or self._is_mounted(worker):
            return
        self.on_folder = ""
        self.fail(Cause("unmounted-outside"))

    def served(self) -> None:
        """A worker has come to the folder and has answered."""
        if self.record.ever_served and self.record.state is not State.MOUNTED:
            self.record.restarts += 1
        self._serving_since = self.world.now()
        self.looked = False
        self.proof.given()

    # The look

    def mounts_changed(self) -> None:
        """The mount table is another one; look if it is so on this folder."""
        if self.world.table.stack(self.folder) != self._layers:
            self.wake()

    def wake(self) -> None:
        """Look at this mount again, soon."""
        if not self._idle:
            self._idle = GLib.idle_add(self._look, priority=GLib.PRIORITY_DEFAULT)

    def observed(self) -> Observed:
        """The folder and the workers as they are now."""
        layers = self.world.table.stack(self.folder)
        self._layers = layers
        return Observed(layers, tuple(self.workers.values()))

    def _refusal(self) -> Cause | None:
        if self.mount is None:
            return None
        found = self.world.binary.look()
        if isinstance(found, Cause):
            return found
        late = too_new(self.mount.options, found.version) if isinstance(found, Installed) else []
        if late:
            needs = "; ".join(f"{name} needs mount-s3 {version_text(since)}" for name, since in late)
            return Cause("option-too-new", f"{needs}; installed is {version_text(self.world.binary.version or ())}")
        return None

    def _look(self) -> bool:
        self._idle = 0
        for _ in range(_LOOKS_AT_ONCE):
            self._notice_umount()
            self.memory = replace(self.memory, refusal=self._refusal())
            now = self.world.now()
            decision = plan.decide(Situation(self.mount, self.digest, self.observed(), self.memory, now))
            progress = [self._apply(action) for action in decision.actions]
            if not any(progress):
                break
        self._settle(decision, now)
        return bool(GLib.SOURCE_REMOVE)

    def _apply(self, action: plan.Action) -> bool:
        try:
            return apply.act(self, action)
        except MountdError as error:
            apply.drop_staging(self)
            self.fail(Cause(error.fault.code, error.detail))
            return True

    def _settle(self, decision: plan.Decision, now: float) -> None:
        news = self.record.turn(decision.state, decision.cause, self.world.wall())
        healthy = self.proof.health(decision.state, decision.cause)
        if news or healthy is not self.health or not self.looked or self.mount is None:
            self.health, self.looked = healthy, True
            self._announcer.turned(self.record, self.reason(decision.cause) if decision.cause else None, news)
            if self.mount is not None:
                record.save(self.name, self.record)
            self._changed(self)
        if news and decision.state is State.MOUNTED:
            # It may have come back without a new worker, as when somebody else's mount goes from above it.
            self.proof.ask()
        self._schedule(decision.look_at, now)

    def _schedule(self, look_at: float | None, now: float) -> None:
        self._look_at = look_at
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        if look_at is not None:
            self._timer = GLib.timeout_add(max(0, int((look_at - now) * 1000) + 1), self._due)

    def _due(self) -> bool:
        self._timer = 0
        self.wake()
        return bool(GLib.SOURCE_REMOVE)

    # What others read

    def reason(self, cause: Cause) -> Reason:
        """The cause in words for this mount."""
        return reasons.reason(cause, self.mount, self.record.credentials)

    def view(self) -> View | None:
        """The mount as it is shown, None for one that is no longer configured."""
        if self.mount is None:
            return None
        serving = self.observed().serving
        unit = serving.unit if serving else ""
        now = self.world.now()
        failure, staging = self.memory.failure, self.memory.staging
        waits = failure is not None and failure.not_before is not None and failure.not_before > now and not staging
        next_try = self.world.wall() + failure.not_before - now if waits and failure and failure.not_before else None
        cause = self.record.cause
        return View(
            self.mount, self.record.state, self.health, self.reason(cause) if cause else None, self.record.since,
            self.record.checked_at, unit, self.world.systemd.pid(unit), self.record.restarts,
            next_try, self.record.last_outage, self.record.credentials,
        )

    def gone(self) -> bool:
        """Nothing is wanted and nothing is left: this keeper can be forgotten."""
        top = self.observed().top
        return self.mount is None and not self.workers and self.memory.staging is None and not (top and top.ours)

    def close(self) -> None:
        """Forget timers; the mount and its workers stay as they are."""
        for source in (self._idle, self._timer):
            if source:
                GLib.source_remove(source)
        self._idle = self._timer = 0
        self.proof.close()

"""One mount's keeper: observe, decide, apply, and look again when an event or a deadline says so."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import structlog
from gi.repository import GLib

from mountd.core import actions, changes, history, plan
from mountd.core.history import Outage
from mountd.core.memory import Staging
from mountd.core.messages import Cause, Ending
from mountd.core.observed import Worker
from mountd.core.reckoning import availabilities
from mountd.core.situation import Decision
from mountd.core.status import View
from mountd.daemon import apply, demand, ends, record, spare, waits
from mountd.daemon.announce import not_killed
from mountd.daemon.checks import Checks
from mountd.daemon.hang import Hang
from mountd.daemon.kept import Kept
from mountd.daemon.preflight import Preflight
from mountd.daemon.world import World
from mountd.system.binary import Installed
from mountd.words.errors import FAULTS, FaultClass, MountdError
from mountd.words.model import Health, Mount
from mountd.words.options import too_new, version_text

_log: Any = structlog.get_logger()
_PATIENT_START = 2.0
"""Seconds after which a worker that is not up yet is better begun anew when the network has come back."""
_LOOKS_AT_ONCE = 10
"""A look leads to actions and those to another look; more in a row than this is a fault, and the loop must turn."""
_AFTER_FAULT = 5.0


class Keeper:
    """Keeps one folder as the configuration wants it. Lives in the GLib loop; nothing here blocks."""

    def __init__(self, name: str, folder: str, world: World, checks: Checks,
                 changed: Callable[["Keeper"], None]) -> None:
        self.name, self.folder = name, folder
        self.kept = Kept(name, folder, world, self.wake)
        waits.remember(self.kept)
        self.proof = checks.proof(self.kept, self._try_now)
        self._checks = checks
        self.hang = Hang(self.kept, lambda: self.proof.under_way)
        self._preflight = Preflight(self.kept)
        self.health = self._healthy = Health.UNKNOWN
        self.looked = False
        self._world = world
        self._changed = changed
        self._outage: Outage | None = None
        """The last one that was told."""
        self._idle = self._timer = 0

    @property
    def mount(self) -> Mount | None:
        """What the configuration says, None when it says nothing (any more)."""
        return self.kept.mount

    # Events

    def want(self, mount: Mount | None) -> None:
        """What the configuration says now; None when the mount is no longer in it."""
        kept = self.kept
        failure = kept.memory.failure
        if changes.differ(mount, kept.configured) or (failure is not None and failure.not_before is None):
            # What waits for a person gets its try: a person has just spoken.
            kept.record.keys = ""
            kept.memory = replace(kept.memory, failure=None, prepared=None)
        if mount is None or not mount.enabled:
            kept.memory = replace(kept.memory, coverable=False)
        kept.configured = mount
        self._world.writes.tend(kept)
        # A mount that leaves the configuration still drains by the time it was given there.
        kept.stop_timeout = mount.stop_timeout if mount else kept.stop_timeout
        self.wake()

    def hold(self, held: bool) -> None:
        """An operator stops the mount, or lets it go on."""
        before = self.kept.memory
        coverable = before.coverable and not held
        self.kept.memory = replace(before, held=held, failure=None, prepared=None, coverable=coverable)
        self.wake()

    def renew(self) -> None:
        """An operator wants a fresh worker, or a try at once."""
        spare.drop(self.kept)  # what it was given may be old
        self.kept.memory = replace(self.kept.memory, held=False)
        self.kept.renew()

    def adopt(self, worker: Worker) -> None:
        """A worker that was there before this daemon."""
        kept = self.kept
        kept.workers[worker.unit] = worker
        self._world.caches.update({worker.cache} - {""})
        kept.stop_timeout = max(kept.stop_timeout, worker.stop_timeout)
        self._world.has_generation(self.name, worker.generation)
        if worker.connection in kept.held:
            # It was given a mount at which callers wait; whether it serves is asked.
            kept.memory = replace(kept.memory, staging=Staging(worker.unit, worker.digest, self._world.now()))
            self._world.stagings[worker.unit] = self._world.now()
        if kept.observed().serving == worker:
            kept.on_folder = worker.unit
            kept.want_spare()

    def ended(self, unit: str, ending: Ending) -> None:
        """A worker's unit has ended, perhaps one of this mount's."""
        ends.ended(self.kept, unit, ending)

    def lost(self, living: Sequence[str]) -> None:
        """Only these units live; ends may have gone unheard."""
        ends.unheard(self.kept, living)

    def mounts_changed(self) -> None:
        """The mount table is another one; look if it is so on this folder."""
        if self._world.table.stack(self.folder) != self.kept.layers:
            self.wake()

    def sleep(self) -> None:
        """The machine goes to sleep, which callers that wait for S3 can prevent: the kernel cannot freeze them."""
        serving = self.kept.observed().serving
        if serving is None or self.mount is None or self.mount.on_sleep != "abort":
            return
        try:
            if self._world.fusectl.waiting(serving.connection):
                self._world.fusectl.abort(serving.connection)
                # It is of no use now, and one that is hung would not notice.
                self._world.systemd.kill(serving.unit, lambda text: not_killed(self.name, serving.unit, text))
                _log.info(f"{self.name}: freed callers that waited, before the machine sleeps", mount=self.name)
        except MountdError as error:
            _log.warning(f"{self.name}: {error}", mount=self.name)

    def _try_now(self) -> None:
        """The way to S3 is free again: what was held up by it is tried at once."""
        kept, now = self.kept, self._world.now()
        staging, failure = kept.memory.staging, kept.memory.failure
        if staging is not None and not staging.ready and now - staging.since > _PATIENT_START:
            # mount-s3 waits between two tries of its own, up to 20 s (research note mount-s3.md, 3.4).
            apply.drop_staging(kept)
        if failure is not None and FAULTS[failure.cause.code].klass is FaultClass.NETWORK:
            kept.memory = replace(kept.memory, failure=replace(failure, not_before=now))
        self.wake()

    def wake(self) -> None:
        """Look again, soon."""
        if not self._idle:
            self._idle = GLib.idle_add(self._woken, priority=GLib.PRIORITY_DEFAULT)

    # The look

    def _refusal(self) -> Cause | None:
        """What about this host forbids to start the worker at all."""
        if self.mount is None:
            return None
        found = self._world.binary.look()
        if isinstance(found, Cause):
            return found
        late = too_new(self.mount.options, found.version) if isinstance(found, Installed) else []
        if isinstance(found, Installed) and late:
            needs = "; ".join(f"{name} needs mount-s3 {version_text(since)}" for name, since in late)
            return Cause("option-too-new", f"{needs}; installed is {version_text(found.version)}")
        return None

    def _woken(self) -> bool:
        self._idle = 0
        try:
            self._look()
        except Exception:  # noqa: BLE001  a fault of ours must not leave a mount without its keeper
            _log.exception(f"{self.name}: a look broke off", mount=self.name)
            now = self._world.now()
            self._schedule(now + _AFTER_FAULT, now)
        return bool(GLib.SOURCE_REMOVE)

    def _look(self) -> None:
        kept, news = self.kept, False
        for _ in range(_LOOKS_AT_ONCE):
            ends.notice_umount(kept)
            kept.memory = replace(kept.memory, refusal=self._refusal())
            self._world.writes.tend(kept)
            waits.tend(kept)
            demand.tend(kept)
            decision = plan.decide(situation := kept.situation())
            # Also what is over by the end of this look is told: a standby takes over within it.
            news = self._turn(decision) or news
            progress = [self._apply(action) for action in decision.actions]
            if not any(progress):
                break
        self._settle(decision, situation.now, news)

    def _apply(self, action: actions.Action) -> bool:
        try:
            return apply.act(self.kept, action)
        except MountdError as error:
            apply.drop_staging(self.kept)
            return self.kept.refused(Cause(error.fault.code, error.detail))

    def _turn(self, decision: Decision) -> bool:
        kept = self.kept
        self._world.chronicle.look()
        self.proof.look()
        self._healthy, cause = self.proof.health(decision.state, decision.cause)
        before, tells = (kept.record.state, kept.record.cause), self._world.outages.tells
        # A change that cannot come up, while the worker from before serves on, is no outage.
        counted = Health.OK if self._healthy is Health.DEGRADED and self.proof.is_good else self._healthy
        news = kept.record.turn(decision.state, counted, cause, self._world.wall(), kept.grace)
        # What a mount has in common with others is told once for all; so is its end, where nothing was mounted anew.
        elsewhere = tells(kept.mount, decision.state, cause) or (
            tells(kept.mount, *before) and before[0] is decision.state and cause is None)
        kept.announcer.turned(kept.record, self._healthy, kept.reason(cause) if cause else None, news and not elsewhere)
        return news

    def _settle(self, decision: Decision, now: float, news: bool) -> None:
        kept, wall, healthy = self.kept, self._world.wall(), self._healthy
        outage = kept.record.history.last(wall, kept.grace)
        if (news or healthy is not self.health or not kept.told or self.mount is None
                or history.differ(outage, self._outage)):
            self.health, self._outage, kept.told, self.looked = healthy, outage, True, True
            if self.mount is not None:
                record.save(self.name, kept.record)
                self._world.chronicle.keep(self.name, kept.record.history)
            self._changed(self)
        if news and self.proof.waits_for_network:
            self._checks.suspect(self.proof)
        self._preflight.look()
        grace = kept.record.history.grace_left(wall, kept.grace)
        times = [time for time in (decision.look_at, None if grace is None else now + grace) if time is not None]
        self._schedule(min(times, default=None), now)

    def _schedule(self, look_at: float | None, now: float) -> None:
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

    def _next_try(self) -> float | None:
        """When the next try is, in seconds since the epoch; None when one is under way or none is planned."""
        failure, now = self.kept.memory.failure, self._world.now()
        if failure is None or failure.not_before is None or failure.not_before <= now or self.kept.memory.staging:
            return None
        return self._world.wall() + failure.not_before - now

    def view(self) -> View | None:
        """The mount as it is shown, None for one that is no longer configured."""
        kept = self.kept
        if kept.mount is None:
            return None
        serving = kept.observed().serving
        unit = serving.unit if serving else ""
        told, wall = kept.record, self._world.wall()
        return View(
            kept.mount, told.state, self.health, kept.reason(told.cause) if told.cause else None, told.since,
            told.checked_at, unit, self._world.systemd.pid(unit), spare.standby(kept), told.restarts, self._next_try(),
            told.history.last(wall, kept.grace), told.credentials, availabilities(told.history, wall),
            told.history.begun, waits.shown(kept), told.latency, self._waiting(serving), kept.size(), told.expires,
            self._world.writes.shown(kept), kept.aside(),
        )

    def _waiting(self, serving: Worker | None) -> int | None:
        """Requests of callers that the worker has not answered; None when that cannot be said."""
        try:
            return self._world.fusectl.waiting(serving.connection) if serving else None
        except MountdError:
            return None

    def gone(self) -> bool:
        """Nothing is wanted and nothing is left: this keeper can be forgotten."""
        kept, top = self.kept, self.kept.observed().top
        return kept.mount is None and not kept.workers and kept.memory.staging is None and not (top and top.ours)

    def close(self) -> None:
        """Forget timers; the mount and the workers that serve stay as they are.

        One that is only starting goes: nobody can have written through it, and while its store is away it would hold up
        a shutdown for as long as mount-s3 tries (half a minute).
        """
        if self.kept.memory.staging is not None:
            self.kept.kill(self.kept.memory.staging.unit)
        for source in (self._idle, self._timer):
            if source:
                GLib.source_remove(source)
        self._idle = self._timer = 0
        self._checks.drop(self.proof)
        self.hang.close()
        self._preflight.close()

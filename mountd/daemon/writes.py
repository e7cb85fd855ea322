"""Whether mounts may be written to: asked once for each endpoint, kept over reboots, and what follows for each mount.

A worker is started while the question is open, since most answers are that all is well; but it comes to the folder
only when there is one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import structlog
from gi.repository import GLib

from mountd.core import changes, write_safety
from mountd.core.front import Front
from mountd.core.messages import Cause
from mountd.core.status import Writes as Shown
from mountd.core.write_safety import Evidence, Known, Verdict, Way
from mountd.daemon import state_files
from mountd.daemon.diagnosis import ask_with_keys
from mountd.daemon.fronts import Fronts
from mountd.daemon.known_mount import KnownMount
from mountd.daemon.vault import Vault
from mountd.system.asking import Answer
from mountd.system.binary import Binary
from mountd.system.s3.link import Stores
from mountd.system.small_files import read_json
from mountd.words import paths
from mountd.words.errors import FAULTS, FaultClass, MountdError
from mountd.words.model import Mount
from mountd.words.options import version_text

_log: Any = structlog.get_logger()
_INSTALLED = 5.0
"""Seconds between two looks whether somebody has installed haproxy."""
_NONE = "none"
"""No front has been there yet."""
_LOOK = 900.0
"""Seconds between two looks whether a store that is well is still the same server."""
_FIRST, _LAST, _LAST_OF_OTHERS = 1.0, 30.0, 600.0
"""Seconds between two questions that had no answer: the first pause, the longest while the network is away, the longest
when somebody has to change something."""


@dataclass
class _Failed:
    """The last question about a mount had no answer."""

    cause: Cause
    count: int
    not_before: float
    """Monotonic seconds."""


@dataclass
class Writes:
    """What is known of all endpoints. Lives in the GLib loop; nothing here blocks."""

    stores: Stores
    binary: Binary
    fronts: Fronts
    vault: Vault
    now: Callable[[], float]
    wall: Callable[[], float]
    _known: dict[str, Known] = field(default_factory=dict)
    _asking: dict[str, str] = field(default_factory=dict)
    """Endpoint to the mount whose question is open."""
    _failed: dict[str, _Failed] = field(default_factory=dict)
    """By mount."""
    _timers: dict[str, int] = field(default_factory=dict)
    """By mount."""
    _interested: dict[str, KnownMount] = field(default_factory=dict)
    """By mount: those that look again when something is learnt of their endpoint."""
    _looked: dict[str, float] = field(default_factory=dict)
    """By endpoint: when it was last looked which server that is, monotonic seconds."""
    _others: set[str] = field(default_factory=set)
    """Endpoints where another server answers than the one that is known."""
    look: Callable[[Mount], None] = lambda _mount: None
    """Has a store asked how it is; ``heard`` gets what it says of itself."""

    def __post_init__(self) -> None:
        for endpoint, raw in (read_json(paths.WRITES) or {}).items():
            try:
                self._known[endpoint] = Known.read(raw)
            except (TypeError, KeyError, ValueError):
                continue

    def tend(self, kept: KnownMount) -> None:
        """See how the mount is to be started, and ask when nobody knows."""
        mount = kept.configured
        if mount is None:
            kept.mount, kept.digest = None, ""
            kept.memory = replace(kept.memory, unjudged=False, hindrance=None, limited=None, unfronted=False)
            self._interested.pop(kept.name, None)
            self.fronts.release(kept.name)
            return
        failed, known = self._failed.get(kept.name), self._known.get(write_safety.endpoint(mount))
        choice = write_safety.choose(
            mount, known, failed.cause if failed else None, self.binary.version, self.fronts.hindrance(mount))
        kept.memory = replace(
            kept.memory, unjudged=choice is None, limited=choice.cause if choice else None, unfronted=False,
            hindrance=failed.cause if failed and choice is None else None)
        if choice is not None and choice.way is Way.FRONT:
            self._by_front(kept, mount, Front.of(mount))
        else:
            self.fronts.release(kept.name)
            self._fit(kept, write_safety.fitted(mount, choice.way if choice else Way.DIRECT))
        if choice is not None and choice.cause is not None and choice.cause.code == Verdict.RENAME_UNSAFE.value:
            self._look_in(_INSTALLED, kept.name)
        if write_safety.is_asked(mount):
            self._interested[kept.name] = kept
            endpoint = write_safety.endpoint(mount)
            stale = known is None or known.is_stale(self._worker(), self.wall()) or endpoint in self._others
            if choice is None or stale:
                self._ask(kept, mount)
            elif kept.observed().serving is not None and self.now() - self._looked.get(endpoint, -_LOOK) >= _LOOK:
                self._looked[endpoint] = self.now()
                self.look(mount)

    def _by_front(self, kept: KnownMount, mount: Mount, front: Front) -> None:
        """Workers that go by a front that is gone serve nobody: as soon as there is another one they get successors."""
        self._interested[kept.name] = kept
        self.fronts.release(kept.name, front)
        wanted = mount.enabled and not kept.memory.held
        life = self.fronts.life(front, mount) if wanted else ""
        why = self.fronts.why(front)
        before = kept.mount.front if kept.mount else ""
        self._fit(kept, write_safety.fitted(mount, Way.FRONT, life or before or _NONE))
        kept.memory = replace(
            kept.memory, unfronted=not life, limited=Cause("front-away", why) if why else None,
            hindrance=Cause("front-away", why) if why and not life else None)

    def _fit(self, kept: KnownMount, fitted: Mount) -> None:
        """A mount that is to be started in another way is another one to its worker."""
        if fitted != kept.mount:
            kept.mount, kept.digest = fitted, changes.worker_digest(fitted)

    def _worker(self) -> str:
        version = self.binary.version
        return version_text(version) if version else ""

    def _by_broker(self, kept: KnownMount) -> bool:
        """Are its keys the broker's, which gives them only in the name of a worker?"""
        prepared = kept.memory.prepared
        return kept.name in self.vault.accounts or (prepared is not None and prepared.keys.by_broker)

    # Questions

    def _ask(self, kept: KnownMount, mount: Mount) -> None:
        """Ask with this mount's keys, once they have been looked for, unless it was asked a moment ago."""
        endpoint, failed, memory = write_safety.endpoint(mount), self._failed.get(kept.name), kept.memory
        ready = memory.staging is not None or kept.observed().serving is not None or (
            memory.prepared is not None and (not self._by_broker(kept) or mount.when_away == "wait"))
        late = failed is not None and self.now() < failed.not_before
        if not mount.enabled or memory.held or not ready or endpoint in self._asking or late:
            return
        self._asking[endpoint] = kept.name
        ask_with_keys(self.stores, self.vault, "writes", mount,
                      partial(self._answered, endpoint, kept.name, self._worker()))

    def _answered(self, endpoint: str, name: str, worker: str, answer: Answer | MountdError) -> None:
        self._asking.pop(endpoint, None)
        if isinstance(answer, MountdError):
            self._missed(name, Cause(answer.fault.code, answer.detail))
        elif answer["code"]:
            self._missed(name, Cause(str(answer["code"]), str(answer["detail"])))
        else:
            self._failed.pop(name, None)
            self._learn(endpoint, Known(Evidence.read(answer["evidence"]), worker, self.wall()))
        self._wake(endpoint)

    def _missed(self, name: str, cause: Cause) -> None:
        """No answer; the mount looks again when it is time for the next question."""
        before = self._failed.get(name)
        count = before.count + 1 if before else 1
        last = _LAST if FAULTS[cause.code].klass in (FaultClass.NETWORK, FaultClass.HOST) else _LAST_OF_OTHERS
        pause = min(last, _FIRST * 2.0 ** min(count - 1, 30))
        self._failed[name] = _Failed(cause, count, self.now() + pause)
        self._look_in(pause, name)

    def _look_in(self, seconds: float, name: str) -> None:
        """One timer for each mount, the last one that was wanted."""
        if name in self._timers:
            GLib.source_remove(self._timers.pop(name))
        self._timers[name] = GLib.timeout_add(int(seconds * 1000) + 1, self._look_again, name)

    def _look_again(self, name: str) -> bool:
        self._timers.pop(name, None)
        if name in self._interested:
            self._interested[name].wake()
        return bool(GLib.SOURCE_REMOVE)

    def heard(self, mount: Mount, server: str) -> None:
        """A store that is well says so of itself. What is known of another server says nothing of this one."""
        endpoint = write_safety.endpoint(mount)
        known = self._known.get(endpoint)
        self._looked[endpoint] = self.now()
        if known is None or known.evidence.server == server or endpoint in self._others:
            return
        _log.info(f"{endpoint}: another server answers ({server}; before: {known.evidence.server}): writing is tried")
        self._others.add(endpoint)
        self._wake(endpoint)

    def _wake(self, endpoint: str) -> None:
        for kept in list(self._interested.values()):
            if kept.configured is not None and write_safety.endpoint(kept.configured) == endpoint:
                kept.wake()

    def _learn(self, endpoint: str, known: Known) -> None:
        before = self._known.get(endpoint)
        self._known[endpoint], self._looked[endpoint] = known, self.now()
        self._others.discard(endpoint)
        state_files.keep(paths.WRITES, {one: it.plain() for one, it in self._known.items()})
        verdict, why = write_safety.fold(known.evidence)
        if before is None or write_safety.fold(before.evidence)[0] is not verdict:
            said = f"{endpoint}: writing through mount-s3 is {verdict.value}" + (f", {why}" if why else "")
            (_log.info if verdict is Verdict.SAFE else _log.warning)(said)

    # What others say and see

    def again(self, name: str = "") -> None:
        """Somebody has changed something, on this mount or (without a name) on the network: ask at once."""
        for one in [one for one in self._failed if name in ("", one)]:
            self._failed[one].not_before = 0.0
            if one in self._interested:
                self._interested[one].wake()

    def shown(self, kept: KnownMount) -> Shown | None:
        """As status shows it; None for a mount that needs no verdict."""
        mount = kept.configured
        if mount is None or mount.provider == "aws" or mount.options.get("read_only"):
            return None
        known = self._known.get(write_safety.endpoint(mount))
        if mount.write_safety == "trust" or known is None:
            verdict = ""
        else:
            verdict = write_safety.judge(mount, known, self.binary.version)[0].value
        return Shown(verdict, _way(kept, mount).value, mount.write_safety, known.at if known and verdict else None)


def _way(kept: KnownMount, mount: Mount) -> Way:
    """How the worker that serves writes; one that is to write in another way may be about to take over from it."""
    serving, started = kept.serving, kept.mount or mount
    if serving is not None and serving.digest != kept.digest:
        for way in (Way.DIRECT, Way.READ_ONLY):
            if changes.worker_digest(write_safety.fitted(mount, way)) == serving.digest:
                return way
    return Way.FRONT if started.front else Way.READ_ONLY if started.options.get("read_only") else Way.DIRECT

"""All proofs together: one timer, and one question for all mounts of an endpoint that is away.

Times are monotonic seconds.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import random

from gi.repository import GLib

from mountd.core.diagnosis import Finding
from mountd.core.messages import Cause
from mountd.daemon.diagnosis import way
from mountd.daemon.kept import Kept
from mountd.daemon.proof import ASLEEP, Proof
from mountd.words.model import Mount

Ask = Callable[[Mount, Callable[[Finding | None], None]], None]
"""Asks S3 past the mount (``daemon.diagnosis``)."""

_FRESH = 0.75
"""Seconds for which an answer about an endpoint holds for its other mounts."""
_QUICK = 1.0
"""Seconds between two questions about an endpoint that is away."""
_GIVEN_UP = 20.0
"""Seconds after which a question is not waited for."""
_JITTER_ABOVE, _JITTER = 10, 1.0
"""More mounts than that do not all knock in the same moment, but within so many seconds."""


@dataclass
class _Endpoint:
    """What is known of one endpoint."""

    cause: Cause | None = None
    """Why it is away for all."""
    at: float = 0.0
    """When that was found."""
    looked: float = 0.0
    """When somebody last wanted to know."""


class Checks:
    """Holds the proofs of all mounts."""

    def __init__(self, now: Callable[[], float], slept: Callable[[], float], ask: Ask) -> None:
        self._now, self._slept, self._ask = now, slept, ask
        self._slept_before = slept()
        self._proofs: list[Proof] = []
        self._endpoints: dict[object, _Endpoint] = {}
        self._asking: dict[Proof, float] = {}
        """Whose question is under way, and since when."""
        self._timer = self._idle = 0
        self._paused = False

    def proof(self, kept: Kept, try_now: Callable[[], None]) -> Proof:
        """The proof of a new mount."""
        made = Proof(kept, self.suspect, self.arm, try_now)
        self._proofs.append(made)
        return made

    def drop(self, proof: Proof) -> None:
        """That mount is kept no more."""
        proof.forget()
        self._proofs.remove(proof)
        self._asking.pop(proof, None)
        self.arm()

    # The timer

    def arm(self) -> None:
        """Something has changed: find out, soon, when the next thing is due."""
        if not self._idle:
            self._idle = GLib.idle_add(self._arm)

    def _arm(self) -> bool:
        self._idle = 0
        if self._timer:
            GLib.source_remove(self._timer)
            self._timer = 0
        times = [at for at in (self._next_at(proof) for proof in self._proofs) if at is not None]
        if times and not self._paused:
            self._timer = GLib.timeout_add(max(1, int((min(times) - self._now()) * 1000) + 1), self._due)
        return bool(GLib.SOURCE_REMOVE)

    def _next_at(self, proof: Proof) -> float | None:
        if not proof.waits_for_network:
            return proof.next_at
        endpoint = self._of(proof)
        return endpoint.looked + _QUICK if endpoint.cause is not None else None

    def _due(self) -> bool:
        self._timer = 0
        self.turn()
        return bool(GLib.SOURCE_REMOVE)

    def turn(self) -> None:
        """Do all that is due."""
        now, slept = self._now(), self._slept()
        if slept - self._slept_before > ASLEEP:
            # Nobody said so: there is no login1.
            self._slept_before = slept
            self.kick()
            return
        for proof in list(self._proofs):
            if proof.waits_for_network:
                endpoint = self._of(proof)
                if endpoint.cause is not None and now >= endpoint.looked + _QUICK:
                    self.suspect(proof)
            elif proof.turn(now):
                self.suspect(proof)
        self.arm()

    # Endpoints

    def _of(self, proof: Proof) -> _Endpoint:
        mount = proof.kept.mount
        return self._endpoints.setdefault(way(mount) if mount else None, _Endpoint())

    def _with(self, endpoint: _Endpoint) -> Iterator[Proof]:
        return (proof for proof in list(self._proofs) if self._of(proof) is endpoint)

    def suspect(self, proof: Proof) -> None:
        """Ask S3 about this mount, or take what is known of its endpoint."""
        endpoint, now, mount = self._of(proof), self._now(), proof.kept.mount
        endpoint.looked = now
        self._asking = {one: at for one, at in self._asking.items() if now - at < _GIVEN_UP}
        if mount is None or proof in self._asking:
            return
        known = now - endpoint.at < _FRESH or any(self._of(one) is endpoint for one in self._asking)
        if endpoint.cause is not None and known:
            self._tell(proof, endpoint.cause)
            return
        self._asking[proof] = now

        def answered(finding: Finding | None) -> None:
            if self._asking.get(proof) == now:
                del self._asking[proof]
                if finding is not None:
                    self._heard(proof, endpoint, finding)
                self.arm()

        self._ask(mount, answered)

    def _heard(self, proof: Proof, endpoint: _Endpoint, finding: Finding) -> None:
        was_away, endpoint.at = endpoint.cause is not None, self._now()
        endpoint.cause = finding.cause if finding.shared else None
        self._tell(proof, finding.cause)
        others = [one for one in self._with(endpoint) if one is not proof]
        if (endpoint.cause is None) == was_away:
            # To the others it is away, too, or back. They are not sent through their mounts to find out: until mount-s3
            # has had an answer, callers in a folder wait behind our lookup there (Linux, fs/fuse/dir.c,
            # fuse_lock_inode: mount-s3 does not ask for FUSE_PARALLEL_DIROPS).
            for other in others:
                self._tell(other, endpoint.cause)
        if was_away and endpoint.cause is None:
            self._retry(self._with(endpoint))

    def _tell(self, proof: Proof, cause: Cause | None) -> None:
        if proof.serves:
            proof.found(cause)
        else:
            proof.kept.explain(cause)

    # Something changed outside

    def kick(self) -> None:
        """The network has changed, or the machine woke up: probe and try at once."""
        for endpoint in self._endpoints.values():
            endpoint.at = 0.0
        self._asking.clear()
        for proof in list(self._proofs):
            if proof.kept.evidence.shown is not None:
                self.suspect(proof)
            else:
                proof.ask()
        self._retry(self._proofs)
        self.arm()

    def _retry(self, proofs: Iterable[Proof]) -> None:
        waiting = [proof for proof in proofs if not proof.serves]
        spread = _JITTER if len(waiting) > _JITTER_ABOVE else 0.0
        for proof in waiting:
            GLib.timeout_add(int(spread * random() * 1000), _try_now, proof)

    def pause(self) -> None:
        """The machine goes to sleep: nothing is asked, and what is under way no longer counts."""
        self._paused = True
        for proof in self._proofs:
            proof.forget()
        self.arm()

    def resume(self) -> None:
        """It woke up."""
        self._paused, self._slept_before = False, self._slept()
        self.kick()

    def close(self) -> None:
        """Ask no more."""
        self._paused = True
        self._arm()


def _try_now(proof: Proof) -> bool:
    proof.try_now()
    return bool(GLib.SOURCE_REMOVE)

"""The proof that one mount serves: probes through the mount, and what follows for its health.

At most one probe is under way. One that is not answered in time is given up, and costs a thread of the helper and one
of the worker until it is: few are risked for one mount. Times are monotonic seconds.
"""

import secrets
from collections.abc import Callable
from math import ceil
from zlib import crc32

from mountd.core import health, remarks
from mountd.core.messages import Cause
from mountd.core.spans import text as span_text
from mountd.daemon.kept import Kept
from mountd.system.probe import Answer
from mountd.words.errors import FAULTS, FaultClass, MountdError
from mountd.words.model import Check, Health, State

LATE = 2.0
"""Seconds after which a probe without an answer is worth a question past the mount."""
_MOST_STUCK = 3
_QUICK = 1.0
"""Seconds between two looks at a mount that is unwell."""
_PATIENT_AFTER, _PATIENT = 60.0, 10.0
"""What is not simply away is looked at less often when it lasts."""
_GRID, _FINE_GRID, _QUICK_GRID, _FINE_BELOW = 5.0, 1.0, 0.25, 30.0
"""Probes of many mounts fall together on a grid, so that an idle machine sleeps in between."""
ASLEEP = 0.5
"""Seconds of sleep that count as one."""
_NAME = ".s3mountd-check-"


class Proof:
    """What is proven of one mount.

    ``suspect(proof)`` is called when S3 should be asked past the mount, ``planned()`` when another time is due, and
    ``try_now()`` is for those who know that a mount that waits for its network need not.
    """

    def __init__(self, kept: Kept, suspect: Callable[["Proof"], None], planned: Callable[[], None],
                 try_now: Callable[[], None]) -> None:
        self.kept, self.try_now = kept, try_now
        self._suspect, self._planned = suspect, planned
        self._unit = ""
        """The worker that all this is about."""
        self._pending = 0
        self._asked_at = 0.0
        self._was_late = False
        self._slept = 0.0
        self._stuck: list[int] = []
        self._due = 0.0
        self._unwell_since: float | None = None
        self._rested = False

    @property
    def check(self) -> Check:
        """How often, and with how much patience."""
        return self.kept.mount.check if self.kept.mount else Check()

    @property
    def serves(self) -> bool:
        """Is there a worker to be asked through its mount?"""
        return self.kept.observed().serving is not None

    @property
    def waits_for_network(self) -> bool:
        """Is there none, for want of a way to S3?"""
        failure = self.kept.memory.failure
        return (self.kept.record.state is State.WAITING and failure is not None
                and FAULTS[failure.cause.code].klass is FaultClass.NETWORK)

    @property
    def under_way(self) -> int:
        """How many questions of ours wait at the worker; one that waits too long is a caller like any other."""
        return int(bool(self._pending) and not self._was_late)

    # The worker

    def look(self) -> None:
        """Another worker may serve than the last time, or none."""
        serving = self.kept.observed().serving
        unit = serving.unit if serving else ""
        if self._rested is not self.kept.rests:
            self._rested = self.kept.rests
            self._planned()
        if unit == self._unit:
            return
        self._give_up()
        self._unit, self._unwell_since, self._stuck = unit, None, []
        if serving is None:
            self.kept.evidence = health.Evidence()
        elif self.kept.evidence.proven_at is None:
            self.ask()
        else:
            # It has listed the bucket to start. Mounts that came together are not probed together.
            share = crc32(self.kept.name.encode()) / 2**32
            self._due = _on_grid(self.kept.world.now() + self.check.interval * (1 + share) / 2, _FINE_GRID)
        self._planned()

    # The probe

    def ask(self, *, anew: bool = False) -> None:
        """Probe now, unless nobody serves or a probe is under way; ``anew`` gives that one up."""
        kept, helper = self.kept, self.kept.world.helper
        if not self.serves or (self._pending and not anew):
            return
        self._give_up()
        self._stuck = [number for number in self._stuck if helper.is_open(number)]
        self._asked_at, self._was_late, self._slept = kept.world.now(), False, kept.world.slept()
        self._plan()
        if len(self._stuck) >= _MOST_STUCK:
            kept.wake()
            return
        unit, name, begun = self._unit, _NAME + secrets.token_hex(8), self._asked_at
        self._pending = helper.ask("check", lambda answer: self._answered(unit, begun, answer),
                                   path=kept.folder, name=name)

    def _overslept(self) -> bool:
        """Was the machine asleep since the probe began? Then neither its time nor its failure says anything."""
        return abs(self.kept.world.slept() - self._slept) > ASLEEP

    def _give_up(self) -> None:
        if self._pending:
            self.kept.world.helper.give_up(self._pending)
            self._stuck.append(self._pending)
            self._pending = 0

    def _answered(self, unit: str, begun: float, answer: Answer | MountdError) -> None:
        given_up = begun != self._asked_at or not self._pending
        self._pending = self._pending if given_up else 0
        serving = self.kept.observed().serving
        good = not isinstance(answer, MountdError) and answer["blocks"] and not answer["errno"]
        if serving is None or serving.unit != unit or (given_up and not good):
            # An answer of a worker that has been replaced says nothing; one that was given up is news if it is good.
            return
        if not good and self._overslept():
            self.ask()
            return
        evidence = self.kept.evidence
        if isinstance(answer, MountdError) or answer["errno"] in health.GONE:
            self._plan()
            return
        if not answer["blocks"]:
            self._learn(health.forbidden(evidence))
        elif answer["errno"]:
            self._learn(health.failed(evidence, health.of_errno(int(answer["errno"])), self.check))
            self._suspect(self)
        else:
            self.kept.record.latency = self.kept.record.latency.and_one(self.kept.world.now() - begun)
            self.kept.prove()
            self._learn(self.kept.evidence)

    def found(self, cause: Cause | None) -> None:
        """S3 was asked past the mount: well, or this."""
        before = self.kept.evidence
        back, learnt = not before.well_outside, health.asked(before, cause)
        if learnt == before:
            self._plan()
        else:
            self._learn(learnt)
        if cause is None and self.kept.evidence.shown is not None:
            # One that was begun before sleeps between two tries of mount-s3, up to 20 s (mount-s3.md, 3.4).
            self.ask(anew=back)

    def _learn(self, evidence: health.Evidence) -> None:
        self.kept.evidence = evidence
        if evidence.shown is None:
            self._unwell_since = None
        elif self._unwell_since is None:
            self._unwell_since = self.kept.world.now()
        self._plan()
        self.kept.wake()

    # Time

    def _plan(self) -> None:
        """When the next look is due."""
        now, interval = self.kept.world.now(), self.check.interval
        if self.kept.evidence.suspicious:
            self._due = _on_grid(now + self._pace(now), _QUICK_GRID)
        else:
            self._due = _on_grid(now + interval, _GRID if interval >= _FINE_BELOW else _FINE_GRID)
        self._planned()

    def _pace(self, now: float) -> float:
        evidence, since = self.kept.evidence, self._unwell_since
        shown = evidence.shown
        outage = shown is not None and FAULTS[shown.code].klass is FaultClass.NETWORK and not evidence.well_outside
        lasts = since is not None and now - since > _PATIENT_AFTER
        return min(_PATIENT, self.check.interval) if lasts and not outage else _QUICK

    @property
    def next_at(self) -> float | None:
        """When ``turn`` has something to do."""
        if not self.serves or (self.kept.rests and not self._pending):
            return None
        if not self._pending:
            return self._due
        limit = self.check.timeout if self._was_late else min(LATE, self.check.timeout)
        return min(self._due, self._asked_at + limit)

    def turn(self, now: float) -> bool:
        """Do what is due. True when an unwell mount should be asked about past the mount."""
        if not self.serves:
            return False
        if self._pending and self._overslept():
            self.ask(anew=True)
            return False
        if self._pending and now >= self._asked_at + self.check.timeout:
            self._unanswered()
        elif self._pending and not self._was_late and now >= self._asked_at + LATE:
            self._was_late = True
            self._suspect(self)
        if now < self._due or self.kept.rests:
            return False
        self._plan()
        if self.kept.evidence.shown is not None:
            return True
        self.ask()
        return False

    def _unanswered(self) -> None:
        self._give_up()
        said = Cause("no-answer", span_text(self.check.timeout))
        self._learn(health.failed(self.kept.evidence, said, self.check))
        self._suspect(self)

    # What follows

    def health(self, state: State, cause: Cause | None) -> tuple[Health, Cause | None]:
        """The health of a mount in that state, and why; ``cause`` is the plan's."""
        if cause is not None and cause.code == "on-demand":
            return Health.OK, cause
        if state is State.MOUNTED:
            healthy, why = health.verdict(self.kept.evidence, self.check, self.kept.world.now())
            if healthy is Health.UNKNOWN and self.kept.rests and self.kept.evidence.proven_at is not None:
                # The proof grows old because nobody uses the mount, not even to prove it.
                healthy = Health.OK
            if why is not None and why.code == "credentials-expired":
                why = self.kept.world.vault.lacking(self.kept.name) or why
            cause = cause or self.kept.world.vault.ending(self.kept.name)
            if why is None and cause is not None and healthy is Health.OK:
                healthy = Health.DEGRADED
            return remarks.verdict((healthy, why or cause), self.kept.remarks.values())
        if state in (State.WAITING, State.FAILED, State.FOREIGN):
            return Health.DOWN, cause
        crashed = cause is not None and FAULTS[cause.code].klass is FaultClass.WORKER
        return (Health.DOWN if crashed else Health.UNKNOWN), cause

    @property
    def is_good(self) -> bool:
        """Is it proven that S3 answers through the mount?"""
        return health.verdict(self.kept.evidence, self.check, self.kept.world.now())[0] is Health.OK

    def forget(self) -> None:
        """What is under way no longer counts."""
        self._give_up()


def _on_grid(at: float, grid: float) -> float:
    return ceil(at / grid) * grid

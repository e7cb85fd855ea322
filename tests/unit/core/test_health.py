"""The fold of probes and questions into health: each story told step by step, with what is shown at its end."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from mountd.core import health
from mountd.core.health import Evidence
from mountd.core.messages import Cause
from mountd.words.model import Check, Health

CHECK = Check(interval=60.0, timeout=10.0, failures=3)
AWAY, DENIED, NO_BUCKET = Cause("connection-refused"), Cause("access-denied", "AccessDenied"), Cause("bucket-missing")
EIO, EACCES, LATE = health.of_errno(errno.EIO), health.of_errno(errno.EACCES), Cause("no-answer", "10s")
START = 1000.0

Step = Callable[[Evidence], Evidence]


def fails(said: Cause = EIO) -> Step:
    return lambda so_far: health.failed(so_far, said, CHECK)


def finds(cause: Cause | None) -> Step:
    return lambda so_far: health.asked(so_far, cause)


def proves(so_far: Evidence) -> Evidence:
    return health.proven(START)


OK, UNKNOWN = (Health.OK, None), (Health.UNKNOWN, None)
STORIES: list[tuple[str, list[Step], tuple[Health, Cause | None]]] = [
    ("nobody has asked yet", [], UNKNOWN),
    ("S3 has answered", [proves], OK),
    ("one failure says nothing while the proof is young", [proves, fails()], OK),
    ("nor when S3 is well outside", [proves, fails(), finds(None)], OK),
    ("S3 cannot be reached: at once", [proves, fails(LATE), finds(AWAY)], (Health.DEGRADED, AWAY)),
    ("also before the probe has failed", [proves, finds(AWAY)], (Health.DEGRADED, AWAY)),
    ("what a person has to mend is down", [proves, fails(), finds(DENIED)], (Health.DOWN, DENIED)),
    ("a bucket that is gone is down", [proves, fails(), finds(NO_BUCKET)], (Health.DOWN, NO_BUCKET)),
    ("the reason may change", [proves, finds(AWAY), finds(NO_BUCKET)], (Health.DOWN, NO_BUCKET)),
    ("S3 is well, the mount is not: too many in a row", [proves, fails(), finds(None), fails(), fails()],
     (Health.DEGRADED, EIO)),
    ("what the probe says never needs a person by itself",
     [proves, finds(None), fails(EACCES), fails(EACCES), fails(EACCES)], (Health.DEGRADED, EACCES)),
    ("S3 may still say why", [proves, *[fails()] * 5], OK),
    ("and it does", [proves, *[fails()] * 5, finds(DENIED)], (Health.DOWN, DENIED)),
    ("failures that were not in a row", [proves, fails(), fails(), proves, fails()], OK),
    ("nobody could say why", [proves, *[fails(LATE)] * 6], (Health.DEGRADED, LATE)),
    ("a probe that fails does not take the place of what was found", [proves, finds(AWAY), fails(LATE)],
     (Health.DEGRADED, AWAY)),
    ("S3 is back, callers may not be", [proves, finds(AWAY), finds(None)], (Health.DEGRADED, AWAY)),
    ("S3 is back, mount-s3 has not noticed", [proves, fails(), fails(), finds(AWAY), finds(None), fails(), fails()],
     (Health.DEGRADED, AWAY)),
    ("S3 is back and callers are not: what the mount says", [proves, finds(AWAY), finds(None), *[fails()] * 3],
     (Health.DEGRADED, EIO)),
    ("S3 is back and callers are", [proves, finds(AWAY), finds(None), proves], OK),
    ("not let in", [proves, health.forbidden],
     (Health.DOWN, Cause("host-refused", "root may not enter the mounted folder"))),
    ("never proven, and away", [finds(AWAY)], (Health.DEGRADED, AWAY)),
    ("never proven, one failure", [fails()], UNKNOWN),
]


@pytest.mark.parametrize(("steps", "shown"), [story[1:] for story in STORIES], ids=[story[0] for story in STORIES])
def test_each_story(steps: list[Step], shown: tuple[Health, Cause | None]) -> None:
    evidence = Evidence()
    for step in steps:
        evidence = step(evidence)
    assert health.verdict(evidence, CHECK, START) == shown


def test_a_proof_grows_old_after_two_intervals_and_a_timeout() -> None:
    evidence = health.proven(START)
    assert health.verdict(evidence, CHECK, START + 130.0) == OK
    assert health.verdict(evidence, CHECK, START + 130.1) == UNKNOWN


def test_what_is_shown_does_not_grow_old() -> None:
    evidence = health.asked(health.proven(START), AWAY)
    assert health.verdict(evidence, CHECK, START + 10_000) == (Health.DEGRADED, AWAY)


@pytest.mark.parametrize(("number", "code"), [
    (errno.EIO, "store-error"), (errno.EACCES, "access-denied"), (errno.EPERM, "access-denied"),
    (errno.ESTALE, "store-error"),
])
def test_an_error_of_the_mount_has_a_code(number: int, code: str) -> None:
    assert health.of_errno(number).code == code

"""A start that takes long, and what S3 was found to say meanwhile."""

from dataclasses import replace

import pytest

from mountd.core.actions import DropStaging
from mountd.core.memory import Memory
from mountd.core.messages import Cause
from mountd.core.observed import Observed
from mountd.words.model import State
from tests.unit.core.test_plan import DUE, GUARD, NOW, REFUSED, STAGING, look, serving

FOUND = replace(STAGING, finding=Cause("tls-failed", "its CA is not trusted by this machine"))


@pytest.mark.parametrize(("observed", "memory", "state", "code"), [
    (Observed((GUARD,)), Memory(staging=FOUND), State.MOUNTING, "tls-failed"),
    (Observed((GUARD,)), Memory(staging=FOUND, failure=DUE), State.WAITING, "tls-failed"),
    (Observed((GUARD,)), Memory(staging=FOUND, failure=replace(REFUSED, not_before=NOW)), State.FAILED,
     "bucket-missing"),
    (serving("old"), Memory(staging=FOUND), State.MOUNTED, None),
], ids=["a first start", "a try again", "what a worker itself has said counts more", "one that serves is well"])
def test_what_was_found_beside_a_late_start_is_its_reason_and_changes_no_state(
        observed: Observed, memory: Memory, state: State, code: str | None) -> None:
    decision = look(observed, memory)
    assert decision.state is state
    assert (decision.cause.code if decision.cause else None) == code


def test_a_start_that_is_given_up_fails_for_what_was_found() -> None:
    late = look(Observed((GUARD,)), Memory(staging=replace(FOUND, since=NOW - 121)))
    assert late.actions == (DropStaging(FOUND.finding),)

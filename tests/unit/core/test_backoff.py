"""Delays by class, without a clock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mountd.core.backoff import Failure, after, delay, worth_saying
from mountd.core.messages import Cause
from mountd.words.errors import FAULTS

MIDDLE = 0.5
"""The chance that moves nothing."""


@pytest.mark.parametrize(("code", "delays"), [
    ("unreachable", [1, 2, 4, 8, 16, 32, 60, 60]),
    ("bucket-missing", [30, 60, 120, 240, 480, 600, 600]),
    ("key-refused", [30, 60, 120, 240, 480, 600, 600]),
    ("worker-crashed", [0, 0.5, 1, 2, 4, 8, 16, 30, 30]),
    ("crash-loop", [30, 30, 30, 30, 30, 60, 120, 240, 480, 600, 600]),
    ("option-rejected", [None, None]),
])
def test_delays_grow_to_their_cap(code: str, delays: list[float | None]) -> None:
    assert [delay(code, count, MIDDLE) for count in range(1, len(delays) + 1)] == delays


def test_five_crashes_in_a_row_are_a_loop_that_is_tried_slowly() -> None:
    failure: Failure | None = None
    seen = []
    for _ in range(12):
        failure = after(failure, Cause("worker-crashed", "SIGSEGV"), 0.0, MIDDLE)
        seen.append((failure.cause.code, failure.not_before))
    assert seen[:5] == [("worker-crashed", 0), ("worker-crashed", 0.5), ("worker-crashed", 1), ("worker-crashed", 2),
                        ("crash-loop", 30)]
    assert [wait for _, wait in seen[4:]] == [30, 60, 120, 240, 480, 600, 600, 600]
    assert failure is not None and "12 times in a row, at last mount-s3 was ended by SIGSEGV" in failure.cause.detail
    assert FAULTS["crash-loop"].needs_person and not FAULTS["worker-crashed"].needs_person


def test_what_is_unmounted_again_and_again_does_not_crash() -> None:
    failure: Failure | None = None
    for _ in range(9):
        failure = after(failure, Cause("unmounted-outside"), 0.0, MIDDLE)
    assert failure is not None and failure.cause.code == "unmounted-outside"


@given(st.sampled_from(sorted(FAULTS)), st.integers(1, 10_000), st.floats(0, 1))
def test_no_delay_is_negative_or_far_above_the_cap(code: str, count: int, chance: float) -> None:
    wait = delay(code, count, chance)
    assert wait is None or 0 <= wait <= FAULTS[code].retry.cap * 1.3 + 1e-9


def test_another_class_begins_its_own_count() -> None:
    first = after(None, Cause("unreachable"), 10.0, MIDDLE)
    second = after(first, Cause("connection-refused"), 20.0, MIDDLE)
    other = after(second, Cause("bucket-missing"), 30.0, MIDDLE)
    assert (first.count, second.count, other.count) == (1, 2, 1)
    assert (first.not_before, second.not_before, other.not_before) == (11.0, 22.0, 60.0)


def test_repetitions_are_told_at_growing_distance() -> None:
    assert [count for count in range(1, 70) if worth_saying(count)] == [1, 2, 4, 8, 16, 32, 64]

"""Which incomplete uploads may be aborted."""

import pytest

from mountd.core.uploads import MARGIN, TRY, UNKNOWN, Upload, abortable, least_age

NOW = 1_000_000.0


@pytest.mark.parametrize(("limit", "begun", "least"), [
    (0.0, [], UNKNOWN),
    (3600.0, [], 3600.0),
    (3600.0, [NOW - 60], 3600.0),
    (3600.0, [NOW - 60, NOW - 86_400], 86_400.0 + MARGIN),
    (3600.0, [NOW - 60, 0.0], UNKNOWN),
])
def test_older_than_the_limit_and_than_every_worker(limit: float, begun: list[float], least: float) -> None:
    assert least_age(limit, begun, NOW) == least


def test_only_below_the_prefix_and_only_old_ones() -> None:
    old, young, other = Upload("runs/a", "1", 5000), Upload("runs/b", "2", 3600), Upload("other", "3", 9000)
    assert abortable([old, young, other], "runs/", 3600) == [old]
    assert abortable([old, young, other], "", 3600) == [old, other]
    assert abortable([old, young, other], "runs/", UNKNOWN) == []


@pytest.mark.parametrize(("key", "age", "is_try"), [
    (f"{TRY}0123", 5.0, True),
    (f"runs/{TRY}0123", 5.0, True),
    (f"runs/{TRY}0123", 7200.0, False),
    ("runs/a", 5.0, False),
])
def test_a_try_that_is_under_way_is_no_leftover(key: str, age: float, is_try: bool) -> None:
    assert Upload(key, "1", age).is_try is is_try

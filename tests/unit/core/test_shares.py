"""The memory of the machine, divided among workers."""

import pytest

from mountd.core.shares import share

GIB = 1024


@pytest.mark.parametrize(("mounts", "each"), [(0, 8), (1, 8), (2, 4), (3, 2), (4, 2), (5, 1), (8, 1)])
def test_half_of_the_memory_is_divided(mounts: int, each: int) -> None:
    assert share(16 * GIB, mounts) == each * GIB


def test_all_together_never_plan_with_more_than_half_as_long_as_that_is_possible() -> None:
    assert all(share(64 * GIB, mounts) * mounts <= 32 * GIB for mounts in range(1, 65))


def test_one_more_mount_mostly_changes_nothing() -> None:
    shares = [share(16 * GIB, mounts) for mounts in range(1, 17)]
    assert len(set(shares)) == 5


def test_no_worker_gets_less_than_it_takes() -> None:
    assert share(2 * GIB, 20) == 512
    assert share(16 * GIB, 1, top=256) == 512


def test_a_limit_of_its_own_leaves_room_for_what_is_not_planned() -> None:
    assert share(16 * GIB, 1, top=2000) == 1600
    assert share(16 * GIB, 1, high=1000, top=2000) == 800

"""How often a webhook is tried."""

import pytest

from mountd.core import posting

NOON = 1_795_953_600.0  # 2026-11-29 12:00:00 UTC


@pytest.mark.parametrize(("status", "final"), [
    (301, True), (400, True), (401, True), (404, True), (410, True), (408, False), (425, False), (429, False),
    (500, False), (502, False), (503, False), (504, False),
])
def test_what_asking_again_may_help(status: int, final: bool) -> None:
    assert posting.is_final(status) is final


@pytest.mark.parametrize(("value", "seconds"), [
    (None, None), ("0", 0), ("7", 7), (" 120 ", 120), ("Sun, 29 Nov 2026 12:00:30 GMT", 30),
    ("Sun, 29 Nov 2026 11:00:00 GMT", 0), ("soon", None), ("-5", None), ("", None), ("٣", None),
    ("9" * 99, 999_999_999),
])
def test_what_the_server_wishes(value: str | None, seconds: float | None) -> None:
    assert posting.retry_after(value, NOON) == seconds


def test_the_pauses_grow_and_fit_into_the_budget() -> None:
    shortest, longest = ([posting.pause(tries, None, chance) for tries in range(1, posting.TRIES)] for chance in (0, 1))
    assert shortest[:3] == [1.0, 2.5, 6.25]
    assert sorted(shortest) == shortest
    assert sum(longest) + posting.TRIES * posting.TIMEOUT <= posting.BUDGET


def test_the_servers_wish_counts_more() -> None:
    assert posting.pause(1, 90, 0.5) == 90
    assert posting.pause(7, 0, 0.5) == 0


def test_when_it_is_over() -> None:
    assert not posting.is_over(7, 100, 200)
    assert posting.is_over(8, 1, 1)
    assert posting.is_over(2, 1, 3600), "who asks to wait for an hour is not waited for"

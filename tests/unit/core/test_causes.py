"""One cause for many mounts: who belongs together, when it is more than a blip, what is said of it."""

from __future__ import annotations

import pytest

from mountd.core.causes import Affected, Shared, is_outage, shared
from mountd.core.messages import Cause
from mountd.words.model import Reason

NOW = 1000.0
S3, OTHER = "https://s3.example.org", "https://other.example"


def reason(endpoint: str = S3) -> Reason:
    return Reason("unreachable", f"{endpoint} cannot be reached", "check the network")


def affected(name: str, since: float, endpoint: str = S3, grace: float = 10.0) -> Affected:
    return Affected(name, endpoint, reason(endpoint), since, since + 1e9, grace)


@pytest.mark.parametrize(("code", "outage"), [
    ("unreachable", True), ("name-unresolved", True), ("connection-refused", True), ("tls-failed", True),
    ("throttled", False), ("store-error", False), ("access-denied", False), ("worker-crashed", False),
])
def test_what_lies_between_this_machine_and_the_endpoint(code: str, outage: bool) -> None:
    assert is_outage(Cause(code)) is outage


def test_nothing_is_no_outage() -> None:
    assert not is_outage(None)


def test_mounts_of_an_endpoint_are_one_cause_and_each_endpoint_is_one() -> None:
    found = shared([affected("b", NOW - 20), affected("a", NOW - 30), affected("c", NOW - 15, OTHER)], NOW)
    assert [(one.endpoint, one.mounts, one.since) for one in found] == [
        (S3, ("a", "b"), NOW - 30 + 1e9), (OTHER, ("c",), NOW - 15 + 1e9)]


def test_what_is_shorter_than_its_grace_is_a_blip() -> None:
    blip = affected("a", NOW - 9)
    assert shared([blip], NOW) == ()
    assert len(shared([blip], NOW + 1)) == 1


def test_one_that_lasts_makes_it_an_outage_for_all() -> None:
    (found,) = shared([affected("a", NOW - 20), affected("b", NOW - 1)], NOW)
    assert found.mounts == ("a", "b")


@pytest.mark.parametrize(("names", "sentence"), [
    (("a",), "a: https://s3.example.org cannot be reached"),
    (("a", "b"), "https://s3.example.org cannot be reached: 2 mounts are affected (a, b)"),
    (tuple("abcdefghij"), "https://s3.example.org cannot be reached: 10 mounts are affected (a, b, c, ...)"),
])
def test_the_sentence_names_three_at_most(names: tuple[str, ...], sentence: str) -> None:
    assert Shared(reason(), S3, 0.0, names).sentence() == sentence

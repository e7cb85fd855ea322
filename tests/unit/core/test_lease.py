"""What the broker answers, and to whom."""

import json

import pytest

from mountd.core import lease
from mountd.core.lease import Held, Leases, Pass
from mountd.core.profiles import Keys

NOW = 1_800_000_000.0
KEYS = Keys("AK1", "secret-1", "token-1")
LEASES = (Leases().with_keys("lab", Held(KEYS, NOW + 3600, {"source": "rob"})).admitting("lab-1", Pass("lab", "right"))
          .with_keys("other", Held(Keys("AK2", "secret-2"))).admitting("other-1", Pass("other", "right-2")))


def said(leases: Leases, worker: str, token: str, now: float = NOW) -> tuple[int, dict[str, str]]:
    status, body = leases.answer(worker, token, now)
    return status, json.loads(body or b"{}")


def test_each_worker_gets_the_keys_of_its_own_mount() -> None:
    status, document = said(LEASES, "lab-1", "right")
    assert (status, document["AccessKeyId"], document["Token"]) == (200, "AK1", "token-1")
    status, document = said(LEASES, "other-1", "right-2")
    assert (status, document["AccessKeyId"], document.get("Token")) == (200, "AK2", None)


@pytest.mark.parametrize(("worker", "token"), [
    ("lab-1", "right-2"), ("lab-1", ""), ("other-1", "right"), ("nobody", "right"), ("", ""), ("nobody", "\0"),
    ("lab-1", "r\xefght"),
])
def test_nobody_else_gets_anything(worker: str, token: str) -> None:
    assert LEASES.answer(worker, token, NOW) == (401, b"")


def test_what_has_ended_is_not_given_out() -> None:
    assert LEASES.answer("lab-1", "right", NOW + 3600) == (503, b"")
    assert LEASES.without_keys("other").answer("other-1", "right-2", NOW) == (401, b"")


def test_a_worker_that_has_ended_may_not_ask() -> None:
    assert LEASES.dismissing("lab-1").answer("lab-1", "right", NOW)[0] == 401


def test_keys_are_told_for_a_quarter_of_an_hour_so_that_others_are_heard_of() -> None:
    assert said(LEASES, "other-1", "right-2")[1]["Expiration"] == "2027-01-15T08:15:00Z"
    soon = LEASES.with_keys("lab", Held(KEYS, NOW + 60))
    assert said(soon, "lab-1", "right")[1]["Expiration"] == "2027-01-15T08:01:00Z"


def test_what_is_packed_is_there_again_and_what_is_broken_is_nothing() -> None:
    packed = lease.packed(LEASES)
    assert lease.unpacked(packed) == LEASES
    for broken in (b"", packed[:-7], b"[]", b'{"held": 1, "passes": {}}', b'{"held": {"a": {}}, "passes": {}}'):
        assert lease.unpacked(broken) == Leases()


def test_what_comes_is_looked_at() -> None:
    whole = {"access": "A", "secret": "hunter2", "token": "", "expires": NOW + 1}
    assert lease.received(json.dumps(whole).encode(), NOW) == Held(Keys("A", "hunter2"), NOW + 1)
    for wrong in ({**whole, "expires": NOW}, {**whole, "secret": ""}, {"access": "hunter2"}, "hunter2",
                  {**whole, "expires": "hunter2"}):
        with pytest.raises(ValueError, match="keys") as caught:
            lease.received(json.dumps(wrong).encode(), NOW)
        assert "hunter2" not in str(caught.value)


def test_no_secret_is_shown_when_these_are_printed() -> None:
    assert "secret-" not in repr(LEASES)
    assert "right" not in repr(LEASES)
    assert "token-1" not in repr(LEASES)

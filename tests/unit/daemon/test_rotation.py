"""Keys that change where they lie."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, cast

import pytest

from mountd.core.memory import Memory
from mountd.core.messages import Cause
from mountd.daemon.kept import Kept
from mountd.daemon.record import Record
from mountd.daemon.rotation import Rotation
from mountd.words.errors import MountdError
from mountd.words.model import Credentials, Mount, Place, Reason, State


class Asked:
    """Helper, stores and vault in one: what they are asked is answered by the test."""

    def __init__(self) -> None:
        self.questions: list[tuple[str, Callable[[Any], None], dict[str, Any]]] = []
        self.accounts: dict[str, object] = {}
        self.refreshed: list[str] = []
        self.helper = self.stores = self.vault = self

    def ask(self, task: str, callback: Callable[[Any], None], **fields: object) -> int:
        self.questions.append((task, callback, fields))
        return len(self.questions)

    def is_open(self, _number: int) -> bool:
        return False

    def refresh(self, name: str) -> None:
        self.refreshed.append(name)

    def answer(self, task: str, **said: object) -> dict[str, Any]:
        """Answer the oldest question, which is of that task; what was asked."""
        asked, callback, fields = self.questions.pop(0)
        assert asked == task
        callback(said)
        return fields


class One:
    """A mount that serves by the keys ``old``."""

    def __init__(self, world: Asked, **credentials: object) -> None:
        self.world, self.name, self.owner = world, "lab", 1001
        self.mount = Mount("lab", "bucket-one", "/mnt/lab", Place("m.toml", 1),
                           credentials=Credentials(**cast(dict[str, str], credentials)))  # type: ignore[arg-type]
        self.record = Record(state=State.MOUNTED, keys="old")
        self.refused_keys: tuple[str, Cause] | None = None
        self.memory = Memory()
        self.spare_line = self.spare_mount = None
        self.renewed = self.woken = 0

    def renew(self) -> None:
        self.renewed += 1

    def wake(self) -> None:
        self.woken += 1

    def reason(self, cause: Cause) -> Reason:
        return Reason(cause.code, f"because of {cause.detail}", "")


@pytest.fixture
def asked() -> Asked:
    return Asked()


def looked(one: One, *, again: bool = False) -> None:
    rotation = Rotation(list)
    rotation.look(cast(Kept, one), again=again)
    rotation.close()


def refused(one: One) -> tuple[str, Cause] | None:
    return one.refused_keys


def tried(asked: Asked, code: str, detail: str = "") -> None:
    """The new keys are read, and the store says this to them."""
    asked.answer("keys_digest", digest="new")
    descriptors = asked.answer("keys", files=["credentials"])["descriptors"]
    assert len(descriptors) == 2
    fields = asked.questions[0][2]
    assert fields["files"] == ["credentials"]
    asked.answer("diagnose", code=code, detail=detail)
    for number in descriptors:
        with pytest.raises(OSError, match="Bad file"):
            os.fstat(number)


def test_the_same_keys_lead_to_nothing(asked: Asked) -> None:
    one = One(asked)
    looked(one)
    asked.answer("keys_digest", digest="old")
    assert (asked.questions, one.renewed, one.refused_keys) == ([], 0, None)


def test_good_ones_are_taken_into_use_by_another_worker(asked: Asked) -> None:
    one = One(asked)
    looked(one)
    tried(asked, "")
    assert (one.renewed, one.record.keys) == (1, "")


@pytest.mark.parametrize("code", ["key-refused", "credentials-expired", "access-denied"])
def test_wrong_ones_are_told_and_not_tried_again_until_they_change(asked: Asked, code: str) -> None:
    one = One(asked)
    looked(one)
    tried(asked, code, "this")
    assert (one.renewed, one.record.keys) == (0, "old")
    assert one.refused_keys == ("new", Cause("new-keys-refused", "because of this"))
    looked(one)
    asked.answer("keys_digest", digest="new")
    assert asked.questions == []
    looked(one, again=True)
    tried(asked, "")
    assert one.renewed == 1
    assert refused(one) is None


def test_a_store_that_is_away_says_nothing_of_keys(asked: Asked) -> None:
    one = One(asked)
    looked(one)
    tried(asked, "unreachable")
    assert (one.renewed, one.refused_keys, one.record.keys) == (0, None, "old")


def test_the_old_keys_put_back_end_the_complaint(asked: Asked) -> None:
    one = One(asked)
    one.refused_keys = ("new", Cause("new-keys-refused"))
    looked(one)
    asked.answer("keys_digest", digest="old")
    assert refused(one) is None
    assert one.woken == 1


def test_where_the_broker_has_them_others_are_fetched_and_the_worker_stays(asked: Asked) -> None:
    one = One(asked, delivery="broker")
    asked.accounts["lab"] = object()
    looked(one)
    asked.answer("keys_digest", digest="new")
    asked.answer("copy_keys")
    assert (asked.refreshed, one.renewed, one.record.keys) == (["lab"], 0, "new")


def test_files_that_cannot_be_read_just_now_change_nothing(asked: Asked) -> None:
    one = One(asked)
    looked(one)
    _task, callback, _fields = asked.questions.pop()
    callback(MountdError("no-credentials"))
    assert (asked.questions, one.renewed, one.refused_keys) == ([], 0, None)


@pytest.mark.parametrize("change", ["state", "anonymous", "unknown"])
def test_a_mount_without_keys_in_use_is_not_looked_at(asked: Asked, change: str) -> None:
    one = One(asked, anonymous=change == "anonymous")
    if change == "state":
        one.record.state = State.WAITING
    if change == "unknown":
        one.owner = None  # type: ignore[assignment]
    looked(one)
    assert asked.questions == []

"""What ``s3mountctl add`` asks the store, and what it says when the store says no."""

from __future__ import annotations

import io
from types import TracebackType

import pytest

from mountd.cli import adding, stores
from mountd.cli.console import Console
from mountd.core.verdict import Exit
from mountd.words.errors import MountdError
from tests.unit.core.config.kit import accepted

MOUNT = '[[mount]]\nbucket = "hilbert"\nfolder = "/mnt/h"\nprovider = "ceph"\nendpoint_url = "https://s3.test"\n'


class Store:
    """Answers what it was made to answer, and notes what it was asked."""

    source = "rob: ~/.aws, profile default"
    answer: dict[str, object] | MountdError
    asked: dict[str, object]

    def __init__(self, whose: stores.Whose) -> None:
        type(self).asked = {"bucket": whose.bucket}

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        pass

    def ask(self, task: str, **fields: object) -> dict[str, object]:
        """The answer."""
        type(self).asked |= {"task": task, **fields}
        if isinstance(self.answer, MountdError):
            raise self.answer
        return self.answer


def checked(
        monkeypatch: pytest.MonkeyPatch, answer: dict[str, object] | MountdError, more: str = "") -> tuple[Exit, str]:
    """Exit status and what is said."""
    monkeypatch.setattr(stores, "Store", Store)
    Store.answer = answer
    error = io.StringIO()
    mount, = accepted(MOUNT + more).mounts
    return adding.checked(Console(io.StringIO(), error), mount), error.getvalue()


def test_a_store_that_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked(monkeypatch, {"code": "", "detail": ""}) == (Exit.WELL, "")
    assert (Store.asked["task"], Store.asked["bucket"], Store.asked["elsewhere"]) == ("diagnose", "hilbert", False)


@pytest.mark.parametrize("answer", [{"code": "bucket-missing", "detail": ""}, MountdError("bucket-missing")])
def test_a_store_that_says_no(monkeypatch: pytest.MonkeyPatch, answer: dict[str, object] | MountdError) -> None:
    status, said = checked(monkeypatch, answer)
    assert status == Exit.DOWN
    assert "there is no bucket hilbert at https://s3.test" in said
    assert "s3mountctl bucket list" in said
    assert "s3mountctl explain bucket-missing" in said


@pytest.mark.parametrize("credentials", ['systemd_credential = "kopah"', 'assume_role = "arn:aws:iam::1:role/x"'])
def test_keys_that_only_the_daemon_gets_at(monkeypatch: pytest.MonkeyPatch, credentials: str) -> None:
    checked(monkeypatch, {"code": "", "detail": ""}, f"credentials = {{ {credentials} }}\n")
    assert Store.asked["elsewhere"] is True

"""Words for the service manager: sent whole, never waited for."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mountd.system import notify


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket of a service manager that reads when the test does."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@{tmp_path}"
    monkeypatch.setenv("NOTIFY_SOCKET", name)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as listening:
        listening.bind(name.replace("@", "\0", 1))
        yield listening


def test_what_is_said_arrives(manager: socket.socket) -> None:
    notify.ready("2 mounts: 2 ok")
    notify.alive()
    assert (manager.recv(100), manager.recv(100)) == (b"READY=1\nSTATUS=2 mounts: 2 ok", b"WATCHDOG=1")


def test_a_manager_that_does_not_read_is_not_waited_for(manager: socket.socket) -> None:
    for _ in range(10_000):  # no receive queue is as long
        notify.alive()
    assert manager.recv(100) == b"WATCHDOG=1"


def test_without_a_manager_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify.alive()

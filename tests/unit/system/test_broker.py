"""The broker as a process, with the daemon's and systemd's part played by the test. Needs root."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPO = Path(__file__).resolve().parents[3]
BEGIN = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
os.environ["LISTEN_PID"] = str(os.getpid())
from mountd.words import paths
paths.BROKER_LINE = Path(sys.argv[2])
from mountd.system.broker.main import main
main()
"""
LIMIT = 10.0
NEVER = None


class Broker:
    """A process, and what it has given to the service manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notified.bind(str(folder / "notify"))
        self._notified.settimeout(LIMIT)
        self.kept: dict[str, int] = {}
        self.process = self._begin()
        self.line = self._meet()

    def _begin(self) -> subprocess.Popen[bytes]:
        names, numbers = list(self.kept), list(self.kept.values())
        environment = {"PATH": "/usr/bin:/bin", "NOTIFY_SOCKET": str(self._folder / "notify")}
        if names:
            environment |= {"LISTEN_FDS": str(len(names)), "LISTEN_FDNAMES": ":".join(names)}

        def place() -> None:
            copies = [os.dup2(number, 100 + at) for at, number in enumerate(numbers)]
            for at, number in enumerate(copies):
                os.dup2(number, 3 + at)

        process = subprocess.Popen([sys.executable, "-c", BEGIN, str(REPO), str(self._folder / "line")],
                                   env=environment, preexec_fn=place,  # noqa: PLW1509  one thread
                                   pass_fds=range(3, 3 + len(names)))
        while "READY" not in self.hear():
            pass
        return process

    def hear(self) -> dict[str, str]:
        """What it says to the service manager next, which keeps descriptors for it."""
        said, descriptors, *_ = socket.recv_fds(self._notified, 4096, 4)
        words = dict(line.split("=", 1) for line in said.decode().splitlines())
        if "FDSTOREREMOVE" in words:
            os.close(self.kept.pop(words["FDNAME"]))
        elif "FDNAME" in words:
            self.kept[words["FDNAME"]] = descriptors[0]
        return words

    def _meet(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as meeting:
            meeting.connect(str(self._folder / "line"))
            socket.send_fds(meeting, [b"line"], [theirs.fileno()])
        ours.settimeout(LIMIT)
        return ours

    def ask(self, task: str, *descriptors: int, **fields: object) -> dict[str, Any]:
        socket.send_fds(self.line, [json.dumps({"id": 1, "task": task, **fields}).encode()], list(descriptors))
        answer: dict[str, Any] = json.loads(self.line.recv(65536))
        return answer

    def give(self, mount: str, access: str, expires: float | None = NEVER) -> dict[str, Any]:
        keys = {"access": access, "secret": "secret", "token": "", "expires": expires, "how": "test"}
        return self.send(mount, json.dumps(keys).encode())

    def send(self, mount: str, content: bytes) -> dict[str, Any]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.sendall(content)
            ours.shutdown(socket.SHUT_WR)
            return self.ask("take", theirs.fileno(), mount=mount, about={"source": "rob"}, seconds=5)

    @property
    def port(self) -> int:
        return int(self.ask("state")["port"])

    def listen(self, front: str) -> dict[str, Any]:
        """A socket as ``s3mountd-listen`` makes it, in this namespace."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            subprocess.run([sys.executable, "-c", "from mountd.system.broker.listen import main; main()"], cwd=REPO,
                           stdin=theirs.fileno(), timeout=LIMIT, check=True)
            return self.ask("listen", ours.fileno(), front=front, seconds=LIMIT)

    def get(self, worker: str, token: str, port: int = 0) -> tuple[int, str]:
        asking = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=LIMIT)
        with contextlib.closing(asking):
            asking.request("GET", f"/{worker}", headers={"Authorization": token})
            answer = asking.getresponse()
            return answer.status, json.loads(answer.read() or b"{}").get("AccessKeyId", "")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait(LIMIT) == -signal.SIGKILL

    def begin_again(self) -> None:
        self.process = self._begin()
        self.line = self._meet()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    one = Broker(tmp_path)
    yield one
    one.process.kill()
    one.process.wait()
    for number in one.kept.values():
        os.close(number)


def test_a_worker_gets_its_keys_by_its_token_until_it_ends(broker: Broker) -> None:
    assert broker.give("lab", "AK1")["expires"] is None
    broker.ask("admit", mount="lab", worker="lab=2d1", token="right")
    assert broker.get("lab=2d1", "right") == (200, "AK1")
    assert broker.get("lab=2d1", "wrong") == (401, "")
    assert broker.get("lab=2d2", "right") == (401, "")
    broker.give("lab", "AK2")
    assert broker.get("lab=2d1", "right") == (200, "AK2")
    broker.ask("dismiss", worker="lab=2d1")
    assert broker.get("lab=2d1", "right") == (401, "")


def test_what_fails_leaves_what_there_is(broker: Broker) -> None:
    broker.give("lab", "AK1")
    broker.ask("admit", mount="lab", worker="w", token="t")
    failed = broker.send("lab", b'{"failed": {"code": "sso-ended", "detail": "aws sso login"}}')
    assert failed["failed"] == {"code": "sso-ended", "detail": "aws sso login"}
    for wrong in (b"", b"{}", b"hunter2"):
        said = broker.send("lab", wrong)
        assert said["failed"]["code"] == "keys-not-got"
        assert "hunter2" not in str(said)
    assert broker.give("lab", "AK0", time.time() - 1)["failed"]["detail"] == "the keys have expired already"
    assert broker.get("w", "t") == (200, "AK1")


def test_killed_it_goes_on_where_it_was_and_callers_meanwhile_are_served(broker: Broker) -> None:
    broker.give("lab", "AK1", time.time() + 3600)
    broker.ask("admit", mount="lab", worker="w", token="t")
    port, before = broker.port, broker.ask("state")
    broker.kill()
    with socket.create_connection(("127.0.0.1", port), LIMIT) as caller:
        caller.sendall(b"GET /w HTTP/1.1\r\nHost: x\r\nAuthorization: t\r\n\r\n")
        broker.begin_again()
        assert b" 200 " in caller.recv(4096)
    assert broker.ask("state") == before
    assert broker.get("w", "t") == (200, "AK1")


def test_another_daemon_finds_what_the_one_before_has_left(broker: Broker) -> None:
    broker.give("lab", "AK1")
    broker.line.close()
    broker.line = broker._meet()
    assert broker.ask("state")["held"]["lab"]["about"] == {"source": "rob", "how": "test"}
    broker.ask("forget", mount="lab")
    assert broker.ask("state")["held"] == {}


def test_callers_who_say_nothing_keep_nobody_out_for_long(broker: Broker) -> None:
    broker.give("lab", "AK1")
    broker.ask("admit", mount="lab", worker="w", token="t")
    with contextlib.ExitStack() as silent:
        for _ in range(60):
            silent.enter_context(socket.create_connection(("127.0.0.1", broker.port), LIMIT))
        assert broker.get("w", "t") == (200, "AK1")


def test_it_listens_behind_a_front_also_after_its_death_until_the_front_is_gone(broker: Broker) -> None:
    broker.give("lab", "AK1")
    broker.ask("admit", mount="lab", worker="w", token="t")
    port = int(broker.listen("f00d")["port"])
    assert broker.hear()["FDNAME"] == "front-f00d"
    assert port != broker.port
    assert broker.listen("f00d")["port"] == port, "one is enough"
    broker.kill()
    broker.begin_again()
    assert broker.ask("state")["behind"] == {"f00d": port}
    assert broker.get("w", "t", port) == (200, "AK1")
    assert broker.get("w", "wrong", port) == (401, "")
    broker.ask("leave", front="f00d")
    assert broker.hear()["FDNAME"] == "front-f00d"
    assert broker.ask("state")["behind"] == {}
    with pytest.raises(ConnectionRefusedError):
        broker.get("w", "t", port)


def test_a_socket_that_does_not_come_is_said(broker: Broker) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        said = broker.ask("listen", ours.fileno(), front="f00d", seconds=LIMIT)
    assert said["failed"] == {"code": "host-refused", "detail": "no socket could be had behind the front"}
    assert broker.ask("state")["behind"] == {}

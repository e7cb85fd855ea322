"""s3mountd-broker: answers workers on loopback, each with the keys of its own mount, and does what the daemon says.

It lives on when the daemon does not. What it needs to go on after its own death systemd keeps for it, as descriptors:
the listening sockets, and a file in memory with keys and tokens. Workers behind a front have a loopback of their own:
there the broker listens as well, on a socket that ``system.broker.listen`` has made.
"""

import contextlib
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mountd import __version__
from mountd.core import lease
from mountd.core.lease import Leases, Pass
from mountd.system import answering, notify
from mountd.system.answering import Question, Tasks
from mountd.words import paths
from mountd.words.errors import FAULTS, MountdError

_LISTENER, _MEMORY, _BEHIND = "listener", "memory", "front-"
_BACKLOG = 128
_CALLERS = 48
"""Callers at a time; any process of this machine can connect."""
_PATIENCE = 5.0
"""Seconds for one caller."""
_MOST_BYTES = 65536
"""Of keys with what is said about them; a session token may have some thousands."""


class Memory:
    """What is known, also after a death: written to a file in memory that systemd has a descriptor of."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._lock = descriptor, threading.Lock()
        self.leases = lease.unpacked(os.pread(descriptor, os.fstat(descriptor).st_size, 0))

    def change(self, change: Any) -> None:
        """Take on what ``change(leases)`` gives."""
        with self._lock:
            self.leases = change(self.leases)
            content = lease.packed(self.leases)
            os.pwrite(self._descriptor, content, 0)
            os.ftruncate(self._descriptor, len(content))

    def told(self) -> dict[str, Any]:
        """What the daemon may know of it."""
        held = {name: {"expires": one.expires, "about": dict(one.about)} for name, one in self.leases.held.items()}
        return {"held": held, "workers": list(self.leases.passes)}


class _Door(BaseHTTPRequestHandler):
    """One caller. What it says is in no log."""

    timeout = _PATIENCE
    server: "_Server"

    def do_GET(self) -> None:
        """The keys of the worker whose name is the path and whose token is shown."""
        leases: Leases = self.server.memory.leases
        status, body = leases.answer(self.path.lstrip("/"), self.headers.get("Authorization", ""), time.time())
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    _room = threading.BoundedSemaphore(_CALLERS)

    def __init__(self, listener: socket.socket, memory: Memory) -> None:
        super().__init__(("127.0.0.1", 0), _Door, bind_and_activate=False)
        self.socket.close()
        listener.settimeout(None)
        self.socket, self.memory = listener, memory
        self.port = int(listener.getsockname()[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        self._room.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, *_: object) -> None:
        """A caller that hangs up is none of ours."""


class _Behind:
    """The sockets in the network namespaces of fronts, each known by that of its front (``Mount.front``)."""

    def __init__(self, memory: Memory, kept: Mapping[str, int]) -> None:
        self._memory, self._lock = memory, threading.Lock()
        self._servers: dict[str, _Server] = {}
        for name, number in kept.items():
            self._serve(name, socket.socket(fileno=number))

    @property
    def ports(self) -> dict[str, int]:
        """Where they are."""
        return {name: one.port for name, one in list(self._servers.items())}

    def listen(self, question: Question, descriptors: Sequence[int]) -> dict[str, Any]:
        """The task: have a socket from the process that makes it behind ``front``, at the other end of the
        descriptor."""
        front, listener = str(question["front"]), _received(descriptors[0], float(question["seconds"]))
        with self._lock:
            if front not in self._servers:
                notify.keep_descriptor(listener.fileno(), _BEHIND + front)
                self._serve(front, listener)
            return {"port": self._servers[front].port}

    def _serve(self, front: str, listener: socket.socket) -> None:
        self._servers[front] = server = _Server(listener, self._memory)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def leave(self, question: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
        """The task: ``front`` is no more."""
        front = str(question["front"])
        with self._lock:
            server = self._servers.pop(front, None)
        if server is not None:
            notify.drop_descriptor(_BEHIND + front)
            server.shutdown()
            server.server_close()
        return {}


def _tasks(memory: Memory, port: int, behind: _Behind) -> Tasks:
    def state(_question: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
        return {"version": __version__, "port": port, "behind": behind.ports, **memory.told()}


    def admit(question: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
        one = Pass(str(question["mount"]), str(question["token"]))
        memory.change(lambda leases: leases.admitting(str(question["worker"]), one))
        return {}

    def dismiss(question: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
        memory.change(lambda leases: leases.dismissing(str(question["worker"])))
        return {}

    def forget(question: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
        memory.change(lambda leases: leases.without_keys(str(question["mount"])))
        return {}

    def take(question: Question, descriptors: Sequence[int]) -> dict[str, Any]:
        """Keys for ``mount`` from the process that gets them, at the other end of the descriptor; ``about`` is kept
        beside them."""
        content = _read(descriptors[0], time.monotonic() + float(question["seconds"]))
        failed = json.loads(content).get("failed") if content.startswith(b"{") else None
        if failed:
            # After an upgrade the other one may know codes that this one does not.
            code = str(failed["code"]) if failed["code"] in FAULTS else "keys-not-got"
            raise MountdError(code, str(failed["detail"]))
        try:
            held = lease.received(content, time.time())
        except ValueError as error:
            raise MountdError("keys-not-got", str(error)) from None
        about = {**question["about"], "how": json.loads(content).get("how", "")}
        kept = lease.Held(held.keys, held.expires, about)
        memory.change(lambda leases: leases.with_keys(str(question["mount"]), kept))
        return {"expires": held.expires, "about": about}

    return {"state": state, "admit": admit, "dismiss": dismiss, "forget": forget, "take": take,
            "listen": behind.listen, "leave": behind.leave}


def _received(descriptor: int, seconds: float) -> socket.socket:
    """A listening socket that comes by that line. Raises MountdError."""
    with socket.socket(fileno=os.dup(descriptor)) as line:
        line.settimeout(seconds)
        with contextlib.suppress(TimeoutError):
            _message, numbers, *_ = socket.recv_fds(line, 16, 1, socket.MSG_CMSG_CLOEXEC)
            if numbers:
                return socket.socket(fileno=numbers[0])
    raise MountdError("host-refused", "no socket could be had behind the front")


def _read(descriptor: int, end: float) -> bytes:
    """All that comes until the other end is closed. Raises MountdError when it is not in time."""
    content = b""
    with socket.socket(fileno=os.dup(descriptor)) as line:
        while len(content) < _MOST_BYTES:
            line.settimeout(max(0.01, end - time.monotonic()))
            try:
                part = line.recv(_MOST_BYTES)
            except TimeoutError:
                raise MountdError("keys-not-got", "whoever gets them does not come to an end") from None
            if not part:
                return content
            content += part
    raise MountdError("keys-not-got", "what came is no credentials")


def _is_root(caller: socket.socket) -> bool:
    credentials = caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return bool(struct.unpack("3i", credentials)[1] == 0)


def _hear(meeting: socket.socket, tasks: Tasks) -> None:
    """Daemons, one after the other: each one sends the end of a line."""
    while True:
        caller, _ = meeting.accept()
        with caller, contextlib.suppress(OSError):
            caller.settimeout(_PATIENCE)
            _message, descriptors, *_ = socket.recv_fds(caller, 16, 1, socket.MSG_CMSG_CLOEXEC)
            lines = [socket.socket(fileno=number) for number in descriptors]
            if not _is_root(caller):
                continue
            for line in lines:
                threading.Thread(target=answering.answer, args=(line, tasks), daemon=True).start()


def _kept(kept: Mapping[str, int]) -> tuple[socket.socket, Memory]:
    """What an earlier process has left with systemd, by name, or the beginning of it."""
    if _LISTENER in kept:
        listener = socket.socket(fileno=kept[_LISTENER])
    else:
        # The kernel chooses a port that is free, and this socket is not closed as long as anybody asks here.
        listener = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        notify.keep_descriptor(listener.fileno(), _LISTENER)
    if _MEMORY in kept:
        return listener, Memory(kept[_MEMORY])
    memory = os.memfd_create("s3mountd-broker", os.MFD_CLOEXEC)
    notify.keep_descriptor(memory, _MEMORY)
    return listener, Memory(memory)


def main() -> None:
    """Serve until systemd ends it."""
    threading.stack_size(512 * 1024)
    kept = {name: number for number, name in notify.kept_descriptors().items()}
    listener, memory = _kept(kept)
    behind = _Behind(memory, {name.removeprefix(_BEHIND): number for name, number in kept.items()
                              if name.startswith(_BEHIND)})
    paths.BROKER_LINE.unlink(missing_ok=True)
    meeting = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    meeting.bind(str(paths.BROKER_LINE))
    meeting.listen(8)
    here = _Server(listener, memory)
    threading.Thread(target=_hear, args=(meeting, _tasks(memory, here.port, behind)), daemon=True).start()
    notify.ready("")
    here.serve_forever()

"""Sockets of the broker behind fronts, where workers have no network but their front's: asked for when a worker to be
needs one, there as long as the front is.
"""

import socket
from collections.abc import Callable, MutableMapping

from mountd.core.front import Front
from mountd.core.units import listener
from mountd.daemon.passes import quiet
from mountd.system.asking import Answer, fail_soon
from mountd.system.broker.link import Broker
from mountd.system.systemd import Systemd
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.model import Mount

Told = Callable[[MountdError | None], None]
"""Called when there is one, or why there is none."""


class Listeners:
    """``ports`` is where the broker listens, by front (``Mount.front``); it is kept here."""

    def __init__(self, systemd: Systemd, broker: Broker, ports: Callable[[], MutableMapping[str, int]]) -> None:
        self._systemd, self._broker, self._ports = systemd, broker, ports
        self._waiting: dict[str, dict[str, Told]] = {}

    def reach(self, mount: Mount, told: Told) -> bool:
        """Does the broker listen where the workers of a mount can reach it? If not, that is seen to; never told before
        this returns."""
        life = mount.front
        if not life or life in self._ports():
            return True
        begun, waiting = life in self._waiting, self._waiting.setdefault(life, {})
        waiting[mount.name] = told
        if not begun:
            self._open(Front.of(mount), life)
        return False

    def _open(self, front: Front, life: str) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with ours, theirs:
            try:
                self._systemd.start(f"{paths.LISTEN_PREFIX}{life}.service", listener.properties(front),
                                    {"Input": theirs.fileno()}, lambda _text: None)
                self._broker.ask("listen", lambda answer: self._answered(life, answer), [ours.fileno()], front=life,
                                 seconds=listener.LIMIT)
            except MountdError as error:
                fail_soon(lambda failure: self._answered(life, failure), error.detail)

    def _answered(self, life: str, answer: Answer | MountdError) -> None:
        failed = answer if isinstance(answer, MountdError) else None
        if not isinstance(answer, MountdError):
            self._ports()[life] = int(answer["port"])
        for told in self._waiting.pop(life).values():
            told(failed)

    def close(self, life: str) -> None:
        """That front is no more."""
        if self._ports().pop(life, None) is not None:
            self._broker.ask("leave", quiet, front=life)

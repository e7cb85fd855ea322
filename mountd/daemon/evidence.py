"""What a worker was doing when it was given up, kept for whoever looks into it later."""

from collections.abc import Callable

from gi.repository import GLib

from mountd.daemon.announce import evidence_kept
from mountd.daemon.kept import Kept
from mountd.system.probe import Answer
from mountd.words.errors import MountdError

_PATIENCE = 0.5
"""Seconds that callers wait longer for it."""


def take(kept: Kept, unit: str, why: str, done: Callable[[], None]) -> None:
    """Have the helper look at the worker; ``done()`` is called once, at the latest after half a second."""
    left = [done]

    def go_on() -> None:
        while left:
            left.pop()()

    def told(answer: Answer | MountdError) -> None:
        if not isinstance(answer, MountdError):
            evidence_kept(kept.name, str(answer["path"]))
        if left:
            GLib.source_remove(timer)
        go_on()

    def late() -> bool:
        go_on()
        return bool(GLib.SOURCE_REMOVE)

    worker = kept.workers[unit]
    timer = GLib.timeout_add(int(_PATIENCE * 1000), late)
    kept.world.helper.ask("evidence", told, name=kept.name, unit=unit, why=why, pid=kept.world.systemd.pid(unit),
                          waiting=kept.waiting(worker), connection=worker.connection)

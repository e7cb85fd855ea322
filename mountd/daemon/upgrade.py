"""Another mount-s3 has been installed: the workers are replaced by it, one after the other.

A worker that cannot be replaced serves on: a mount-s3 that does not run, is too old or dies at once takes nothing down,
and while one mount has trouble with it the others keep theirs.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from gi.repository import GLib

from mountd.core.messages import Cause
from mountd.core.programs import is_replaced
from mountd.daemon import spare
from mountd.daemon.announce import upgraded
from mountd.daemon.keeper import Keeper
from mountd.daemon.kept import Kept
from mountd.system.binary import Binary, Installed
from mountd.words.model import DaemonSettings

OUTDATED = "of another mount-s3"
"""The digest of a worker that is to be replaced by what is installed."""


class Upgrades:
    """Sees to all keepers; ``look`` is to be called when something about one of them, or the program, has changed."""

    def __init__(self, binary: Binary, every: Callable[[], Iterable[Keeper]],
                 settings: Callable[[], DaemonSettings]) -> None:
        self._binary, self._every, self._settings = binary, every, settings
        self._program = ""
        self._idle = 0

    def look(self) -> None:
        """Soon, and once for many who say so."""
        if not self._idle:
            self._idle = GLib.idle_add(self._due)

    def close(self) -> None:
        """Begin with none any more."""
        if self._idle:
            GLib.source_remove(self._idle)
            self._idle = 0

    def _due(self) -> bool:
        self._idle = 0
        self.turn()
        return bool(GLib.SOURCE_REMOVE)

    def turn(self) -> None:
        """Begin with the next worker, unless one is being replaced."""
        found, keepers = self._binary.look(), list(self._every())
        for keeper in keepers:
            serves = keeper.kept.serving is not None
            keeper.kept.remark("program", found if isinstance(found, Cause) and serves else None)
            _hurry(keeper.kept)
        if not isinstance(found, Installed):
            return
        current = [keeper for keeper in keepers if (one := keeper.kept.serving) and one.digest == OUTDATED]
        if found.program != self._program:
            self._program = found.program
            for keeper in current:
                _try_anew(keeper.kept)
        later = [keeper for keeper in keepers if _is_due(keeper, found)]
        if later and not current and self._settings().on_upgrade == "replace":
            _begin(later[0], found)


def _hurry(kept: Kept) -> None:
    """Nobody waits for a worker that an upgrade has replaced, unless its mount is to go away."""
    if kept.mount is None or kept.memory.held or not kept.mount.enabled:
        end = kept.world.now() + kept.stop_timeout
        drains = tuple(replace(one, deadline=min(one.deadline, end)) for one in kept.memory.draining)
        if drains != kept.memory.draining:
            kept.memory = replace(kept.memory, draining=drains)
            kept.wake()


def _is_due(keeper: Keeper, installed: Installed) -> bool:
    worker = keeper.kept.serving
    return (worker is not None and is_replaced(worker.program, installed.program)
            and keeper.mount is not None and keeper.kept.memory.staging is None and keeper.proof.is_good)


def _begin(keeper: Keeper, installed: Installed) -> None:
    kept, worker = keeper.kept, keeper.kept.serving
    if worker is None:
        return
    upgraded(kept.name, worker.version, installed.version)
    spare.drop(kept)
    kept.workers[worker.unit] = replace(worker, digest=OUTDATED)
    _try_anew(kept)


def _try_anew(kept: Kept) -> None:
    # A failure of long ago is none of the new one's.
    kept.memory = replace(kept.memory, prepared=None, failure=None)
    kept.wake()

"""The histories of all mounts on disk, and the watch that tells when nobody watched.

Written by the helper process: a disk that is full, or hangs, costs the history and never the mount.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gi.repository import GLib

from mountd.core import history
from mountd.core.history import KEPT_SECONDS, History
from mountd.core.units.worker import file_name
from mountd.system.probe import Helper
from mountd.system.small_files import read_json, write_json
from mountd.words import paths

BEAT = 300.0
"""Seconds between two notes that this machine is watched."""
_JUMP = 10.0
"""Seconds by which the clock of the wall may run ahead of the other one before the machine was asleep."""
_BEATS_A_DAY = 288

Unwatched = Callable[[float, float], None]


class Chronicle:
    """Reads, keeps and sweeps histories. ``slept(begin, end)`` is called after a time in which nothing ran here."""

    def __init__(self, helper: Helper, wall: Callable[[], float], now: Callable[[], float]) -> None:
        self._helper, self._wall, self._now = helper, wall, now
        self.slept: Unwatched = lambda _begin, _end: None
        self._began = self._last = wall()
        self._ahead = self._last - now()
        self._seen, self._left = self._last_watched()
        self._wanted: dict[Path, Any] = {}
        """What is not on disk yet."""
        self._writing: dict[Path, Any] = {}
        self._kept: dict[str, History | None] = {}
        """What is on disk, or on its way there, by the names that are in use."""
        self._beats = 0
        self._timer = GLib.timeout_add_seconds(int(BEAT), self._beat)

    def begin(self) -> None:
        """Watch from now on."""
        self._beat()

    def _last_watched(self) -> tuple[float, bool]:
        """When a daemon last watched, and whether it knew that it left."""
        try:
            kept = read_json(paths.WATCHED)
            return min(float(kept["at"]), self._began), bool(kept["left"])
        except (TypeError, KeyError, ValueError):
            return self._began, True

    def after_boot(self, name: str) -> History:
        """A mount's history, with the time the machine was off."""
        self._kept[name] = None
        return history.rebooted(self.read(name), self._seen, self._began)

    def go_on(self, name: str, plain: Any) -> History:
        """A mount's history as /run knew it, with the time the daemon was away."""
        self._kept[name] = None
        kept = history.of_plain(plain)
        if self._left or self._began - self._seen > 1.2 * BEAT:
            return history.unwatched(kept, self._seen, self._began)
        # One that was killed and came back at once: how long it was away is not known, and it was not long.
        return kept

    @staticmethod
    def read(name: str) -> History:
        """What lies on disk; an empty history when there is none."""
        return history.of_plain(read_json(_file(name)))

    def keep(self, name: str, value: History) -> None:
        """Have it written soon, if it is another one."""
        if value.begun is not None and value is not self._kept.get(name):
            self._kept[name] = value
            self._write_soon(_file(name), history.plain(value))

    def let_go(self, name: str, value: History) -> None:
        """The mount is no longer configured; its file stays until it is old."""
        self.keep(name, value)
        self._kept.pop(name, None)

    def _write_soon(self, path: Path, value: Any) -> None:
        self._wanted[path] = value
        self._write(path)

    def _write(self, path: Path) -> None:
        """One write a file at a time, so that an older one cannot come last."""
        if path in self._writing or path not in self._wanted:
            return
        self._writing[path] = self._wanted.pop(path)

        def written(_answer: Any) -> None:
            self._writing.pop(path, None)
            self._write(path)

        self._helper.ask("keep", written, path=str(path), value=self._writing[path])

    # The watch

    def look(self) -> None:
        """Has the machine slept? The clock of deadlines stands still meanwhile (clock_gettime(2))."""
        wall = self._wall()
        ahead = wall - self._now()
        if ahead - self._ahead > _JUMP:
            self.slept(self._last, self._last + ahead - self._ahead)
        self._last, self._ahead = wall, ahead

    def _beat(self) -> bool:
        self.look()
        if self._beats % _BEATS_A_DAY == 0:
            in_use = [_file(name).name for name in self._kept]
            self._helper.ask("drop_old", lambda _: None, folder=str(paths.HISTORY), seconds=KEPT_SECONDS, but=in_use)
        self._beats += 1
        self._write_soon(paths.WATCHED, {"at": self._last, "left": False})
        return bool(GLib.SOURCE_CONTINUE)

    def close(self) -> None:
        """Watch no more, and say so."""
        GLib.source_remove(self._timer)
        unsure = {**self._writing, **self._wanted, paths.WATCHED: {"at": self._wall(), "left": True}}
        self._writing, self._wanted = {}, {}
        for path, value in unsure.items():
            write_json(path, value)


def _file(name: str) -> Path:
    return paths.HISTORY / f"{file_name(name)}.json"

"""The kernel's own view of a FUSE connection: how many requests wait, and a lever that ends it.

Files of the fusectl file system (Documentation/filesystems/fuse.rst). They are answered by the kernel alone, so reading
and writing them never waits for a worker. systemd mounts fusectl; in containers it may be elsewhere or nowhere, then
the daemon mounts it for itself.
"""

import os
from pathlib import Path

from mountd.system import mounts, syscalls
from mountd.words import paths
from mountd.words.errors import MountdError

OWN = paths.RUN / "fusectl"
_ATTRIBUTES = syscalls.MOUNT_ATTR_NOSUID | syscalls.MOUNT_ATTR_NODEV


class FuseControl:
    """fusectl, found or mounted at the first question, and found again when it has been unmounted."""

    def __init__(self, table: mounts.MountTable, own: Path = OWN) -> None:
        self._table, self._own = table, own
        self._place: Path | None = None

    def waiting(self, connection: int) -> int | None:
        """Requests of callers that are not answered yet; None when there is no such connection (any more).

        A connection that the kernel holds for a mount nobody serves counts one. Raises MountdError ``host-refused``.
        """
        try:
            return int(self._file(connection, "waiting").read_text("ascii"))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise MountdError("host-refused", f"fusectl: {error.strerror}") from error

    def abort(self, connection: int) -> bool:
        """End the connection: every caller that waits gets an error, and so does all that comes; its worker ends.

        False when there is no such connection (any more). Raises MountdError ``host-refused``.
        """
        try:
            self._file(connection, "abort").write_text("1", "ascii")
        except FileNotFoundError:
            return False
        except OSError as error:
            raise MountdError("host-refused", f"fusectl: {error.strerror}") from error
        return True

    def _file(self, connection: int, name: str) -> Path:
        place = self._place
        if place is None or not self._is_there(place):
            place = self._place = self._find() or self._mount()
        return place / str(connection) / name

    def _is_there(self, place: Path) -> bool:
        return any(entry.fstype == "fusectl" for entry in self._table.folders.get(str(place), ())[-1:])

    def _find(self) -> Path | None:
        return next((Path(path) for path in self._table.folders if self._is_there(Path(path))), None)

    def _mount(self) -> Path:
        try:
            self._own.mkdir(mode=0o700, parents=True, exist_ok=True)
            context = syscalls.fsopen("fusectl")
            try:
                mount_fd = syscalls.fsmount(context, _ATTRIBUTES)
            finally:
                os.close(context)
            try:
                syscalls.move_mount(mount_fd, str(self._own))
            finally:
                os.close(mount_fd)
        except OSError as error:
            raise MountdError("host-refused", f"fusectl cannot be mounted: {error.strerror}") from error
        self._table.forget()
        return self._own

"""The folder below a mount: look at it, make it, say whose it is. Runs in the helper: paths may hang.

The folder is looked at in a private copy of the mount it lies on, so that what s3mountd has put on it (a guard, a
live mount) is neither seen nor touched.
"""

import contextlib
import errno
import grp
import os
import pwd
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from mountd.core.units.worker import Folder
from mountd.system import mounts, syscalls
from mountd.words.errors import MountdError

_LINKED = ("a link in its path is not followed: it came after the configuration was read, or it is a user's and leads "
           "to what is not theirs")
_MAKING: dict[int, threading.Lock] = {}
"""By file system: a parent that is half made, not given away yet, must not be taken by the folder of another mount. One
that hangs holds up no other."""


@contextlib.contextmanager
def _host_view(folder: str, home: str) -> Iterator[tuple[int, str]]:
    """A descriptor of the mount that holds the folder, as it is without other mounts on it, and the path in it.

    Between a ``home`` and the folder there may be no mount.
    """
    table = mounts.parse(mounts.MOUNTINFO.read_text("utf-8", "surrogateescape"))
    points = {entry.path for entry in table}
    parent = os.path.dirname(folder)
    while parent not in points:
        parent = os.path.dirname(parent)
    if home and f"{parent}/".startswith(f"{home}/") and parent != home:
        raise MountdError("folder-unusable", f"{parent} in its path is mounted itself")
    copy = syscalls.clone_mount(parent)
    try:
        yield copy, os.path.relpath(folder, parent)
    finally:
        os.close(copy)


@dataclass(frozen=True)
class _Wish:
    """A folder, and whose its files shall be; with a ``home`` it lies there and all of it is the user's."""

    folder: str
    user: str
    group: str
    home: str

    def check(self, opened: int, path: str) -> None:
        """What is opened in a home must be the user's. Raises MountdError ``folder-unusable``."""
        facts = os.fstat(opened)
        if self.home and stat.S_ISLNK(facts.st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        if self.home and facts.st_uid != _identity(self, facts)[0]:
            raise MountdError("folder-unusable", f"{path} does not belong to {self.user}")


def _identity(wish: _Wish, fallback: os.stat_result) -> tuple[int, int]:
    """uid and gid by name or number; what is not named is the parent folder's."""
    user, group = wish.user, wish.group
    try:
        entry = (pwd.getpwuid(int(user)) if user.isdigit() else pwd.getpwnam(user)) if user else None
        gid = (int(group) if group.isdigit() else grp.getgrnam(group).gr_gid) if group else None
    except KeyError as error:
        raise MountdError("folder-unusable", f"{wish.folder}: {error.args[0]}") from error
    uid = entry.pw_uid if entry else fallback.st_uid
    if gid is None:
        gid = entry.pw_gid if entry else fallback.st_gid
    return uid, gid


def _check_way(wish: _Wish) -> None:
    """The home must be the user's, and so must all be that lies between it and the folder, as far as it is there."""
    between = wish.folder.removeprefix(f"{wish.home}/").split("/")[:-1]
    here = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for path in [wish.home.lstrip("/"), *between]:
            try:
                further = syscalls.open_path(here, path)
            except FileNotFoundError:
                return
            os.close(here)
            here = further
            wish.check(here, path)
    finally:
        os.close(here)


def _make(root: int, path: str, wish: _Wish) -> int:
    """Make the folder and its missing parents, each with the owner that user and group or its parent give.

    Returns a descriptor of the folder. Whoever owns the parent can rename what was made before it is opened: what is
    opened then is given away only when it is as it was made.
    """
    above, _, name = path.rpartition("/")
    parent = _opened_or_made(root, above, wish) if above else os.dup(root)
    try:
        wish.check(parent, above)
        uid, gid = _identity(wish, os.fstat(parent))
        try:
            os.mkdir(name, dir_fd=parent)
        except FileExistsError:
            # Somebody else has made it in the same moment.
            return syscalls.open_path(parent, name)
        opened = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    finally:
        os.close(parent)
    if os.fstat(opened).st_uid != os.geteuid() or os.listdir(opened):
        os.close(opened)
        raise MountdError("folder-unusable", f"{wish.folder} was exchanged while it was made")
    os.fchmod(opened, 0o755)  # the daemon's umask is narrower than a folder's usual mode
    os.fchown(opened, uid, gid)
    return opened


def _opened_or_made(root: int, path: str, wish: _Wish) -> int:
    try:
        return syscalls.open_path(root, path)
    except FileNotFoundError:
        return _make(root, path, wish)


def _had(root: int, path: str, wish: _Wish) -> int:
    """A descriptor of the folder, which is made when it is missing."""
    try:
        return syscalls.open_path(root, path)
    except FileNotFoundError:
        with _MAKING.setdefault(os.fstat(root).st_dev, threading.Lock()):
            return _opened_or_made(root, path, wish)


def _first_entries(folder: int) -> list[str]:
    opened = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        return sorted(os.listdir(opened))[:3]
    finally:
        os.close(opened)


def prepare(folder: str, *, user: str, group: str, hide: bool, home: str = "") -> Folder:
    """Make the folder fit to be mounted on and return whose it is.

    ``user`` and ``group`` (names or numbers, may be empty) set whose the files shall be; what they leave open is the
    folder's own. With a ``home`` it lies there, and all of it must be the user's. Raises MountdError
    ``folder-not-empty`` (unless ``hide``) and ``folder-unusable``.
    """
    wish = _Wish(folder, user, group, home)
    try:
        with _host_view(folder, home) as (root, path):
            if home:
                _check_way(wish)
            opened = _had(root, path, wish)
        try:
            facts = os.fstat(opened)
            if not stat.S_ISDIR(facts.st_mode):
                raise MountdError("folder-unusable", "it is not a folder")
            wish.check(opened, folder)
            entries = [] if hide else _first_entries(opened)
        finally:
            os.close(opened)
    except OSError as error:
        text = _LINKED if error.errno == errno.ELOOP else error.strerror or str(error)
        raise MountdError("folder-unusable", text) from error
    if entries:
        raise MountdError("folder-not-empty", "it holds " + ", ".join(entries))
    uid, gid = _identity(wish, facts)
    return Folder(uid, gid, stat.S_IMODE(facts.st_mode) & 0o777)

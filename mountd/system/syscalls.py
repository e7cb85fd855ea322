"""The calls of Linux that Python does not wrap: fsopen, fsconfig, fsmount, move_mount, open_tree, statx, umount2.

A folder that is mounted on may lie where its user can put a link in place of any part of the path, at any moment. So
the calls here go by a descriptor of the folder above, which no link on the way led to, and do not follow the last part.

Numbers of the calls are the same on x86-64 and arm64 (all were added after the tables were unified, statx but for);
flags are from ``linux/mount.h`` and ``linux/stat.h``.
"""

import contextlib
import ctypes
import errno
import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

_SYS_OPEN_TREE, _SYS_MOVE_MOUNT, _SYS_FSOPEN, _SYS_FSCONFIG, _SYS_FSMOUNT = 428, 429, 430, 431, 432

_FSOPEN_CLOEXEC = 1
_FSCONFIG_SET_FLAG, _FSCONFIG_SET_STRING, _FSCONFIG_CMD_CREATE = 0, 1, 6
_FSMOUNT_CLOEXEC = 1
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOATIME = 1, 2, 4, 16
_MOVE_MOUNT_F_EMPTY_PATH = 0x4
_MOVE_MOUNT_BENEATH = 0x200
_OPEN_TREE_CLONE = 1
_OPEN_TREE_CLOEXEC = os.O_CLOEXEC
_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_AT_SYMLINK_NOFOLLOW = 0x100
_AT_EMPTY_PATH = 0x1000
_AT_STATX_DONT_SYNC = 0x4000
_STATX_MNT_ID = 0x1000
_MNT_DETACH, _MNT_EXPIRE, _UMOUNT_NOFOLLOW = 2, 4, 8
_CLONE_NEWNS = 0x20000


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def _call(what: str, number: int, *arguments: object) -> int:
    return _check(int(_libc.syscall(ctypes.c_long(number), *arguments)), what)


def open_path(parent: int, path: str) -> int:
    """An ``O_PATH`` descriptor of what is there, by a path without ``..`` below ``parent``. Links are not followed, and
    one on the way is ELOOP. Raises OSError.

    Not by openat2: RestrictSUIDSGID= takes it away (systemd, seccomp-util.c).
    """
    *above, last = filter(None, path.split("/"))
    here = _walk(parent, above)
    try:
        return os.open(last, _LOOK, dir_fd=here)
    finally:
        os.close(here)


def _walk(parent: int, parts: Iterable[str]) -> int:
    here = os.dup(parent)
    for part in parts:
        try:
            further = _step(here, part)
        finally:
            os.close(here)
        here = further
    return here


def _step(here: int, part: str) -> int:
    try:
        return os.open(part, _LOOK | os.O_DIRECTORY, dir_fd=here)
    except NotADirectoryError:
        if _is_link(here, part):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), part) from None
        raise


def _is_link(here: int, part: str) -> bool:
    try:
        os.readlink(part, dir_fd=here)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _above(folder: str) -> Iterator[tuple[int, str]]:
    """A descriptor of the folder above, and the last part of the path, "" for the root. Raises OSError."""
    parent, _, name = folder.rstrip("/").rpartition("/")
    root = os.open("/", _LOOK)
    try:
        opened = _walk(root, filter(None, parent.split("/")))
    finally:
        os.close(root)
    try:
        yield opened, name
    finally:
        os.close(opened)


def fsopen(fstype: str) -> int:
    """Open a context for a new file system of that type; raises OSError."""
    return _call("fsopen", _SYS_FSOPEN, fstype.encode(), _FSOPEN_CLOEXEC)


def fsconfig_string(context: int, key: str, value: str) -> None:
    """Set a parameter of the new file system; raises OSError."""
    _call(f"fsconfig {key}", _SYS_FSCONFIG, context, _FSCONFIG_SET_STRING, key.encode(), value.encode(), 0)


def fsconfig_flag(context: int, key: str) -> None:
    """Set a flag of the new file system; raises OSError."""
    _call(f"fsconfig {key}", _SYS_FSCONFIG, context, _FSCONFIG_SET_FLAG, key.encode(), None, 0)


def fsmount(context: int, attributes: int) -> int:
    """Create the file system and return a descriptor of its detached mount; raises OSError."""
    _call("fsconfig create", _SYS_FSCONFIG, context, _FSCONFIG_CMD_CREATE, None, None, 0)
    return _call("fsmount", _SYS_FSMOUNT, context, _FSMOUNT_CLOEXEC, attributes)


def move_mount(mount_fd: int, folder: str, *, beneath: bool = False) -> None:
    """Attach a detached mount to a folder: on top of what is there, or ``beneath`` it (Linux 6.5); raises OSError."""
    flags = _MOVE_MOUNT_F_EMPTY_PATH | (_MOVE_MOUNT_BENEATH if beneath else 0)
    with _above(folder) as (parent, name):
        _call("move_mount", _SYS_MOVE_MOUNT, mount_fd, b"", parent, os.fsencode(name), flags)


def clone_mount(mount_point: str) -> int:
    """A descriptor of a detached copy of one mount without what is mounted below it; raises OSError."""
    flags = _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | _AT_SYMLINK_NOFOLLOW
    with _above(mount_point) as (parent, name):
        return _call("open_tree", _SYS_OPEN_TREE, parent, os.fsencode(name or "."), flags)


def umount_lazy(folder: str) -> None:
    """Take the topmost mount off a folder; open files go on to live (``MNT_DETACH``). Raises OSError."""
    _umount(folder, _MNT_DETACH)


def _umount(folder: str, flags: int) -> None:
    with _above(folder) as (parent, name):
        # umount2 takes no descriptor. The last part is not followed, and what is held is not the mount itself.
        path = f"/proc/self/fd/{parent}/{name}"
        _check(_libc.umount2(os.fsencode(path), flags | _UMOUNT_NOFOLLOW), f"umount {folder}")


class Expiry(Enum):
    """What became of a mount that was to go if nobody uses it."""

    GONE = "gone"
    MARKED = "marked"
    """It has been used since it was marked last, or never was; it is marked now."""
    BUSY = "busy"
    """Files on it are open, or it is somebody's working directory."""


def umount_unused(folder: str) -> Expiry:
    """Unmount the topmost of a folder if nobody has used it since the last call (``MNT_EXPIRE``). Raises OSError."""
    try:
        _umount(folder, _MNT_EXPIRE)
    except OSError as error:
        found = {errno.EAGAIN: Expiry.MARKED, errno.EBUSY: Expiry.BUSY}.get(error.errno or 0)
        if found is None:
            raise
        return found
    return Expiry.GONE


def touch_mount(folder: str) -> None:
    """Use the topmost mount on a folder, without its server's knowing: takes the mark of ``umount_unused`` away.

    An ``O_PATH`` descriptor of a mount's root asks nothing of its file system. Raises OSError.
    """
    os.close(os.open(folder, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW))


def enter_mount_namespace(path: str) -> None:
    """See and change the mounts of another namespace, given as in /proc/PID/ns/mnt (setns(2)). Raises OSError.

    Only for a process with one thread.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(_libc.setns(descriptor, _CLONE_NEWNS), f"setns {path}")
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class MountIdentity:
    """A mount's id as in mountinfo's first column, and its device's minor number.

    For FUSE the minor number is the name of the connection below ``/sys/fs/fuse/connections``.
    """

    mount_id: int
    minor: int


def identify(mount_fd: int) -> MountIdentity:
    """Who a mount is, without asking its file system (``AT_STATX_DONT_SYNC``): never blocks. Raises OSError."""
    buffer = ctypes.create_string_buffer(256)
    flags = _AT_EMPTY_PATH | _AT_STATX_DONT_SYNC
    _check(_libc.statx(mount_fd, b"", flags, ctypes.c_uint(_STATX_MNT_ID), buffer), "statx")
    # struct statx: stx_dev_minor is the 32-bit word at offset 140, stx_mnt_id the 64-bit one at 144.
    minor, mount_id = struct.unpack_from("=IQ", buffer.raw, 140)
    return MountIdentity(mount_id, minor)

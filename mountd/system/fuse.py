"""Stage, swap, detach, guard: how a mount comes to a folder and leaves it (design: detached FUSE mounts).

A mount is made detached, served by a worker through its descriptor, and moved to the folder when it answers. Nothing
here blocks on a FUSE server; nothing here decides.
"""

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mountd.core.layers import Kind, Layer
from mountd.system import syscalls
from mountd.words import paths
from mountd.words.errors import MountdError

_BENEATH_SINCE = (6, 5)
_SWAP_SWITCH = "S3MOUNTD_SWAP"
"""Test switch: the value ``detach`` forces the way of kernels without ``MOVE_MOUNT_BENEATH``."""

_ATTRIBUTES = syscalls.MOUNT_ATTR_NOSUID | syscalls.MOUNT_ATTR_NODEV | syscalls.MOUNT_ATTR_NOATIME


@dataclass(frozen=True)
class Staged:
    """A mount that is nowhere in the tree yet. Both descriptors belong to the caller, who closes them."""

    fuse_fd: int
    mount_fd: int
    mount_id: int
    connection: int
    """The FUSE connection's number: mountinfo's minor, the name under ``/sys/fs/fuse/connections``."""


def kernel_has_beneath(release: str | None = None) -> bool:
    """Can this kernel slip a mount beneath another (6.5 and later)? ``S3MOUNTD_SWAP=detach`` says no."""
    if os.environ.get(_SWAP_SWITCH) == "detach":
        return False
    numbers = (release or os.uname().release).split("-")[0].split(".")
    return tuple(int(part) for part in numbers[:2]) >= _BENEATH_SINCE


def _fuse_mount(fuse_fd: int, source: str, subtype: str, *, read_only: bool) -> int:
    context = syscalls.fsopen("fuse")
    try:
        for key, value in (
            ("source", source), ("subtype", subtype), ("fd", str(fuse_fd)),
            ("rootmode", "40000"), ("user_id", "0"), ("group_id", "0"),
        ):
            syscalls.fsconfig_string(context, key, value)
        syscalls.fsconfig_flag(context, "allow_other")
        syscalls.fsconfig_flag(context, "default_permissions")
        return syscalls.fsmount(context, _ATTRIBUTES | (syscalls.MOUNT_ATTR_RDONLY if read_only else 0))
    finally:
        os.close(context)


def stage(source: str, *, read_only: bool) -> Staged:
    """Make a detached FUSE mount for a worker.

    Raises MountdError ``fuse-missing`` when /dev/fuse cannot be opened and ``host-refused`` for all else.
    """
    fuse_fd = _open_fuse()
    try:
        mount_fd = _fuse_mount(fuse_fd, source, paths.FUSE_SUBTYPE, read_only=read_only)
    except OSError as error:
        os.close(fuse_fd)
        raise MountdError("host-refused", str(error.strerror)) from error
    who = syscalls.identify(mount_fd)
    return Staged(fuse_fd, mount_fd, who.mount_id, who.minor)


@contextlib.contextmanager
def _closing(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open_fuse() -> int:
    try:
        return os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise MountdError("fuse-missing", str(error.strerror)) from error


def _dead_fuse(name: str) -> int:
    """A FUSE mount whose server's end is closed: every call gets ENOTCONN at once, root's too."""
    with _closing(_open_fuse()) as fuse_fd:
        return _fuse_mount(fuse_fd, f"{paths.GUARD_SOURCE}:{name}", paths.GUARD_SOURCE, read_only=True)


def _empty_tmpfs(name: str) -> int:
    with _closing(syscalls.fsopen("tmpfs")) as context:
        for key, value in (("source", f"{paths.GUARD_SOURCE}:{name}"), ("mode", "0555"), ("size", "4k")):
            syscalls.fsconfig_string(context, key, value)
        return syscalls.fsmount(context, _ATTRIBUTES | syscalls.MOUNT_ATTR_RDONLY)


_GUARDS = {Kind.ERROR_GUARD: _dead_fuse, Kind.EMPTY_GUARD: _empty_tmpfs}


def swap_in(mount_fd: int, folder: str, layers: Sequence[Layer], *, beneath: bool) -> None:
    """Bring a detached mount to a folder, in the same instant as the uppermost of ``layers`` goes.

    With ``beneath`` there is no moment without one of the two. On older kernels a mount made for a worker goes
    first, and callers in between meet what lies below it: the guard, which therefore stays there for good.
    Raises MountdError ``host-refused``.
    """
    try:
        if layers and beneath and _slipped_beneath(mount_fd, folder):
            syscalls.umount_lazy(folder)
            return
        if layers and layers[0].kind in (Kind.LIVE, Kind.WAITING):
            syscalls.umount_lazy(folder)
        syscalls.move_mount(mount_fd, folder)
    except OSError as error:
        raise MountdError("host-refused", str(error.strerror)) from error


def _slipped_beneath(mount_fd: int, folder: str) -> bool:
    """False where the kernel refuses for this folder (a parent's propagation would cover it): use the other way."""
    try:
        syscalls.move_mount(mount_fd, folder, beneath=True)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return False
        raise
    return True


def place_guard(name: str, folder: str, kind: Kind, layers: Sequence[Layer], *, beneath: bool) -> None:
    """Have a guard on the folder in place of the uppermost of ``layers``. Raises MountdError ``host-refused``."""
    if len(layers) > 1 and layers[1].kind is kind:
        detach(folder)
        return
    try:
        mount_fd = _GUARDS[kind](name)
    except OSError as error:
        raise MountdError("host-refused", str(error.strerror)) from error
    with _closing(mount_fd):
        swap_in(mount_fd, folder, layers, beneath=beneath)


def detach(folder: str) -> None:
    """Take the topmost mount off the folder lazily: open files live on until closed. Raises ``host-refused``."""
    try:
        syscalls.umount_lazy(folder)
    except OSError as error:
        raise MountdError("host-refused", str(error.strerror)) from error

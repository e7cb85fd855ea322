"""Checks of the machine itself: the worker's program, the kernel, the clock, room on its disks."""

import errno
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from mountd.core.findings import Finding, Level, ok, skipped
from mountd.system import fuse as fuse_mounts
from mountd.system.host.asked import Asked
from mountd.words import paths
from mountd.words.options import OLDEST, parse_version, version_text

_RUN_LIMIT = 5.0
_FUSE = Path("/dev/fuse")
_MOUNT_API = (5, 2)
"""fsopen(2), fsmount(2), move_mount(2)."""
_LEAST_ROOM = 16 << 20
_NEAR = 0.9
_RELEASE = "https://s3.amazonaws.com/mountpoint-s3-release"
_FINGERPRINT = "673F E406 1506 BB46 9A0E F857 BE39 7A52 B086 DA5A"
"""AWS, Amazon S3 User Guide, "Verifying the signature of the Mountpoint for Amazon S3 package"."""


def _install() -> str:
    """How AWS's package is installed, its signature checked."""
    machine = {"aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    return "\n".join((
        f"cd /tmp; r={_RELEASE}",
        f"wget $r/latest/{machine}/mount-s3.deb{{,.asc}} $r/public_keys/KEYS",
        "gpg --import KEYS && gpg --fingerprint mountpoint-s3@amazon.com",
        f"# must say {_FINGERPRINT}",
        "gpg --verify mount-s3.deb.asc mount-s3.deb &&",
        "    sudo apt install ./mount-s3.deb"))


def worker(_asked: Asked) -> Iterator[Finding]:
    """Is there a mount-s3 that can be supervised?"""
    name = "mount-s3"
    found = next((path for path in paths.WORKERS if os.path.exists(path)), "")
    if not found:
        yield Finding(name, Level.BAD, "not installed", _install())
        return
    said = _run(found, "--version")
    try:
        version = parse_version(said or "")
    except ValueError:
        yield Finding(name, Level.BAD, f"{found} --version does not answer with a version", _install())
        return
    if version < OLDEST:
        yield Finding(name, Level.BAD, f"{said} is too old; {version_text(OLDEST)} is the oldest that can be "
                      "supervised", _install())
    else:
        yield ok(name, f"{said} ({found})")


def _run(*words: str) -> str | None:
    """What a program prints, None when it fails or takes too long."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_RUN_LIMIT, check=True,
                              stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def fuse(_asked: Asked) -> Iterator[Finding]:
    """Can a FUSE file system be made?"""
    try:
        os.close(os.open(_FUSE, os.O_RDWR | os.O_CLOEXEC))
        yield ok("/dev/fuse", "can be opened")
    except OSError as error:
        if error.errno == errno.EACCES and os.geteuid():
            yield skipped("/dev/fuse", "not for you to open; s3mountd does so as root")
            return
        fix = "run: modprobe fuse; in a container: give it --device /dev/fuse"
        yield Finding("/dev/fuse", Level.BAD, f"cannot be opened: {error.strerror}", fix)


def kernel(_asked: Asked, release: str = "") -> Iterator[Finding]:
    """Does the kernel have what mounting by descriptor needs?"""
    release = release or os.uname().release
    numbers = tuple(map(int, [*re.findall(r"\d+", release), "0", "0"][:2]))
    if numbers < _MOUNT_API:
        yield Finding("kernel", Level.BAD, f"{release} has no fsopen and move_mount, which came with 5.2",
                      "install a newer kernel (Debian 12 has 6.1)")
    elif fuse_mounts.kernel_has_beneath(release):
        yield ok("kernel", f"{release}: a new mount is slipped in beneath the old one")
    else:
        yield ok("kernel", f"{release}: a guard shows for a moment when a mount is exchanged (not from 6.5 on)")


def clock(_asked: Asked) -> Iterator[Finding]:
    """Is the clock kept in step? S3 refuses requests of a clock that is off by minutes."""
    said = _run("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if said is None:
        yield skipped("clock", "timedatectl does not say; per mount it is compared with the store's")
    elif said == "yes":
        yield ok("clock", "kept in step by a time server")
    else:
        yield Finding("clock", Level.WARNING, "no time server keeps it in step",
                      "run: timedatectl set-ntp true; see: timedatectl timesync-status")


def room(asked: Asked) -> Iterator[Finding]:
    """Is there room where s3mountd keeps what it must remember, and for the caches?"""
    tight = []
    for place in (str(paths.RUN), str(paths.STATE), *(one.cache for one in asked.mounts if one.cache)):
        try:
            free = os.statvfs(place)
        except OSError:
            continue
        # Root's reserve counts: the daemon is root.
        if free.f_bfree * free.f_frsize < _LEAST_ROOM or (free.f_files and free.f_ffree < 100):
            tight.append(place)
    if tight:
        yield Finding("room", Level.BAD, f"no room left on the disk of {', '.join(tight)}", "make room; see: df -h")
    else:
        yield ok("room", "on the disks that s3mountd writes to")


def limits(asked: Asked, proc: Path = Path("/proc")) -> Iterator[Finding]:
    """Are the kernel's tables of open files and of mounts far from full?"""
    used, _, most = map(int, (proc / "sys/fs/file-nr").read_text("ascii").split())
    mounted = len((proc / "self/mountinfo").read_text("utf-8", "surrogateescape").splitlines())
    most_mounts = int((proc / "sys/fs/mount-max").read_text("ascii"))
    near = [f"{what}: {count} of {bound}" for what, count, bound in (
        ("open files", used, most), ("mounts", mounted + len(asked.mounts), most_mounts)) if count > _NEAR * bound]
    if near:
        yield Finding("limits", Level.WARNING, "; ".join(near), "raise fs.file-max or fs.mount-max; see: man sysctl.d")
    else:
        yield ok("limits", f"{used} files open, {mounted} mounts: far from what the kernel allows")


def haproxy(asked: Asked) -> Iterator[Finding]:
    """haproxy stands between a writable mount and a store that takes a rename for something else."""
    there = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    needing = [one.name for one in asked.mounts if one.needs_front and not one.read_only]
    if there:
        yield ok("haproxy", there)
    elif needing:
        yield skipped("haproxy", f"not installed; it keeps mv from emptying files of {', '.join(needing)} "
                      "(apt install haproxy; see: s3mountctl explain mv)")
    else:
        yield skipped("haproxy", "not installed, and not needed")

"""The configuration's files, read only when nobody but root can have written them, and what they are held against."""

import functools
import grp
import importlib.util
import json
import os
import pwd
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from mountd.core.config.facts import Facts, Program, Source
from mountd.system import mounts
from mountd.words.model import Place, Problem
from mountd.words.options import Version

_LOCAL_TYPES = frozenset({
    "bcachefs", "btrfs", "devtmpfs", "erofs", "exfat", "ext2", "ext3", "ext4", "f2fs", "iso9660", "jfs", "overlay",
    "ramfs", "reiserfs", "rootfs", "squashfs", "tmpfs", "vfat", "xfs", "zfs",
})
"""File systems that answer without asking a server or another process."""
_OTHERS = stat.S_IWGRP | stat.S_IWOTH
"""Whoever but the owner can write."""
_MOST_LINKS = 40
"""As many symbolic links as the kernel follows (path_resolution(7))."""


def collect(config: Path, dropins: Path, owner_uid: int = 0) -> tuple[list[Source], list[Problem]]:
    """The main file, then the drop-ins (``*.toml``) by name. A missing main file is an empty one.

    What could have been written by anybody but ``owner_uid`` or root is not read; the problem names the command
    that mends it.
    """
    sources: list[Source] = []
    problems: list[Problem] = []
    for path in (config, *files_of(dropins, problems)):
        collect_one(path, owner_uid, sources, problems)
    if not any(source.path == str(config) for source in sources) and not config.exists():
        sources.insert(0, Source(str(config), ""))
    return sources, list(dict.fromkeys(problems))


def files_of(folder: Path, problems: list[Problem]) -> list[Path]:
    """The files ``*.toml`` of a folder by name, none where it is missing; that it cannot be read is a problem."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".toml") and not name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        problems.append(Problem(Place(str(folder), 0), "", f"cannot be read: {error.strerror}"))
        return []
    return [folder / name for name in names]


def collect_one(path: Path, owner_uid: int, sources: list[Source], problems: list[Problem]) -> None:
    """Add a file to the sources, or what is wrong with it to the problems; one that is not there is neither."""
    try:
        # Not blocking, or a FIFO would hold up whoever opens it.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        if path.is_symlink():
            problems.append(_problem(path, "is a link that leads nowhere", f"rm {path}"))
        return
    except OSError as error:
        problems.append(_problem(path, f"cannot be read: {error.strerror}", ""))
        return
    try:
        faults = [*_file_faults(path, os.fstat(descriptor), owner_uid), *_parent_faults(path, owner_uid)]
        problems += faults
        if not faults:
            open_to_all = bool(os.fstat(descriptor).st_mode & stat.S_IROTH)
            sources.append(Source(str(path), _content(descriptor).decode("utf-8"), open_to_all))
    except OSError as error:
        problems.append(_problem(path, f"cannot be read: {error.strerror}", ""))
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problems.append(Problem(Place(str(path), line), "", "is not UTF-8", "save it as UTF-8"))
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> bytes:
    with open(descriptor, "rb", closefd=False) as file:
        return file.read()


def _problem(path: Path, text: str, command: str) -> Problem:
    return Problem(Place(str(path), 0), "", text, f"run: {command}" if command else "")


def _file_faults(path: Path, found: os.stat_result, owner_uid: int) -> Iterator[Problem]:
    if not stat.S_ISREG(found.st_mode):
        yield _problem(path, "is not a regular file", "")
        return
    if found.st_uid not in {0, owner_uid}:
        yield _problem(path, f"belongs to {_user_name(found.st_uid)}, not to root", f"chown root: {path}")
    yield from _mode_faults(path, found, _OTHERS)


def _mode_faults(path: Path, found: os.stat_result, bits: int) -> Iterator[Problem]:
    who = {stat.S_IWGRP: "its group", stat.S_IWOTH: "everybody", stat.S_IWGRP | stat.S_IWOTH: "everybody"}
    loose = found.st_mode & bits
    if loose:
        yield _problem(path, f"can be written by {who[loose]}", f"chmod go-w {path}")


def _parent_faults(path: Path, owner_uid: int, bits: int = _OTHERS) -> Iterator[Problem]:
    """Whoever can write a folder above can put another file in place of this one; ``bits`` is who must not."""
    real = Path(os.path.realpath(path))
    for parent in dict.fromkeys([*path.absolute().parents, *real.parents]):
        found = parent.stat()
        # In a sticky folder (/tmp) others cannot replace what is not theirs, but they can add drop-ins.
        if found.st_mode & stat.S_ISVTX and parent not in {path.absolute().parent, real.parent}:
            continue
        if found.st_uid not in {0, owner_uid}:
            yield _problem(parent, f"belongs to {_user_name(found.st_uid)}, not to root", f"chown root: {parent}")
        yield from _mode_faults(parent, found, bits)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def host_facts(worker_version: Version | None) -> Facts:
    """What this machine says about regions, users and folders."""
    return Facts(
        regions=regions(), user_exists=_user_exists, group_exists=_group_exists, home_of=_home_of,
        resolve_folder=resolve_folder, has_link=has_link, worker_version=worker_version,
        users=_names_in(Path("/etc/passwd")), groups=_names_in(Path("/etc/group")), program=program,
    )


@functools.cache
def regions() -> frozenset[str]:
    """The regions that boto3's own list has, read as a data file: importing botocore would cost 20 MB.

    Empty when botocore is not there or has moved its list.
    """
    spec = importlib.util.find_spec("botocore")
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        return frozenset()
    try:
        listed = json.loads((Path(folders[0]) / "data" / "endpoints.json").read_text("utf-8"))
        return frozenset(name for partition in listed["partitions"] for name in partition["regions"])
    except (OSError, ValueError, KeyError):
        return frozenset()


def _names_in(path: Path) -> frozenset[str]:
    """Local names, for suggestions; a directory service is never asked for all of its users."""
    try:
        return frozenset(line.partition(":")[0] for line in path.read_text("utf-8", "replace").splitlines() if line)
    except OSError:
        return frozenset()


def _user_exists(name: str) -> bool:
    return _home_of(name) is not None


def _group_exists(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except (KeyError, ValueError):
        return False
    return True


def _home_of(name: str) -> str | None:
    try:
        return pwd.getpwnam(name).pw_dir
    except (KeyError, ValueError):
        return None


def program(path: str, owner_uid: int = 0, table: Path = mounts.MOUNTINFO) -> Program:
    """How fit a program is to be run by the daemon, without touching a file system that could fail to answer."""
    real = Path(resolve_folder(path, table))
    if _silent(table) & {str(parent) for parent in (real, *real.parents)}:
        return Program(f"{path} lies on a file system that may fail to answer", hint="put it in /usr/local/bin")
    try:
        found = real.stat()
    except OSError as error:
        return Program(remark=f"{path} cannot be run: {error.strerror}")
    faults = [*_file_faults(real, found, owner_uid), *_parent_faults(real, owner_uid, stat.S_IWOTH)]
    if faults:
        return Program(f"{faults[0].place} {faults[0].text}", hint=faults[0].hint)
    if not found.st_mode & stat.S_IXOTH:
        return Program(remark=f"{path} cannot be run by everybody", hint=f"run: chmod 755 {path}")
    return Program()


def _silent(table: Path) -> set[str]:
    """The folders beneath which nothing may be asked."""
    entries = mounts.parse(table.read_text("utf-8", "surrogateescape"))
    return {entry.path for entry in entries if entry.fstype not in _LOCAL_TYPES}


def resolve_folder(folder: str, table: Path = mounts.MOUNTINFO) -> str:
    """A path without symbolic links. A loop of links gives the path as it was written.

    A link that belongs to a user is followed only to what is that user's too: else whoever owns a folder on the way
    could have root mount on any other. No file system is asked that could fail to answer: from a mount of another kind
    than the local ones on (FUSE, NFS, the empty guard of a bucket) the rest is taken as it is written.
    """
    silent = _silent(table)
    owners: set[int] = set()

    def link(path: str) -> str | None:
        target = None if path in silent else _link(path)
        if target:
            owners.add(os.lstat(path).st_uid)
        return target

    found = _resolve(folder, link)
    owner = _owner(found, silent)
    return found if owner is None or owners <= {0, owner} else folder


def has_link(path: str, table: Path = mounts.MOUNTINFO) -> bool:
    """Is there a symbolic link in a path, as far as its file systems may be asked?"""
    silent, here = _silent(table), ""
    for part in filter(None, path.split("/")):
        here += f"/{part}"
        if here in silent:
            return False
        if _link(here):
            return True
    return False


def _owner(path: str, silent: set[str]) -> int | None:
    """Whose the path is, as far down as it is there; None where nothing may be asked."""
    uid, here = 0, ""
    for part in filter(None, path.split("/")):
        here += f"/{part}"
        if here in silent:
            return None
        try:
            uid = os.lstat(here).st_uid
        except OSError:
            break
    return uid


def _resolve(folder: str, link: Callable[[str], str | None]) -> str:
    """Follow links; ``link`` gives a link's target, "" for what is no link, None where nothing may be asked."""
    rest = [part for part in reversed(folder.split("/")) if part]
    path, links = "", 0
    while rest:
        part = rest.pop()
        if part in {".", ".."}:
            path = path.rpartition("/")[0] if part == ".." else path
            continue
        target = link(f"{path}/{part}")
        if target is None:
            return "/".join([path, part, *reversed(rest)])
        if target:
            links += 1
            if links > _MOST_LINKS:
                return folder
            path = "" if target.startswith("/") else path
            rest += [step for step in reversed(target.split("/")) if step]
        else:
            path = f"{path}/{part}"
    return path or "/"


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""

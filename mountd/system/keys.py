"""Whose AWS files a mount uses, and a copy of them that only root and systemd can read. Runs in the helper.

The files are a user's own: they are opened without following a link and must belong to that user, or a mount could be
made to use somebody else's keys.
"""

import contextlib
import os
import pwd
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mountd.core.units.worker import KeyFiles, file_name
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.model import Credentials

_FILES = ("credentials", "config")
CA = "ca_bundle"
_LIMIT = 1 << 20
"""Bytes of a credentials file; systemd takes no larger credential (systemd.exec(5), LoadCredential)."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@contextlib.contextmanager
def _closing(descriptor: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class _Home:
    owner: pwd.struct_passwd

    def read(self, name: str) -> bytes | None:
        """A file of ``~/.aws``, or None when there is none. Raises MountdError ``no-credentials``."""
        folder = Path(self.owner.pw_dir) / ".aws"
        path = folder / name
        owners = {self.owner.pw_uid}
        try:
            try:
                opened = os.open(folder, _FOLDER | os.O_NOFOLLOW)
                owners.add(0)
            except OSError:
                # Through a link of the user's own making only the user's own files count, or it could lead to root's.
                opened = os.open(folder, _FOLDER)
            with _closing(opened):
                descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=opened)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise MountdError("no-credentials", f"{path}: {error.strerror}") from error
        with _closing(descriptor):
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                raise MountdError("no-credentials", f"{path} is not a file")
            if facts.st_uid not in owners:
                raise MountdError("no-credentials", f"{path} does not belong to {self.owner.pw_name}")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(_LIMIT)


def _homes(wanted: Credentials, folder_uid: int) -> list[_Home]:
    try:
        if wanted.user:
            user = wanted.user
            return [_Home(pwd.getpwuid(int(user)) if user.isdigit() else pwd.getpwnam(user))]
        owner = [_Home(pwd.getpwuid(folder_uid))] if folder_uid else []
    except KeyError:
        if wanted.user:
            raise MountdError("no-credentials", f"there is no user {wanted.user}") from None
        owner = []
    # For the command line of somebody else root's are not there.
    return [*owner, *([_Home(pwd.getpwuid(0))] if os.geteuid() == 0 else [])]


def _write(directory: Path, name: str, content: bytes) -> None:
    """Whoever opens the file has the old or the new one, whole. The same content needs no room on a full disk."""
    target, fresh = directory / name, directory / f"{name}.new"
    with contextlib.suppress(FileNotFoundError):
        if target.read_bytes() == content:
            return
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        fresh.replace(target)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(target)) from error


def _store(directory: Path, contents: Mapping[str, bytes]) -> None:
    for name in set(_FILES) - set(contents):
        (directory / name).unlink(missing_ok=True)
    for name, content in contents.items():
        _write(directory, name, content)


def keep_ca(mount_name: str, path: str) -> None:
    """Copy a mount's CA bundle to its keys, "" for none. Its diagnosis is given this copy, for opening the file itself
    may block. Raises OSError."""
    directory = paths.KEYS / file_name(mount_name)
    if path:
        with open(path, "rb") as file:
            _write(directory, CA, file.read(_LIMIT))
    else:
        (directory / CA).unlink(missing_ok=True)


@dataclass(frozen=True)
class Found:
    """Key files as they were read, by name, and where they come from."""

    source: str = ""
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def look(wanted: Credentials, folder_uid: int) -> Found:
    """The key files that count: without any named those of the folder's owner, then root's, then the machine's role (no
    files at all). Raises MountdError ``no-credentials`` and ``profile-missing``."""
    if wanted.anonymous:
        return Found("anonymous")
    for home in _homes(wanted, folder_uid):
        contents = {name: content for name in _FILES if (content := home.read(name)) is not None}
        if contents:
            source = f"{home.owner.pw_name}: ~/.aws, profile {wanted.profile or 'default'}"
            if wanted.profile and not any(_has_profile(content, wanted.profile) for content in contents.values()):
                raise MountdError("profile-missing", source)
            return Found(source, contents)
    if wanted.user or wanted.profile:
        raise MountdError("no-credentials", f"{wanted.user or 'the folder owner'} has no ~/.aws/credentials")
    return Found()


def find(mount_name: str, wanted: Credentials, folder_uid: int) -> KeyFiles:
    """The key files for a mount, copied below ``paths.KEYS``. Raises what ``look`` raises."""
    directory, found = paths.KEYS / file_name(mount_name), look(wanted, folder_uid)
    _store(directory, found.contents)
    copies = {name: str(directory / name) for name in found.contents}
    return KeyFiles(copies.get("credentials", ""), copies.get("config", ""), found.source or KeyFiles.source)


def _has_profile(content: bytes, profile: str) -> bool:
    """Profiles stand as ``[name]`` in credentials and as ``[profile name]`` in config (AWS CLI documentation)."""
    heads = {line.strip() for line in content.decode("utf-8", "replace").splitlines()}
    return f"[{profile}]" in heads or f"[profile {profile}]" in heads


def opened(mount_name: str) -> dict[str, int]:
    """Descriptors of the copies that there are, by ``credentials``, ``config`` and ``ca_bundle``; the caller closes
    them. On /run, so that the daemon itself may do it."""
    directory, found = paths.KEYS / file_name(mount_name), dict[str, int]()
    for name in (*_FILES, CA):
        with contextlib.suppress(FileNotFoundError):
            found[name] = os.open(directory / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    return found


def forget(mount_name: str) -> None:
    """Remove the copies of a mount that is no more."""
    shutil.rmtree(paths.KEYS / file_name(mount_name), ignore_errors=True)

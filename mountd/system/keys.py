"""Whose AWS files a mount uses, and a copy of them that only root and systemd can read. Runs in the helper.

The files are a user's own: they are opened without following a link and must belong to that user, or a mount could be
made to use somebody else's keys.
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mountd.core import profiles, secret_text
from mountd.core.units.worker import KeyFiles, file_name
from mountd.system import own_file
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.model import Credentials

_FILES = ("credentials", "config")
_UNSEAL_LIMIT = 10.0
CA, _DIGEST = "ca_bundle", "digest"
_STORES = tuple(Path(top) / f"credstore{kind}" for kind in (".encrypted", "") for top in ("/etc", "/run", "/usr/lib"))
"""Where systemd looks for what LoadCredentialEncrypted= names (systemd.exec(5), 252)."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True)
class _Home:
    owner: pwd.struct_passwd
    own: bool = False
    """Must the files be the user's own, and not root's?"""

    def read(self, name: str) -> bytes | None:
        """A file of ``~/.aws``, or None when there is none. Raises MountdError ``no-credentials``."""
        folder = Path(self.owner.pw_dir) / ".aws"
        path = folder / name
        owners = {self.owner.pw_uid}
        try:
            try:
                opened = os.open(folder, _FOLDER | os.O_NOFOLLOW)
                owners |= set() if self.own else {0}
            except OSError:
                # Through a link of the user's own making only the user's own files count, or it could lead to root's.
                opened = os.open(folder, _FOLDER)
            with own_file.closing(opened):
                descriptor = own_file.opened_at(opened, name)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise MountdError("no-credentials", f"{path}: {error.strerror}") from error
        with own_file.closing(descriptor):
            return own_file.content(descriptor, path, owners, self.owner.pw_name)


def _homes(wanted: Credentials, folder_uid: int) -> list[_Home]:
    try:
        if wanted.user:
            user = wanted.user
            return [_Home(pwd.getpwuid(int(user)) if user.isdigit() else pwd.getpwnam(user), wanted.own)]
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
            _write(directory, CA, file.read(own_file.LIMIT))
    else:
        (directory / CA).unlink(missing_ok=True)


@dataclass(frozen=True)
class Found:
    """Key files as they were read, by name, and where they come from."""

    source: str = ""
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    credential: str = ""
    """Name of a credential that only systemd opens."""
    start: str = "files"
    """How keys are got (``system.resolve``): from these files, in a way that only their user can go, or elsewhere."""
    user: str = ""
    home: str = ""
    """Of the user whose files they are."""

    beside: str = ""
    """What else says that other keys are to be had: when the user's SSO session was last renewed."""

    @property
    def digest(self) -> str:
        """Tells whether these are the same as others."""
        parts = [*(part for name in sorted(self.contents) for part in (name.encode(), self.contents[name])),
                 self.credential.encode(), self.beside.encode()]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()[:32]

    @property
    def expires(self) -> bool:
        """Do the keys come to an end, and others after them?"""
        return self.start != "files"


def look(wanted: Credentials, folder_uid: int) -> Found:
    """The key files that count: without any named those of the folder's owner, then root's, then the machine's role (no
    files at all). Raises MountdError ``no-credentials``, ``profile-missing`` and ``secret-missing``."""
    plain = _named(wanted)
    if plain is not None:
        return plain
    for home in _homes(wanted, folder_uid):
        contents = {name: content for name in _FILES if (content := home.read(name)) is not None}
        if contents:
            return _of_home(home.owner, contents, wanted.profile)
    if wanted.user or wanted.profile:
        raise MountdError("no-credentials", f"{wanted.user or 'the folder owner'} has no ~/.aws/credentials")
    return Found()


def _named(wanted: Credentials) -> Found | None:
    """What is no user's ``~/.aws``."""
    if wanted.anonymous:
        return Found("anonymous")
    if wanted.web_identity:
        return Found(f"token in {wanted.web_identity}", start="web-identity")
    if wanted.role:
        return Found("role of this machine", start="instance")
    if wanted.s3cfg:
        section = wanted.section or "default"
        owner = _homes(wanted, 0)[0].owner if wanted.own else None
        text = _of_s3cfg(Path(wanted.s3cfg), section, owner)
        return Found(f"{wanted.s3cfg}, section {section}", {"credentials": text.encode()})
    if wanted.systemd_credential:
        path = _stored(wanted.systemd_credential)
        return Found(f"systemd credential {wanted.systemd_credential}", credential=wanted.systemd_credential,
                     beside=str(path.stat().st_mtime_ns))
    return None


def _of_home(owner: pwd.struct_passwd, contents: Mapping[str, bytes], profile: str) -> Found:
    source = f"{owner.pw_name}: ~/.aws, profile {profile or 'default'}"
    if profile and not any(_has_profile(content, profile) for content in contents.values()):
        raise MountdError("profile-missing", source)
    try:
        texts = (contents.get(name, b"").decode("utf-8", "replace") for name in _FILES)
        way = profiles.source(profiles.profiles(*texts), profile or "default")
    except (KeyError, ValueError):
        # The worker finds nothing either, and says so.
        way = None
    start = "files" if way is None or isinstance(way, profiles.Keys) else "user"
    return Found(source, contents, start=start, user=owner.pw_name, home=owner.pw_dir,
                 beside=_sso_cache(owner.pw_dir) if start == "user" else "")


def _sso_cache(home: str) -> str:
    """Names and times of what ``aws sso login`` leaves."""
    found = []
    with contextlib.suppress(OSError):
        found = [f"{one.name} {one.stat(follow_symlinks=False).st_mtime_ns}"
                 for one in os.scandir(Path(home) / ".aws/sso/cache")]
    return "\n".join(sorted(found))


def find(mount_name: str, wanted: Credentials, folder_uid: int, keep: str = "") -> KeyFiles:
    """The key files for a mount, copied below ``paths.KEYS``. Where the copies are those of the digest ``keep``, by
    which the mount serves, they stay: others have to be tried first. Raises what ``look`` and ``unsealed`` raise."""
    directory, found = paths.KEYS / file_name(mount_name), look(wanted, folder_uid)
    start = "instance" if wanted.assume_role and not found.source else found.start
    source = found.source or KeyFiles.source
    delivery = wanted.delivery or ("broker" if found.expires or wanted.assume_role else "file")
    # Who gets keys as the user reads the user's files himself.
    contents = {} if delivery == "broker" and found.expires else found.contents
    if found.credential:
        # The worker gets it from systemd; this copy is for those who ask the store in its stead.
        contents = {"credentials": unsealed(found.credential)}
    digest = keep if keep and _digest_of(directory) == keep else found.digest
    if digest == found.digest:
        if _digest_of(directory) != digest:
            (directory / _DIGEST).unlink(missing_ok=True)
        _store(directory, contents)
        _write(directory, _DIGEST, digest.encode())
    copies = {name: str(directory / name) for name in _FILES if (directory / name).exists()}
    return KeyFiles(
        "" if found.credential else copies.get("credentials", ""), copies.get("config", ""),
        f"{wanted.assume_role} by {source}" if wanted.assume_role else source, found.credential, delivery, start,
        found.user, found.home, digest)


def _digest_of(directory: Path) -> str:
    """Of what the copies are of, empty when there are none."""
    with contextlib.suppress(OSError):
        return (directory / _DIGEST).read_text()
    return ""


def _of_s3cfg(path: Path, section: str, owner: pwd.struct_passwd | None) -> str:
    """The keys of a file of s3cmd, and nothing else of it, as an AWS credentials file; ``owner`` must have it."""
    try:
        text = own_file.read(path, owner).decode("utf-8", "replace")
        return secret_text.aws_text(secret_text.of_section(text, section))
    except KeyError as error:
        raise MountdError("profile-missing", f"{path}, section {section}") from error
    except ValueError as error:
        raise MountdError("no-credentials", f"{path}: {error}") from error


def _stored(name: str) -> Path:
    """Where systemd will find the credential. Raises MountdError ``secret-missing``."""
    for store in _STORES:
        if (store / name).is_file():
            return store / name
    raise MountdError("secret-missing", name)


def unsealed(name: str) -> bytes:
    """What a credential of systemd holds; for root, where no unit can be given it. Raises MountdError
    ``secret-unreadable``."""
    path = _stored(name)
    if not path.parent.name.endswith(".encrypted"):
        return path.read_bytes()
    command = ["systemd-creds", "decrypt", f"--name={name}", str(path), "-"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_UNSEAL_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        raise MountdError("secret-unreadable", f"{path}: systemd-creds does not answer") from None
    if done.returncode:
        raise MountdError("secret-unreadable", str(path))
    return done.stdout


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

"""Checks of where keys lie: in files that others can read, in git work trees, in shell settings, in the configuration.

What is found is named by file and line, and never shown.
"""

import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from mountd.core import key_patterns
from mountd.core.findings import Finding, Level, ok
from mountd.system import configfiles
from mountd.system.host.asked import Asked
from mountd.words import paths

_HOLDERS = (".aws/credentials", ".aws/config", ".s3cfg", ".passwd-s3fs", ".config/rclone/rclone.conf")
"""Files of a home that hold keys."""
_SHELLS = (".bashrc", ".bash_profile", ".bash_login", ".profile", ".zshrc", ".zshenv", ".zprofile", ".envrc")
_SYSTEM = ("/etc/environment", "/etc/profile", "/etc/bash.bashrc", "/etc/fstab")
_LOOSE = stat.S_IRGRP | stat.S_IROTH
_LIMIT = 1 << 20


def files(asked: Asked) -> Iterator[Finding]:
    """Who can read the files that hold keys, and might they be published?"""
    name, fine = "credential files", True
    for path in holders(asked):
        facts = path.stat()
        if facts.st_mode & _LOOSE and _has_key(path):
            fine = False
            yield Finding(name, Level.WARNING, f"{path} holds keys and can be read by others (mode "
                          f"{stat.S_IMODE(facts.st_mode):04o})", f"chmod 600 {path}")
        tree = _git_tree(path)
        if tree:
            fine = False
            yield Finding(name, Level.WARNING, f"{path} lies in the git work tree {tree}: one push publishes it",
                          f"move it, or see that {tree}/.gitignore names it and no commit has it")
    if fine:
        yield ok(name, "those that were found can be read by their owners alone")


def strays(asked: Asked) -> Iterator[Finding]:
    """Keys where programs, backups and other people pick them up."""
    name, fine = "stray keys", True
    for path in (*_settings(asked), *_configuration()):
        lines = key_patterns.lines_with_keys(text(path))
        if lines:
            fine = False
            where = ", ".join(f"{path}:{line}" for line in lines[:3])
            yield Finding(name, Level.WARNING, f"a key stands in {where}",
                          "put it into ~/.aws/credentials (aws configure), take it out there, and make a new one")
    if fine:
        yield ok(name, "none in shell settings and in the configuration")


def homes(asked: Asked) -> list[Path]:
    """Those of root, of who asks, and of whom mounts or their folders belong to. No folder of a mount is touched."""
    uids = {0, asked.uid}
    for one in asked.mounts:
        if one.user:
            uids |= {entry.pw_uid for entry in pwd.getpwall() if one.user in (entry.pw_name, str(entry.pw_uid))}
    known = {entry.pw_uid: Path(entry.pw_dir) for entry in pwd.getpwall()}
    found = [known[uid] for uid in sorted(uids) if uid in known]
    around = (home for home in known.values() if any(one.folder.startswith(f"{home}/") for one in asked.mounts))
    return list(dict.fromkeys([*found, *(home for home in around if home != Path("/"))]))


def holders(asked: Asked) -> Iterable[Path]:
    """The files that hold keys, of all these homes, as far as they can be read."""
    named = [Path(one.s3cfg) for one in asked.mounts if one.s3cfg]
    return _there(dict.fromkeys([*(home / name for home in homes(asked) for name in _HOLDERS), *named]))


def _settings(asked: Asked) -> Iterable[Path]:
    profile = Path("/etc/profile.d")
    more = sorted(profile.iterdir()) if profile.is_dir() else []
    return _there([*(home / name for home in homes(asked) for name in _SHELLS), *map(Path, _SYSTEM), *more])


def _configuration() -> Iterable[Path]:
    return [Path(source.path) for source in configfiles.collect(paths.CONFIG, paths.DROPINS)[0]]


def _there(found: Iterable[Path]) -> Iterator[Path]:
    for path in found:
        try:
            if path.is_file() and os.access(path, os.R_OK):
                yield path
        except OSError:
            continue


def _has_key(path: Path) -> bool:
    return bool(key_patterns.lines_with_keys(text(path)))


def _git_tree(path: Path) -> Path | None:
    """The work tree in which a file lies; a link is followed, for what it leads to is what is published."""
    real = Path(os.path.realpath(path))
    return next((parent for parent in real.parents if (parent / ".git").exists()), None)


def text(path: Path) -> str:
    """What is written there, nothing for what cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_LIMIT).decode("utf-8", "replace")
    except OSError:
        return ""

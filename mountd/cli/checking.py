"""Configuration files against the rules, without the daemon: what ``s3mountctl check`` finds."""

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mountd.cli.reads import nearest
from mountd.core.config import reading as config
from mountd.core.config import users
from mountd.core.config.facts import Findings
from mountd.core.verdict import Exit
from mountd.system import configfiles, userlists
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.model import Mount, Place, Problem
from mountd.words.options import Version


@dataclass(frozen=True)
class Found:
    """Everything that is to be said; ``mounts`` are those of a configuration without faults."""

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    mounts: tuple[Mount, ...] = ()
    users: tuple[Mount, ...] = ()
    """Those of users, on lists that nobody but the daemon writes."""

    @property
    def all(self) -> tuple[Mount, ...]:
        """Everybody's mounts."""
        return (*self.mounts, *self.users)

    @property
    def status(self) -> Exit:
        """Faults keep a file from being read; warnings keep a mount from working as meant."""
        if self.problems:
            return Exit.DOWN
        return Exit.DEGRADED if self.warnings else Exit.WELL

    def as_document(self) -> dict[str, Any]:
        """For a machine."""
        said = {key: [asdict(one) for one in getattr(self, key)] for key in ("problems", "warnings", "notes")}
        return {**said, "mounts": [mount.name for mount in self.mounts]}


def check(files: Sequence[str], worker_version: Version | None, drafts: Mapping[str, str] | None = None) -> Found:
    """Read the installed configuration as the daemon does, or the named files, which may be anybody's.

    ``drafts`` are texts by path that count instead of those files, or as the last ones where there are none.
    """
    if files:
        sources, problems = _named(files)
    else:
        sources, problems = configfiles.collect(paths.CONFIG, paths.DROPINS)
    facts = configfiles.host_facts(worker_version)
    try:
        desired = config.read(_with_drafts(sources, drafts or {}), facts)
    except config.ConfigError as error:
        return Found((*problems, *error.problems))
    allowed = desired.daemon.allow_users and not files
    of_users = users.read(userlists.collect(paths.USERS)[0], desired.mounts, facts).mounts if allowed else ()
    return Found(tuple(problems), config.warnings(desired, facts), desired.notes, desired.mounts, of_users)


def own(login: str, text: str, worker_version: Version | None) -> Found:
    """A user's mount as the daemon would take it, but for what else is mounted here."""
    place, findings = paths.USERS / f"{login}.toml", Findings()
    mounts = users.of_list(users.UserList(login, config.Source(str(place), text)),
                           configfiles.host_facts(worker_version), findings)
    return Found(tuple(findings.problems), mounts=tuple(mounts))


def listed(login: str, name: str) -> str:
    """A user's mount as it stands on the list, where it is called so. Raises ``no-such-mount``."""
    return users.section(userlists.of(paths.USERS, login), name)


def named(name: str, found: Found) -> Mount:
    """The mount of that name. Raises ``no-such-mount``."""
    mount = next((one for one in found.all if one.name == name), None)
    if mount is None:
        close = nearest(name, [one.name for one in found.mounts])
        faults = " (the configuration has faults: s3mountctl check)" if found.problems else ""
        raise MountdError("no-such-mount", f"{name!r}{close}{faults}")
    return mount


def resolved(folder: str) -> str:
    """A folder without symbolic links; no mount is touched."""
    return configfiles.resolve_folder(folder)


def _with_drafts(sources: Sequence[config.Source], drafts: Mapping[str, str]) -> list[config.Source]:
    there = [replace(one, text=drafts.get(one.path, one.text)) for one in sources]
    return there + [config.Source(path, text) for path, text in drafts.items() if path not in {s.path for s in sources}]


def _named(files: Sequence[str]) -> tuple[list[config.Source], list[Problem]]:
    sources, problems = [], []
    for file in dict.fromkeys(files):
        try:
            with Path(file).open(encoding="utf-8") as opened:
                open_to_all = bool(os.fstat(opened.fileno()).st_mode & stat.S_IROTH)
                sources.append(config.Source(file, opened.read(), open_to_all))
        except OSError as error:
            problems.append(Problem(Place(file, 0), "", f"cannot be read: {error.strerror}"))
        except UnicodeDecodeError:
            problems.append(Problem(Place(file, 0), "", "is not UTF-8", "save it as UTF-8"))
    return sources, problems

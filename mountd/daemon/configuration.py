"""Which configuration counts: the files when they are good, else the last that was, with the faults told."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mountd.core import changes
from mountd.core.config import reading as config
from mountd.core.config import users
from mountd.core.config.reading import ConfigError, Facts, Source
from mountd.daemon import state_files
from mountd.system import configfiles, userlists
from mountd.system.small_files import read_json
from mountd.words import paths
from mountd.words.model import Desired, Problem
from mountd.words.options import Version


@dataclass(frozen=True)
class Reading:
    """What the files say now: a configuration, or why not."""

    desired: Desired | None
    problems: tuple[Problem, ...] = ()
    sources: tuple[Source, ...] = ()


class Configuration:
    """Reads the files, remembers the last good text in /var/lib."""

    def __init__(self, file: Path = paths.CONFIG, dropins: Path = paths.DROPINS) -> None:
        self._file, self._dropins = file, dropins
        self.desired = Desired()
        self.problems: tuple[Problem, ...] = ()
        self.remarks: tuple[Problem, ...] = ()
        """What was accepted and should be known all the same."""
        self.users_problems: tuple[Problem, ...] = ()
        """What is wrong with the lists of users; it concerns nothing else."""

    def read(self, version: Version | None) -> Reading:
        """Look at the files without taking anything on."""
        sources, problems = configfiles.collect(self._file, self._dropins)
        try:
            desired = config.read(sources, configfiles.host_facts(version))
        except ConfigError as error:
            return Reading(None, (*problems, *error.problems))
        return Reading(None, tuple(problems)) if problems else Reading(desired, (), tuple(sources))

    def take(self, version: Version | None) -> bool:
        """Take the files on if they are good; otherwise only their faults. True when they were taken on."""
        reading = self.read(version)
        self.problems = reading.problems
        if reading.desired is None:
            return False
        self.desired = reading.desired
        self.take_users(version)
        state_files.keep(paths.ACCEPTED, [[source.path, source.text] for source in reading.sources])
        return True

    def fall_back(self, version: Version | None) -> None:
        """At a start with faulty files: go on with the configuration that was accepted last."""
        kept = read_json(paths.ACCEPTED)
        try:
            sources = [Source(str(path), str(text)) for path, text in kept]
            # A hook whose program has become unfit since must not take the mounts with it.
            facts = replace(configfiles.host_facts(version), program=Facts.program)
            self.desired = config.read(sources, facts)
        except (TypeError, ValueError, ConfigError):
            self.desired = Desired()
        self.take_users(version)

    def take_users(self, version: Version | None) -> None:
        """Take the lists of users on, beside what the administrator wants."""
        self.desired, self.users_problems = _with_users(self.desired, version)
        self.remarks = (*_remarks(self.desired, version), *self.users_problems)

    def plan(self, version: Version | None) -> dict[str, Any]:
        """The plan document: what taking the files on would change."""
        reading = self.read(version)
        if reading.desired is None:
            return changes.document((), reading.problems, ())
        new, problems = _with_users(reading.desired, version)
        return changes.document(changes.changes(self.desired, new), (), (*_remarks(new, version), *problems))


def _with_users(desired: Desired, version: Version | None) -> tuple[Desired, tuple[Problem, ...]]:
    """A configuration of the administrator's, with those mounts of users that may be beside it, and what may not."""
    administrators = tuple(mount for mount in desired.mounts if not mount.owner)
    if not desired.daemon.allow_users:
        return replace(desired, mounts=administrators), ()
    lists, problems = userlists.collect(paths.USERS)
    found = users.read(lists, administrators, configfiles.host_facts(version))
    return replace(desired, mounts=administrators + found.mounts), (*problems, *found.problems)


def _remarks(desired: Desired, version: Version | None) -> tuple[Problem, ...]:
    """Notes and warnings."""
    return (*desired.notes, *config.warnings(desired, configfiles.host_facts(version)))

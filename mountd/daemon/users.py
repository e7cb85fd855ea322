"""Users who manage mounts of their own (ADR 21): what they may, and their lists.

Who calls is known from the bus alone. What a user may do without polkit is done to mounts of that user and to nothing
else.
"""

import time
from collections.abc import Callable
from typing import Any

import structlog
from gi.repository import GLib

from mountd.core.config import users
from mountd.core.pace import Pace
from mountd.daemon.configuration import Configuration
from mountd.system import configfiles, userlists
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.options import Version

_log: Any = structlog.get_logger()
_AGAIN = 30
"""Seconds between two looks at lists with faults."""


class Users:
    """Changes lists and has them taken on: ``changed()`` is called when the configuration in force is another one."""

    def __init__(self, configuration: Configuration, version: Callable[[], Version | None],
                 changed: Callable[[], None]) -> None:
        self._configuration, self._version, self._changed = configuration, version, changed
        # Each order may start a sandbox and ask a store.
        self._orders, self._lists = Pace(30, 60.0), Pace(60, 3600.0)
        GLib.timeout_add_seconds(_AGAIN, self._again)

    def permits(self, uid: int, name: str, *, on_list: bool) -> bool:
        """Is this a mount of that user's own, or, with ``on_list``, a name on that user's own list? Raises
        ``not-permitted`` for too many orders at once."""
        login, mount = userlists.login_of(uid), self._configuration.desired.mount(name)
        whose = name.partition(".")[0] if on_list else mount.owner if mount is not None else ""
        own = whose == login != ""
        if own and not self._orders.allows(uid, time.monotonic()):
            raise MountdError("not-permitted", "too many orders at once; wait a minute")
        return own

    def add(self, uid: int, text: str) -> str:
        """Put the one ``[[mount]]`` of a TOML text on the list of that user; gives the mount's name. Raises
        ``not-permitted`` and ``config-invalid``."""
        return self._put(userlists.of(paths.USERS, self._allowed(uid)), text, "adds")

    def change(self, uid: int, name: str, text: str) -> str:
        """The same, in the place of one that stands on that list. Raises ``no-such-mount``, too."""
        login = self._allowed(uid)
        whose, _, own = name.partition(".")
        if whose != login:
            raise MountdError("not-permitted", f"{name!r} does not stand on the list of {login}")
        return self._put(users.without(userlists.of(paths.USERS, login), own), text, "changes")

    def _put(self, before: users.UserList, text: str, does: str) -> str:
        lists, _ = userlists.collect(paths.USERS)
        others = [one for one in lists if one.login != before.login]
        administrators = [mount for mount in self._configuration.desired.mounts if not mount.owner]
        after, mount = users.added(before, text, others, administrators, configfiles.host_facts(self._version()))
        userlists.write(after)
        _log.info(f"{mount.name}: {before.login} {does} {mount.source} on {mount.folder}", mount=mount.name)
        self._take_on()
        return mount.name

    def remove(self, name: str) -> None:
        """Take a mount off the list it stands on. Raises ``no-such-mount`` for one that is on none."""
        login, _, own = name.partition(".")
        if not users.is_login(login):
            raise MountdError("no-such-mount", f"{name!r} on a list of users")
        userlists.write(users.without(userlists.of(paths.USERS, login), own))
        _log.info(f"{name}: is removed from the list of {login}", mount=name)
        self._take_on()

    def _allowed(self, uid: int) -> str:
        if uid == 0:
            raise MountdError("not-permitted", f"root's mounts stand in {paths.CONFIG}")
        if not self._configuration.desired.daemon.allow_users:
            raise MountdError("not-permitted", users.HOW_TO_ALLOW)
        login = userlists.login_of(uid)
        if not users.is_login(login):
            raise MountdError("not-permitted", f"the login {login!r} cannot be part of a mount's name")
        if not self._lists.allows(uid, time.monotonic()):
            raise MountdError("not-permitted", "too many changes; wait an hour")
        return login

    def _again(self) -> bool:
        """A directory service that knows a user may come up late, and a user may take a link away."""
        before = self._configuration.desired
        if self._configuration.users_problems:
            self._configuration.take_users(self._version())
            if self._configuration.desired != before:
                self._changed()
        return bool(GLib.SOURCE_CONTINUE)

    def _take_on(self) -> None:
        self._configuration.take_users(self._version())
        self._changed()



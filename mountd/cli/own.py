"""Mounts of the caller's own: kept by the daemon on a list of theirs, where the administrator allows that (ADR 21)."""

import os
import pwd
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace

from mountd.cli import acts, checking, drop_in, outcome, versions
from mountd.cli.console import Console
from mountd.cli.outcome import Goal
from mountd.core.config import users
from mountd.core.verdict import Document, Exit
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.model import Mount


def counts(console: Console) -> bool:
    """Is what the caller adds a mount of their own? Not where that is not allowed, nor while nobody can tell."""
    if os.geteuid() == 0:
        return False
    try:
        return bool(console.client.status()["daemon"].get("allow_users"))
    except MountdError:
        return False


def put(console: Console, args: Namespace, keys: dict[str, object], agreed: Callable[[], bool],
        tried: Callable[[Console, Namespace, Mount], Exit]) -> int:
    """Check and show a mount and, if that is agreed to, have it put on the caller's list and mounted."""
    login = _login()
    text = drop_in.sections([_of(keys, login)])
    found = checking.own(login, text, versions.parsed(versions.worker()))
    if found.problems:
        console.warn(map(users.said, found.problems))
        return Exit.USAGE
    before = console.client.status()
    if not args.dry_run and (refused := tried(console, args, found.mounts[0])):
        return refused
    if not args.json:
        console.say(drop_in.shown(paths.USERS / f"{login}.toml", text))
    if args.dry_run or not agreed():
        return Exit.WELL
    return _ordered(console, args, before, outcome.APPLIED, lambda: console.client.add_mount(text))


def _ordered(console: Console, args: Namespace, before: Document, goal: Goal, order: Callable[[], str]) -> int:
    """Give an order about the caller's list and wait for what comes of it."""
    try:
        name = order()
    except MountdError as error:
        if error.fault.code != "config-invalid":
            raise
        console.warn(error.detail.splitlines())
        return Exit.USAGE
    return Exit.WELL if args.no_wait else acts.await_goals(console, args, {name: goal}, before)


def listed(mount: Mount) -> str:
    """A mount of the caller's own as it stands on the list. Raises ``not-permitted`` for somebody else's."""
    login = _login()
    if mount.owner != login:
        raise MountdError("not-permitted", f"{mount.name} is a mount of {mount.owner}'s own: only {mount.owner} can "
                                           "change it")
    return checking.listed(login, mount.name.partition(".")[2])


def check(mount: Mount, text: str) -> checking.Found:
    """What the rules say of another text for it."""
    return checking.own(mount.owner, text, versions.parsed(versions.worker()))


def change(console: Console, args: Namespace, mount: Mount, text: str) -> int:
    """Have the text put in the place of a mount of the caller's own."""
    before, wanted = console.client.status(), [replace(one, place=mount.place) for one in check(mount, text).mounts]
    goal = outcome.APPLIED if wanted == [mount] else outcome.SWAPPED
    return _ordered(console, args, before, goal, lambda: console.client.change_mount(mount.name, text))


def _login() -> str:
    return pwd.getpwuid(os.geteuid()).pw_name


def _of(keys: dict[str, object], login: str) -> dict[str, object]:
    """The keys as they stand on a list: without what follows from whose it is."""
    credentials = keys.get("credentials")
    kept = {key: value for key, value in credentials.items() if (key, value) != ("user", login)} if isinstance(
        credentials, dict) else credentials
    name = str(keys["name"]).removeprefix(f"{login}.").replace(".", "-")
    return {key: value for key, value in {**keys, "name": name, "credentials": kept}.items() if value not in (None, {})}


def is_listed(name: str) -> bool:
    """Does somebody have a list whom this mount would belong to? It need not be right, and then no status has it."""
    login = name.partition(".")[0]
    return users.is_login(login) and (paths.USERS / f"{login}.toml").exists()


def remove(console: Console, args: Namespace, names: Sequence[str]) -> int:
    """Have mounts taken off the lists they stand on, and unmounted."""
    before, worst, goals = console.client.status(), Exit.WELL, {}
    for name in names:
        try:
            console.client.act("RemoveMount", name)
            goals[name] = outcome.STOPPED
        except MountdError as error:
            worst = max(worst, console.fail(error, name=name))
    if args.no_wait or not goals:
        return worst
    return max(worst, acts.await_goals(console, args, goals, before))

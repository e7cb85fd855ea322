"""What users have mounted by themselves: a list for each, held to a narrow table and to their own homes (ADR 21).

Whatever is wrong with a user's mount costs that mount alone. The administrator's mounts come first: with one of them
no user's mount may have a name or a folder in common.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mountd.core.config import mount as config_mount
from mountd.core.config import reading, rules, toml_cut, toml_text
from mountd.core.config.facts import Facts, Findings, Source
from mountd.core.config.tables import MOUNT_TABLE, Spot, show_key
from mountd.core.config.values import listed, show
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.keys import CREDENTIAL_KEYS, USER_CREDENTIAL_KEYS, USER_KEYS
from mountd.words.model import Mount, Place, Problem
from mountd.words.options import Kind

MOST, MOST_OF_ALL = 8, 64
"""Mounts of one user, and of all together."""
LARGEST = 16 << 10
"""Bytes of a user's list, and of what they may send."""
MEMORY_HIGH, MEMORY_MAX = 1024, 2048
"""MiB of a worker."""
_LOGIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,31}")
"""Without a dot: what stands before the first one in a mount's name is whose it is."""
_OWN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")
HOW_TO_ALLOW = f"users mount here only if the administrator writes allow_users = true below [daemon] in {paths.CONFIG}"
_ADMINISTRATORS = "only the administrator may set it"


@dataclass(frozen=True)
class UserList:
    """One user's list, by login."""

    login: str
    source: Source


@dataclass(frozen=True)
class Users:
    """What counts of all lists, and what does not, and why."""

    mounts: tuple[Mount, ...] = ()
    problems: tuple[Problem, ...] = ()


def is_login(login: str) -> bool:
    """Can this login be part of a mount's name?"""
    return _LOGIN.fullmatch(login) is not None


def read(lists: Sequence[UserList], administrators: Sequence[Mount], facts: Facts) -> Users:
    """All that users want and may have."""
    accepted: list[Mount] = []
    findings = Findings()
    for one in sorted(lists, key=lambda each: each.login):
        for mount in of_list(one, facts, findings):
            fault = _fault_beside(mount, [*administrators, *accepted])
            if not fault and len(accepted) >= MOST_OF_ALL:
                fault = f"the users of this machine have {MOST_OF_ALL} mounts already"
            if fault:
                findings.problem(mount.place, f'mount "{mount.name}"', fault)
            else:
                accepted.append(mount)
    return Users(tuple(accepted), tuple(findings.problems))


def of_list(one: UserList, facts: Facts, findings: Findings) -> list[Mount]:
    """Those mounts of a list that are right in themselves."""
    place, home = Place(one.source.path, 0), facts.home_of(one.login)
    home = "/" + home.strip("/") if home else None
    if not is_login(one.login):
        findings.problem(place, "", f"the login {show(one.login)} cannot be part of a mount's name")
    elif home is None:
        findings.problem(place, "", f"there is no user {one.login} on this machine", f"run: rm {place}")
    elif len(one.source.text.encode()) > LARGEST:
        findings.problem(place, "", f"is larger than {LARGEST} bytes")
    elif document := reading.parse(one.source, findings):
        for key in [key for key in document.data if key != "mount"]:
            findings.problem(document.place((key,)), key, _ADMINISTRATORS)
        tables = reading.tables(document, findings)
        for spot, _ in tables[MOST:]:
            findings.problem(spot.place(), spot.label.rstrip(": "), f"a user may have {MOST} mounts")
        found = [_mount(spot, table, one.login, home, facts, findings) for spot, table in tables[:MOST]]
        return [mount for mount in found if mount is not None]
    return []


def _mount(spot: Spot, table: Mapping[str, object], login: str, home: str, facts: Facts,
           findings: Findings) -> Mount | None:
    own = Findings()
    _narrow(spot, table, own)
    folder, name = str(table.get("folder", "")), _name(table)
    if not isinstance(name, str) or not _OWN_NAME.fullmatch(name):
        own.problem(spot.place("name"), f"{spot.label}name",
                    f"must be letters, digits, - and _ alone, not {show(name)}")
    real = facts.resolve_folder(home)
    if not own.problems:
        draft = config_mount.read_draft(
            spot, {**table, "name": f"{login}.{name}", "folder": _really(folder, home, real), "user": login},
            config_mount.Defaults(), facts, own)
        _lies_at_home(draft, _really(folder, home, real), real)
        _reads_at_home(draft, home, real)
    findings.problems += own.problems
    return None if own.problems else _bounded(config_mount.finish(draft), login, real)


def _name(table: Mapping[str, object]) -> object:
    """What a mount is called on its list, without whose it is."""
    return table.get("name", rules.derived_name(str(table.get("folder", ""))).replace(".", "-"))


def _narrow(spot: Spot, table: Mapping[str, object], findings: Findings) -> None:
    credentials = table.get("credentials")
    inner = Spot(spot.document, (*spot.path, "credentials"), f"{spot.label}credentials.")
    for where, keys, rows, known in (
            (spot, table, USER_KEYS, MOUNT_TABLE),
            (inner, credentials if isinstance(credentials, dict) else {}, USER_CREDENTIAL_KEYS, CREDENTIAL_KEYS)):
        for key, value in keys.items():
            label = where.label + show_key(key)
            if key not in rows:
                findings.problem(where.place(key), label, _ADMINISTRATORS if key in known else "unknown key",
                                 f"you may set {listed(rows)}")
            elif isinstance(value, dict | list) and rows[key].kind is not Kind.TABLE:
                findings.problem(where.place(key), label, "must be one value")


def _really(path: str, home: str, real: str) -> str:
    """The path below the home as it is without the links that lead there, which are root's."""
    return real + path[len(home):] if f"{path}/".startswith(f"{home}/") else path


def _lies_at_home(draft: config_mount.Draft, written: str, home: str) -> None:
    if not draft.folder:
        return
    plain = "/" + "/".join(part for part in written.split("/") if part not in ("", "."))
    if draft.folder != plain or draft.facts.has_link(plain):
        draft.problem("folder", f"a link leads away from {show(written)}", "write the path that it leads to")
    elif not draft.folder.startswith(f"{home}/") or home in ("", "/"):
        draft.problem("folder", f"must lie in your home, {home}; it is {show(draft.folder)}")


def _reads_at_home(draft: config_mount.Draft, *homes: str) -> None:
    file = draft.credentials.s3cfg
    if file and not any(file.startswith(f"{home}/") for home in homes):
        draft.findings.problem(draft.place("credentials"), f"{draft.label('credentials')}.s3cfg",
                               f"must lie in your home, {homes[0]}; it is {show(file)}")


def _bounded(mount: Mount, login: str, home: str) -> Mount:
    keys = mount.credentials if mount.credentials.anonymous else replace(mount.credentials, user=login, own=True)
    return replace(mount, credentials=keys, owner=login, home=home, memory_high=MEMORY_HIGH, memory_max=MEMORY_MAX)


def _fault_beside(mount: Mount, others: Sequence[Mount]) -> str:
    for other in others:
        cache = str(other.options.get("cache", ""))
        if other.name == mount.name:
            return f"another mount is called so ({other.place})"
        if _inside(mount.folder, other.folder) or _inside(other.folder, mount.folder):
            return f"its folder meets {show(other.folder)}, which mount {show(other.name)} has"
        if cache and (_inside(cache, mount.folder)):
            return f"its folder would cover the cache of mount {show(other.name)}"
    return ""


def _inside(path: str, folder: str) -> bool:
    return f"{path}/".startswith(f"{folder}/")


# Lists that are changed


def added(before: UserList, text: str, others: Sequence[UserList], administrators: Sequence[Mount], facts: Facts,
          ) -> tuple[UserList, Mount]:
    """A list with one more mount, told as TOML, and that mount. Raises ``config-invalid`` with a fault a line."""
    if len(text.encode()) > LARGEST:
        raise MountdError("config-invalid", f"larger than {LARGEST} bytes")
    table = _one_table(text)
    after = UserList(before.login, replace(before.source, text="\n".join(
        filter(None, [before.source.text, toml_text.section(table)]))))
    was, found = (read([*others, one], administrators, facts) for one in (before, after))
    faults = [problem for problem in found.problems if problem not in was.problems]
    known = {mount.place for mount in was.mounts}
    new = [mount for mount in found.mounts if mount.owner == before.login and mount.place not in known]
    if faults or len(new) != 1:
        raise MountdError("config-invalid", "\n".join(map(said, faults)) or "nothing was added")
    return after, new[0]


def _one_table(text: str) -> Mapping[str, object]:
    findings = Findings()
    document = reading.parse(Source("", text), findings)
    tables = reading.tables(document, findings) if document else []
    if document and document.data.keys() - {"mount"}:
        findings.problem(Place("", 0), "", "nothing but one [[mount]] can be said")
    for spot, table in tables:
        # Keys are written as they are: none of them may be anything but a word of the table.
        _narrow(spot, table, findings)
    if findings.problems or len(tables) != 1:
        raise MountdError("config-invalid", "\n".join(map(said, findings.problems)) or "say one [[mount]]")
    try:
        toml_text.section(tables[0][1])
    except TypeError as error:
        raise MountdError("config-invalid", f"a value cannot be a {error}") from error
    return tables[0][1]


def _found(one: UserList, name: str) -> tuple[int, Place, Mapping[str, object]]:
    document = reading.parse(one.source, Findings())
    tables = reading.tables(document, Findings()) if document else []
    found = [(number, spot.place(), table) for number, (spot, table) in enumerate(tables) if _name(table) == name]
    if not found:
        raise MountdError("no-such-mount", f"{name!r} in {one.source.path}")
    return found[-1]


def section(one: UserList, name: str) -> str:
    """The ``[[mount]]`` that is called so on a list, as it would be added. Raises ``no-such-mount``."""
    return toml_text.section(_found(one, name)[2])


def without(before: UserList, name: str) -> UserList:
    """A list without the mount that is called so on it, right or wrong. Raises ``no-such-mount``, and
    ``config-invalid`` where it was written by hand in an unusual way."""
    number, place, _ = _found(before, name)
    left = toml_cut.without_mount(before.source.text, number, place.line)
    if left is None:
        raise MountdError("config-invalid", f"{place}: take the mount out by hand, it is written unusually")
    return UserList(before.login, replace(before.source, text=left))


def said(problem: Problem) -> str:
    """A fault without its place, for whoever sees no file."""
    return str(problem).removeprefix(f"{problem.place}: ")

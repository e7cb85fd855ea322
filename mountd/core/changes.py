"""What a new configuration changes, and what that means for the people who use the mounts."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace

from mountd.core.config.reading import canonical
from mountd.words.model import Desired, Mount, Problem

WORKER_KEYS = ("bucket", "prefix", "folder", "options", "credentials", "user", "group", "memory_high",
               "memory_max", "proxy")
"""Fields of a mount that its worker is started with; a change of any other needs no new worker."""

_TABLES = ("credentials", "check")
"""Fields that are tables in the file."""

_EFFECTS = {
    "add": "to be mounted on {folder}",
    "remove": "finishes its uploads, then {folder} is unmounted",
    "remount": "a new worker takes over {folder}; open files go on with the old one",
    "move": "to be mounted on {folder}; {old} finishes its uploads, then is unmounted",
    "update": "takes effect at once; nothing is remounted",
    "enable": "to be mounted on {folder}",
    "disable": "finishes its uploads, then {folder} is unmounted",
    "off": "is disabled: nothing is mounted",
}


@dataclass(frozen=True)
class Change:
    """One mount's change: ``kind`` is add, remove, remount, move or update; ``keys`` are (key, old, new)."""

    name: str
    kind: str
    keys: tuple[tuple[str, object, object], ...]
    effect: str


def differ(one: Mount | None, other: Mount | None) -> bool:
    """Is anything but the line in the file different?"""
    if one is None or other is None:
        return one is not other
    return replace(one, place=other.place) != other


def worker_digest(mount: Mount) -> str:
    """Of everything whose change needs a new worker; names and places do not count."""
    plain = canonical(mount)
    text = json.dumps({key: plain[key] for key in WORKER_KEYS}, sort_keys=True) + mount.front
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def changes(old: Desired, new: Desired) -> tuple[Change, ...]:
    """What differs, in the order of the new configuration; what goes away comes first."""
    before = {mount.name: mount for mount in old.mounts}
    after = {mount.name: mount for mount in new.mounts}
    found = [_whole("remove", mount) for name, mount in before.items() if name not in after]
    for name, mount in after.items():
        if name not in before:
            found.append(_whole("add", mount))
        elif canonical(before[name]) != canonical(mount):
            found.append(_change(before[name], mount))
    return tuple(found)


def document(found: Iterable[Change], problems: Sequence[Problem], notes: Sequence[Problem]) -> dict[str, object]:
    """What ``s3mountctl plan --json`` prints."""
    return {
        "changes": [
            {"name": change.name, "change": change.kind, "effect": change.effect,
             "keys": [{"key": key, "from": before, "to": after} for key, before, after in change.keys]}
            for change in found
        ],
        "problems": [str(problem) for problem in problems],
        "notes": [str(note) for note in notes],
    }


def _whole(kind: str, mount: Mount) -> Change:
    return Change(mount.name, kind, (), _EFFECTS[kind if mount.enabled else "off"].format(folder=mount.folder))


def _change(old: Mount, new: Mount) -> Change:
    kind, effect = _kind(old, new)
    return Change(new.name, kind, _keys(old, new), _EFFECTS[effect].format(folder=new.folder, old=old.folder))


def _kind(old: Mount, new: Mount) -> tuple[str, str]:
    kind = "update"
    if old.folder != new.folder:
        kind = "move"
    elif worker_digest(old) != worker_digest(new):
        kind = "remount"
    if old.enabled != new.enabled:
        return kind, "enable" if new.enabled else "disable"
    return kind, kind if new.enabled else "off"


def _keys(old: Mount, new: Mount) -> tuple[tuple[str, object, object], ...]:
    before, after = _flat(old), _flat(new)
    return tuple(
        (key, before.get(key), after.get(key))
        for key in dict.fromkeys([*before, *after]) if before.get(key) != after.get(key)
    )


def _flat(mount: Mount) -> dict[str, object]:
    """Keys as they stand in the file: options beside the rest, values that JSON can carry."""
    plain = canonical(mount)
    inner = {f"{name}.{key}": value for name in _TABLES for key, value in asdict(getattr(mount, name)).items()}
    found = {**plain, **inner, **mount.options}
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in found.items() if key not in {"options", *_TABLES}
    }

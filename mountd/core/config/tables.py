"""A table of ``mounts.toml`` against the rows that say what may stand in it: values with their places."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from mountd.core.config import credentials, toml_lines
from mountd.core.config.facts import Findings
from mountd.core.config.values import Value, WrongValueError, convert, show, suggestion
from mountd.words.keys import CHECK_KEYS, CREDENTIAL_KEYS, DAEMON_KEYS, MOUNT_KEYS, OWN_PLACE, SOURCE_KEYS
from mountd.words.model import Check, Credentials, Place
from mountd.words.options import OPTIONS, Option, refused

MOUNT_TABLE: dict[str, Option] = {**MOUNT_KEYS, **OPTIONS}
_SHORTEST_KEY = 16
"""Characters of an access key (AWS: 16 to 128; IAM API Reference, AccessKey)."""
DEFAULTS_TABLE: dict[str, Option] = {name: row for name, row in MOUNT_TABLE.items() if name not in OWN_PLACE}


@dataclass(frozen=True)
class Document:
    """One parsed file."""

    file: str
    data: Mapping[str, object]
    lines: toml_lines.Lines

    def place(self, path: toml_lines.Path) -> Place:
        """Where a key stands."""
        return Place(self.file, self.lines.line(path))


@dataclass(frozen=True)
class Field:
    """A converted value and where it was written; ``inherited`` when that is ``[defaults]``."""

    value: "Value | Credentials | Check | dict[str, Field]"
    place: Place
    inherited: bool = False


@dataclass(frozen=True)
class Spot:
    """A table within a document; ``label`` begins the key of every problem in it, as ``mount "erdos": ``."""

    document: Document
    path: toml_lines.Path
    label: str

    def place(self, *keys: str) -> Place:
        """Where a key of the table stands; without a key the table itself."""
        return self.document.place((*self.path, *keys))


def read_fields(spot: Spot, table: Mapping[str, object], rows: Mapping[str, Option], home: str,
                findings: Findings) -> dict[str, Field]:
    """Every key of a table that is right; the others become problems."""
    fields: dict[str, Field] = {}
    for key, value in table.items():
        place = spot.place(key)
        if key not in rows:
            findings.problem(place, spot.label + show_key(key), *_not_a_key(key, rows))
            continue
        try:
            read = _INNER.get(key)
            fields[key] = Field(read(spot, value, findings) if read else convert(rows[key], value, home), place)
        except WrongValueError as wrong:
            findings.problem(place, spot.label + key, wrong.text, wrong.hint)
    return fields


def show_key(key: str) -> str:
    """A key as a message repeats it: quoted where TOML would need it."""
    plain = key.replace("-", "").replace("_", "")
    return key if plain.isalnum() and key.isascii() and len(key) <= 40 else show(key)


def _not_a_key(key: str, rows: Mapping[str, Option]) -> tuple[str, str]:
    row = refused(key)
    if row is not None:
        return f"is not taken: {row.why}", row.instead
    if key in MOUNT_TABLE:
        return ("belongs to one mount", "put it below [[mount]]") if key in OWN_PLACE else (
            "unknown key here", "put it below [[mount]] or [defaults]")
    if key in DAEMON_KEYS:
        return "belongs to the daemon", "put it below [daemon]"
    return "unknown key", suggestion(key.replace("-", "_"), rows)


def _credentials(spot: Spot, value: object, findings: Findings) -> Credentials:
    if not isinstance(value, dict):
        # What stands there may be a key: it is repeated only where it cannot be one.
        is_name = isinstance(value, str) and value.isidentifier() and len(value) < _SHORTEST_KEY
        profile = show(value) if is_name else '"..."'
        raise WrongValueError("must be a table with profile, user or another of its keys",
                              f"write: credentials = {{ profile = {profile} }}")
    inner, fields = _inside(spot, "credentials", value, CREDENTIAL_KEYS, findings)
    source = fields.pop("source", None)
    def fault(name: str, text: str, hint: str) -> None:
        findings.problem(inner.place(name), inner.label + name, text, hint)

    credentials.check(fields, fault, has_source="source" in value)
    named = {**fields, **(cast(dict[str, Field], source.value) if source else {})}
    return Credentials(**{name: cast(Any, field.value) for name, field in named.items()})


def _source(spot: Spot, value: object, findings: Findings) -> dict[str, Field]:
    if not isinstance(value, dict):
        raise WrongValueError("must be a table", 'write: source = { profile = "..." }')
    inner, fields = _inside(spot, "source", value, SOURCE_KEYS, findings)
    credentials.check(fields, lambda name, text, hint: findings.problem(
        inner.place(name), inner.label + name, text, hint))
    return fields


def _check(spot: Spot, value: object, findings: Findings) -> Check:
    if not isinstance(value, dict):
        raise WrongValueError("must be a table with interval, timeout or failures",
                              'write: check = { interval = "60s" }')
    _inner, fields = _inside(spot, "check", value, CHECK_KEYS, findings)
    return Check(**{name: cast(int, field.value) for name, field in fields.items()})


def _inside(spot: Spot, key: str, value: Mapping[str, object], rows: Mapping[str, Option],
            findings: Findings) -> tuple[Spot, dict[str, Field]]:
    """A table within the table: where it is, and what is right of it."""
    inner = Spot(spot.document, (*spot.path, key), f"{spot.label}{key}.")
    return inner, read_fields(inner, value, rows, "", findings)


_INNER: dict[str, Callable[[Spot, object, Findings], Credentials | Check | dict[str, Field]]] = {
    "credentials": _credentials, "check": _check, "source": _source,
}

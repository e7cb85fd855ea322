"""A mount written as a section of mounts.toml: whoever reads it gets the same mount again."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from typing import Any

from mountd.core import spans
from mountd.words.keys import CHECK_KEYS, CREDENTIAL_KEYS, MOUNT_KEYS, SOURCE_KEYS
from mountd.words.model import Check, Credentials, Mount
from mountd.words.options import Kind
from mountd.words.providers import PROVIDERS

_DEFAULTS = {one.name: one.default for one in fields(Mount) if one.default is not MISSING}


def section(keys: Mapping[str, object]) -> str:
    """``[[mount]]`` with its keys, a line each."""
    return "[[mount]]\n" + "".join(f"{key} = {value(item)}\n" for key, item in keys.items())


def value(raw: object) -> str:
    """A value as TOML writes it (TOML 1.0.0). Raises TypeError for what a mount has not."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | float):
        return str(raw)
    if isinstance(raw, str):
        # JSON leaves only DEL that TOML wants escaped.
        return json.dumps(raw, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(raw, list | tuple):
        return "[" + ", ".join(map(value, raw)) + "]"
    if isinstance(raw, dict):
        return "{ " + ", ".join(f"{key} = {value(item)}" for key, item in raw.items()) + " }"
    raise TypeError(type(raw).__name__)


def of_mount(mount: Mount) -> dict[str, object]:
    """The keys of a mount that say something; what counts anyhow is left out."""
    own = {key: _plain(key, getattr(mount, key)) for key in MOUNT_KEYS if getattr(mount, key) != _DEFAULTS.get(key)}
    preset = PROVIDERS[mount.provider]
    given = {**preset.options, "region": preset.region(mount.endpoint) or preset.options.get("region")}
    return {**own, **{key: item for key, item in mount.options.items() if given.get(key) != item}}


def _plain(key: str, raw: Any) -> object:
    if isinstance(raw, Credentials):
        said = {name: item for name, item in asdict(raw).items() if item and name in CREDENTIAL_KEYS}
        return _credentials({name: _span(CREDENTIAL_KEYS[name].kind, item) for name, item in said.items()})
    if isinstance(raw, Check):
        usual = asdict(Check())
        return {name: _span(CHECK_KEYS[name].kind, item) for name, item in asdict(raw).items() if item != usual[name]}
    return _span(MOUNT_KEYS[key].kind, raw)


def _credentials(said: dict[str, object]) -> dict[str, object]:
    """Whose keys assume a role is a table in the table (``core.config.tables``)."""
    if "assume_role" not in said:
        return said
    source = {name: item for name, item in said.items() if name in SOURCE_KEYS}
    rest = {name: item for name, item in said.items() if name not in SOURCE_KEYS}
    return {**rest, "source": source} if source else rest


def _span(kind: Kind, raw: object) -> object:
    return spans.text(raw) if kind is Kind.SPAN and isinstance(raw, float) else raw

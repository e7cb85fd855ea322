"""What may stand together in the ``credentials`` of a mount."""

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from mountd.core.config.values import show
from mountd.words.keys import CREDENTIAL_KEYS

_CREDENTIAL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,127}")
"""A file name that systemd takes for a credential's (systemd.exec(5), LoadCredential=)."""

Fault = Callable[[str, str, str], None]


class Written(Protocol):
    """A value as it was read."""

    @property
    def value(self) -> object:
        """The value."""


def is_secret_name(text: str) -> bool:
    """Can a credential of systemd be called so?"""
    return _CREDENTIAL.fullmatch(text) is not None


_EXTERNAL = re.compile(r"[A-Za-z0-9_+=,.@:/-]{2,1224}")
"""STS API Reference, AssumeRole, ExternalId."""
_ARN = re.compile(r"arn:[a-z0-9-]*:iam::[A-Za-z0-9_-]*:role/[!-~]+")


def check(fields: Mapping[str, Written], fault: Fault, *, has_source: bool = False) -> None:
    """Tell ``fault(key, text, hint)`` of each key that cannot stand beside another, or not without one."""
    on = {name: field.value for name, field in fields.items() if field.value is not False}
    for name, value in on.items():
        row = CREDENTIAL_KEYS[name]
        for other in row.conflicts:
            if other in on or (other == "source" and has_source):
                fault(other, f"cannot be set beside {_shown(name, value)}", _way_out(name, other))
        if row.requires and row.requires not in on:
            fault(name, f"has no effect without {row.requires}", f"set {row.requires}, or remove {name}")
    if has_source and "assume_role" not in on:
        fault("source", "has no effect without assume_role", "set assume_role, or write its keys without source")
    if on.get("delivery") == "file" and "assume_role" in on:
        fault("delivery", "must be \"broker\" for keys of a role", "remove delivery")
    role = on.get("assume_role")
    if isinstance(role, str) and not _ARN.fullmatch(role):
        fault("assume_role", f"must be the ARN of a role, not {show(role)}", "arn:aws:iam::111122223333:role/lab")
    external = on.get("external_id")
    if isinstance(external, str) and not _EXTERNAL.fullmatch(external):
        fault("external_id", f"must be 2 or more letters, digits, + = , . @ : / -, not {show(external)}", "")
    sealed = on.get("systemd_credential")
    if isinstance(sealed, str) and not is_secret_name(sealed):
        fault("systemd_credential", f"must be letters, digits, - _ . @ only, not {show(sealed)}", "")


def _way_out(name: str, other: str) -> str:
    return f"write: source = {{ {other} = ... }}" if name == "assume_role" else "remove one of the two"


def _shown(name: str, value: object) -> str:
    return f"{name} = true" if value is True else name

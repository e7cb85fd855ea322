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


def check(fields: Mapping[str, Written], fault: Fault) -> None:
    """Tell ``fault(key, text, hint)`` of each key that cannot stand beside another, or not without one."""
    on = {name: field.value for name, field in fields.items() if field.value is not False}
    for name, value in on.items():
        row = CREDENTIAL_KEYS[name]
        for other in row.conflicts:
            if other in on:
                fault(other, f"cannot be set beside {_shown(name, value)}", "remove one of the two")
        if row.requires and row.requires not in on:
            fault(name, f"has no effect without {row.requires}", f"set {row.requires}, or remove {name}")
    sealed = on.get("systemd_credential")
    if isinstance(sealed, str) and not is_secret_name(sealed):
        fault("systemd_credential", f"must be letters, digits, - _ . @ only, not {show(sealed)}", "")


def _shown(name: str, value: object) -> str:
    return f"{name} = true" if value is True else name

"""What a check of the machine is asked about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Wanted:
    """What the checks have to know of a configured mount."""

    name: str
    folder: str
    endpoint_url: str = ""
    read_only: bool = False
    needs_front: bool = False
    """Does its kind of store take a rename for something else?"""
    user: str = ""
    """Whose credentials are named for it."""
    cache: str = ""
    s3cfg: str = ""
    web_identity: str = ""
    """Files with its keys, where they are no user's ``~/.aws``."""


@dataclass(frozen=True)
class Asked:
    """The configured mounts, and for whom is asked."""

    mounts: Sequence[Wanted] = field(default_factory=tuple)
    uid: int = 0

    @classmethod
    def of(cls, mounts: Sequence[Mapping[str, Any]], uid: int) -> "Asked":
        """Out of a question."""
        return cls(tuple(Wanted(**one) for one in mounts), uid)

"""A task of the process that asks S3, asked directly: its question, and the files as descriptors."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.s3.seaweed import ADMIN, Identity

GUEST = Identity("guest", "WEEDGUESTKEY0000001", "guestsecret", ("Read:another", "List:another"))
LISTER = Identity("lister", "WEEDLISTERKEY000001", "listersecret", ("List",))
READER = Identity("reader", "WEEDREADERKEY000001", "readersecret", ("Read", "List"))

Task = Callable[[Mapping[str, Any], Sequence[int]], dict[str, Any]]


def keys(identity: Identity) -> str:
    """A credentials file with that identity's keys."""
    return f"[default]\naws_access_key_id={identity.access_key}\naws_secret_access_key={identity.secret_key}\n"


KEYS = keys(ADMIN)


def ask(task: Task, endpoint_url: str, bucket: str = "here", *, files: Mapping[str, bytes | str] | None = None,
        **changed: object) -> dict[str, Any]:
    """What the task says."""
    given = {"credentials": KEYS} if files is None else files
    question = {"provider": "other", "endpoint_url": endpoint_url, "region": "us-east-1", "bucket": bucket,
                "prefix": "", "force_path_style": True, "profile": "", "anonymous": False, "deadline": 20.0,
                "files": list(given)}
    numbers = []
    for name, content in given.items():
        numbers.append(os.memfd_create(name))
        os.write(numbers[-1], content.encode() if isinstance(content, str) else content)
    try:
        return task({**question, **changed}, numbers)
    finally:
        for number in numbers:
            os.close(number)

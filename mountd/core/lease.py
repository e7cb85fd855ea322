"""What the broker keeps and what it answers: keys by mount, tokens by worker. Pure: time is an argument.

The document is that of the container credentials of the AWS SDKs; mount-s3 needs ``Expiration`` in it and does without
``Token`` (aws-c-auth, credentials_provider_ecs.c; tried with mount-s3 1.24). It asks again five minutes before that
time (credentials_provider_cached.c), and for every request from then on.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from mountd.core.profiles import Keys

TOLD_FOR = 900.0
"""Seconds that a worker is told its keys last, at most: it asks again after ten minutes, and so hears of others."""


@dataclass(frozen=True)
class Held:
    """Keys of one mount. ``expires`` in seconds since the epoch, None for those that do not."""

    keys: Keys
    expires: float | None = None
    about: Mapping[str, Any] = field(default_factory=dict)
    """What the daemon has to know to get others: no secret."""

    def is_valid(self, now: float) -> bool:
        """Can they still be used?"""
        return self.expires is None or self.expires > now


@dataclass(frozen=True)
class Pass:
    """A worker's right to the keys of a mount."""

    mount: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class Leases:
    """All that the broker knows."""

    held: Mapping[str, Held] = field(default_factory=dict)
    passes: Mapping[str, Pass] = field(default_factory=dict)

    def with_keys(self, mount: str, held: Held) -> "Leases":
        """These keys for a mount from now on."""
        return replace(self, held={**self.held, mount: held})

    def without_keys(self, mount: str) -> "Leases":
        """No keys for a mount that is no more, and none of its workers."""
        return Leases({name: one for name, one in self.held.items() if name != mount},
                      {worker: one for worker, one in self.passes.items() if one.mount != mount})

    def admitting(self, worker: str, one: Pass) -> "Leases":
        """Another worker may ask."""
        return replace(self, passes={**self.passes, worker: one})

    def dismissing(self, worker: str) -> "Leases":
        """A worker has ended."""
        return replace(self, passes={name: one for name, one in self.passes.items() if name != worker})

    def answer(self, worker: str, token: str, now: float) -> tuple[int, bytes]:
        """HTTP status and body for who calls himself that worker and shows that token."""
        admitted = self.passes.get(worker)
        # Compared with something in any case: how long it takes tells nothing of who is known.
        right = hmac.compare_digest((admitted.token if admitted else "\0").encode(), token.encode())
        if admitted is None or not right:
            return 401, b""
        held = self.held.get(admitted.mount)
        if held is None or not held.is_valid(now):
            return 503, b""
        return 200, json.dumps(_document(held, now)).encode()


def _document(held: Held, now: float) -> dict[str, str]:
    until = min(held.expires or now + TOLD_FOR, now + TOLD_FOR)
    said = {"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": held.keys.access,
            "SecretAccessKey": held.keys.secret,
            "Expiration": datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    return {**said, "Token": held.keys.token} if held.keys.token else said


def packed(leases: Leases) -> bytes:
    """For who is to go on with it."""
    return json.dumps({
        "held": {name: {**asdict(one), "about": dict(one.about)} for name, one in leases.held.items()},
        "passes": {name: asdict(one) for name, one in leases.passes.items()}}).encode()


def unpacked(content: bytes) -> Leases:
    """What was packed; nothing when it cannot be understood: it was being written, or is another version's."""
    try:
        said = json.loads(content)
        return Leases(
            {name: Held(Keys(**one["keys"]), one["expires"], one["about"]) for name, one in said["held"].items()},
            {name: Pass(**one) for name, one in said["passes"].items()})
    except (ValueError, KeyError, TypeError, AttributeError):
        return Leases()


def received(content: bytes, now: float) -> Held:
    """Keys as ``system.resolve`` hands them on. Raises ValueError, with no word of the content."""
    try:
        said = json.loads(content)
        expires = said["expires"] if said["expires"] is None else float(said["expires"])
        held = Held(Keys(str(said["access"]), str(said["secret"]), str(said["token"] or "")), expires)
    except (ValueError, KeyError, TypeError):
        raise ValueError("no keys came") from None
    if not held.keys.access or not held.keys.secret:
        raise ValueError("the keys are empty")
    if not held.is_valid(now):
        raise ValueError("the keys have expired already")
    return held

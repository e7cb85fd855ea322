"""From a status document to an exit status: how well a mount is, in one place for colours and for scripts."""

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any

Document = Mapping[str, Any]
"""A decoded status or plan document, or one mount's part of it (schema 1)."""


class Exit(IntEnum):
    """Exit status of every command; the numbers are fixed, scripts test against them."""

    WELL = 0
    DEGRADED = 1
    DOWN = 2
    UNREACHABLE = 3
    USAGE = 64
    INTERRUPTED = 130
    """128 + SIGINT, as shells expect of a program that Ctrl-C ended."""


_BY_STATE = {
    "mounting": Exit.DEGRADED,
    "waiting": Exit.DEGRADED,
    "draining": Exit.DEGRADED,
    "failed": Exit.DOWN,
    "foreign": Exit.DOWN,
    "stopped": Exit.WELL,
    "disabled": Exit.WELL,
}
_BY_HEALTH = {"ok": Exit.WELL, "degraded": Exit.DEGRADED, "unknown": Exit.DEGRADED, "down": Exit.DOWN}


def sleeps(mount: Document) -> bool:
    """True for a mount whose worker comes at the first access: all is well, and nobody has come."""
    return mount["state"] == "waiting" and (mount["reason"] or {}).get("code") == "on-demand"


def of_mount(mount: Document) -> Exit:
    """How well one mount is. Health counts only while mounted; words of a newer daemon count as degraded."""
    state = mount["state"]
    if sleeps(mount):
        return Exit.WELL
    if state == "mounted":
        return _BY_HEALTH.get(mount["health"], Exit.DEGRADED)
    return _BY_STATE.get(state, Exit.DEGRADED)


def of_mounts(mounts: Iterable[Document]) -> Exit:
    """The worst of several; no mounts at all are well."""
    return max((of_mount(mount) for mount in mounts), default=Exit.WELL)


def of_document(document: Document) -> Exit:
    """The worst mount, and at least degraded while the daemon runs on with a configuration that has
    faults."""
    problems = Exit.DEGRADED if document["daemon"]["problems"] else Exit.WELL
    return max(of_mounts(document["mounts"]), problems)


def is_ready(mount: Document) -> bool:
    """True when a probe proved that the folder shows the bucket, or the first access will bring it."""
    return sleeps(mount) or bool(mount["state"] == "mounted" and mount["health"] == "ok")


def needs_person(mount: Document) -> bool:
    """True when no amount of waiting brings the mount: it failed for good, or somebody took it away."""
    return mount["state"] in ("failed", "foreign", "stopped", "disabled")

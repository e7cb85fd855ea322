"""The tasks ``checks`` and ``check``: what is right and what is not with this machine, one row each.

A new check is one function that takes what is asked and gives findings, and one row here. Each runs in a thread of its
own, so one that does not come back costs its own line.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mountd.core.findings import Finding
from mountd.system.answering import Question
from mountd.system.host import folders, host, network, secrets
from mountd.system.host.asked import Asked

CHECKS: dict[str, Callable[[Asked], Iterable[Finding]]] = {
    "mount-s3": host.worker,
    "/dev/fuse": host.fuse,
    "kernel": host.kernel,
    "propagation": folders.propagation,
    "updatedb": folders.updatedb,
    "clock": host.clock,
    "resolver": network.resolver,
    "proxy": network.proxy,
    "CA certificates": network.authorities,
    "room": host.room,
    "limits": host.limits,
    "haproxy": host.haproxy,
    "credential files": secrets.files,
    "stray keys": secrets.strays,
}


def names(_question: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    """Answer: ``names``, in the order in which they are shown."""
    return {"names": list(CHECKS)}


def check(question: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    """Question: ``name``, ``mounts`` and ``uid`` (see ``host.asked``). Answer: ``findings``."""
    asked = Asked.of(question["mounts"], int(question["uid"]))
    return {"findings": [one.plain for one in CHECKS[str(question["name"])](asked)]}

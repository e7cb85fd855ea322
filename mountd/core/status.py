"""The status document (schema 1): the one description that every surface shows, derived and never stored."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mountd.core.capabilities import capabilities
from mountd.core.causes import Shared
from mountd.core.history import Outage
from mountd.core.latency import Latency
from mountd.core.measured import Measured
from mountd.core.uploads import Found
from mountd.words.model import Health, Mount, Reason, State

SCHEMA = 1


@dataclass(frozen=True)
class Standby:
    """A second worker beside the one that serves."""

    unit: str
    ready: bool
    memory: int | None
    """Bytes of its process that are resident, None while not measured."""


@dataclass(frozen=True)
class CallersWait:
    """Whoever uses the folder waits since, and gets an error at ``until`` (None: no limit). Seconds since the epoch."""

    since: float
    until: float | None


@dataclass(frozen=True)
class Writes:
    """What is known of writing to the mount's store."""

    verdict: str
    """Of ``core.write_safety.Verdict``, "" while nobody knows."""
    way: str
    """Of ``core.write_safety.Way``."""
    policy: str
    """What the configuration says."""
    checked_at: float | None = None


@dataclass(frozen=True)
class Aside:
    """What is shown of a mount beside its state and health."""

    worker_version: str = ""
    """Of the mount-s3 that serves; empty without one, or when it does not say."""
    uploads: Found | None = None
    usage: Measured | None = None
    """How much is in the whole bucket, as the store told it."""


@dataclass(frozen=True)
class View:
    """One mount as it is shown. Times are seconds since the epoch."""

    mount: Mount
    state: State
    health: Health
    reason: Reason | None
    since: float
    checked_at: float | None = None
    unit: str = ""
    pid: int = 0
    standby: Standby | None = None
    restarts: int = 0
    next_try: float | None = None
    last_outage: Outage | None = None
    credentials: str = ""
    availability: Mapping[str, float | None] = field(default_factory=dict)
    """Shares of the watched time by ``core.reckoning.WINDOWS``."""
    known_since: float | None = None
    callers_wait: CallersWait | None = None
    latency: Latency = field(default_factory=Latency)
    waiting: int | None = None
    """Requests of callers that the worker has not answered."""
    size: Measured | None = None
    """How much is in the bucket below the prefix, as somebody counted it."""
    expires: float | None = None
    """When the credentials end, as far as that is known."""
    writes: Writes | None = None
    """None where there is nothing to be known: a read-only mount, or AWS."""
    aside: Aside = Aside()


@dataclass(frozen=True)
class DaemonView:
    """The daemon as it is shown."""

    version: str
    pid: int
    since: float
    config_digest: str
    problems: tuple[str, ...] = ()
    mount_s3: str = ""
    """The version that is installed; empty when there is none that can be used."""
    allow_users: bool = False
    users_problems: tuple[str, ...] = ()
    """What is wrong with lists of users."""


def stamp(seconds: float | None) -> str | None:
    """RFC 3339 in UTC with milliseconds, or None."""
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def mount_document(view: View) -> dict[str, Any]:
    """One element of the document's ``mounts``."""
    mount, reason, outage, standby = view.mount, view.reason, view.last_outage, view.standby
    return {
        "name": mount.name, "bucket": mount.bucket, "prefix": mount.prefix, "folder": mount.folder,
        "provider": mount.provider, "owner": mount.owner, "state": view.state.value, "health": view.health.value,
        "reason": {"code": reason.code, "text": reason.text, "hint": reason.hint} if reason else None,
        "since": stamp(view.since), "checked_at": stamp(view.checked_at),
        "unit": view.unit, "pid": view.pid, "standby": bool(standby and standby.ready),
        "standby_unit": standby.unit if standby else "", "standby_memory": standby.memory if standby else None,
        "restarts": view.restarts,
        "next_try": stamp(view.next_try), "grace": mount.grace,
        "last_outage": {"from": stamp(outage.since), "to": stamp(outage.until), "code": outage.code}
        if outage else None,
        "checks": view.latency.document(), "waiting": view.waiting,
        "known_since": stamp(view.known_since), "availability": dict(view.availability),
        "options": {key: _plain(value) for key, value in sorted(mount.options.items())},
        "credentials": {"source": view.credentials, "expires_at": stamp(view.expires)},
        "callers_wait": {"since": stamp(view.callers_wait.since), "until": stamp(view.callers_wait.until)}
        if view.callers_wait else None,
        "size": _size(view.size), "usage": _size(view.aside.usage),
        "writes": {"verdict": view.writes.verdict or None, "way": view.writes.way, "policy": view.writes.policy,
                   "checked_at": stamp(view.writes.checked_at)} if view.writes else None,
        "can": capabilities(mount), "worker_version": view.aside.worker_version,
        "uploads": _uploads(view.aside.uploads),
    }


def _size(size: Measured | None) -> dict[str, Any] | None:
    if size is None:
        return None
    return {"objects": size.objects, "bytes": size.bytes, "at": stamp(size.at), "quotas": dict(size.quotas)}


def _uploads(found: Found | None) -> dict[str, Any] | None:
    if found is None:
        return None
    oldest = None if found.oldest is None else stamp(found.at - found.oldest)
    return {"count": found.count, "more": found.more, "oldest": oldest, "aborted": found.aborted,
            "checked_at": stamp(found.at)}


def _shared(cause: Shared) -> dict[str, Any]:
    """One element of the document's ``causes``."""
    reason = cause.reason
    return {"code": reason.code, "text": reason.text, "hint": reason.hint, "endpoint": cause.endpoint,
            "since": stamp(cause.since), "mounts": list(cause.mounts)}


def document(daemon: DaemonView, views: Sequence[View], now: float, causes: Sequence[Shared] = ()) -> dict[str, Any]:
    """The whole document, mounts in the configuration's order; ``causes`` are what several have in common."""
    return {
        "schema": SCHEMA, "version": daemon.version, "generated_at": stamp(now),
        "daemon": {"pid": daemon.pid, "since": stamp(daemon.since), "config_digest": daemon.config_digest,
                   "problems": list(daemon.problems), "mount_s3": daemon.mount_s3,
                   "allow_users": daemon.allow_users, "users_problems": list(daemon.users_problems)},
        "causes": [_shared(cause) for cause in causes],
        "mounts": [mount_document(view) for view in views],
    }


def dumps(value: Any) -> str:
    """The bytes every surface sends."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def summary(views: Sequence[View]) -> str:
    """The STATUS line of the service: ``5 mounts: 4 ok, 1 failed``."""
    if not views:
        return "no mounts are configured"
    words = [_word(view) for view in views]
    counted = ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(sorted(words, key=lambda w: w != "ok")))
    return f"{len(views)} mount{'s' if len(views) > 1 else ''}: {counted}"


def _word(view: View) -> str:
    if view.reason is not None and view.reason.code == "on-demand":
        return "on demand"
    return view.health.value if view.state is State.MOUNTED else view.state.value

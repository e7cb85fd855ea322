"""What is shown of a mount beside its state and health: mount-s3, what can be done in it, incomplete uploads, usage.

A daemon of an older version does not say any of it.
"""

from datetime import datetime

from mountd.cli.text import Style, brief, clean, contained, moment, wrapped
from mountd.core.verdict import Document


def worker(mount: Document) -> str:
    """Who serves, and which mount-s3 that is."""
    version = mount.get("worker_version")
    program = f", mount-s3 {clean(version)}" if version else ""
    if not mount["pid"]:
        return clean(mount["unit"]) or "none"
    return f"pid {mount['pid']} in {mount['unit']}{program}"


def fields(mount: Document, now: datetime) -> list[tuple[str, str]]:
    """Labels and texts."""
    owner = mount.get("owner")
    own = [("owner", f"{clean(owner)}, who manages it without sudo")] if owner else []
    return [*own, *_usage(mount, now), *_can(mount), *_uploads(mount, now)]


def versions(document: Document, style: Style) -> list[str]:
    """Who runs another mount-s3 than the one that is installed."""
    installed = document["daemon"].get("mount_s3")
    if not installed:
        return []
    others: dict[str, list[str]] = {}
    for mount in document["mounts"]:
        version = mount.get("worker_version")
        if version and version != installed:
            others.setdefault(version, []).append(clean(mount["name"]))
    return [line for version, names in others.items() for line in wrapped(
        f"mount-s3 {clean(version)} still serves {', '.join(names)}; installed is {clean(installed)}", style.width)]


def _usage(mount: Document, now: datetime) -> list[tuple[str, str]]:
    found = mount.get("usage")
    if not found:
        return []
    whole = " in the whole bucket" if mount["prefix"] else ""
    return [("usage", f"{contained(found)}{whole}, the store said {_ago(found['at'], now)}")]


def _can(mount: Document) -> list[tuple[str, str]]:
    can = mount.get("can")
    if not can:
        return []
    rows = (("", True), ("not ", False), ("not tried with this store: ", None))
    words = ((lead, [name for name, may in can.items() if may is wanted]) for lead, wanted in rows)
    text = "; ".join(lead + ", ".join(names) for lead, names in words if names)
    return [("callers can", text)]


def _uploads(mount: Document, now: datetime) -> list[tuple[str, str]]:
    found = mount.get("uploads")
    if not found or not (found["count"] or found["aborted"]):
        return []
    least = "at least " if found["more"] else ""
    oldest = f", the oldest begun {_ago(found['oldest'], now)}" if found["oldest"] else ""
    gone = f"; {found['aborted']} aborted" if found["aborted"] else ""
    return [("uploads", f"{least}{found['count']} incomplete{oldest}{gone} (looked {_ago(found['checked_at'], now)})")]


def _ago(stamp: str, now: datetime) -> str:
    return f"{brief((now - moment(stamp)).total_seconds())} ago"

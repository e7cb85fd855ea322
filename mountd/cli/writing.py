"""How writes of a mount go, for people. Pure."""

from datetime import datetime

from mountd.cli.text import moment, span
from mountd.core.verdict import Document

_UNKNOWN = "nobody knows yet what the store makes of them"


def fields(mount: Document, now: datetime) -> list[tuple[str, str]]:
    """A line of `status NAME`, or none where there is nothing to be known."""
    writes = mount.get("writes")
    if not writes:
        return []
    if writes["policy"] == "trust":
        return [("writes", 'as they are (write_safety = "trust")')]
    known = f"the store is {writes['verdict']}" if writes["verdict"] else _UNKNOWN
    at = writes["checked_at"]
    tried = f", tried {span((now - moment(at)).total_seconds())} ago" if at else ""
    return [("writes", f"{writes['way']}; {known}{tried}")]

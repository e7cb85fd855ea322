"""The process that posts to the webhook, as a transient unit. Values only; the URL is none of them."""

from mountd.core.units import on_call
from mountd.core.units.on_call import MIB
from mountd.core.units.sandbox import Property
from mountd.words import paths

_BOUNDS = (
    Property("MemoryMax", "t", 96 * MIB),
    Property("TasksMax", "t", 32),
    Property("LimitNOFILE", "t", 256),
)


def properties() -> list[Property]:
    """All but standard input, which is the line to the daemon."""
    return on_call.properties(paths.WEBHOOK, "s3mountd: tells the webhook", _BOUNDS)

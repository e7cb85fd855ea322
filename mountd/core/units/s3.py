"""The process that asks S3 out of band, as a transient unit. Values only."""

from mountd.core.units import on_call
from mountd.core.units.on_call import MIB
from mountd.core.units.sandbox import Property
from mountd.words import paths

_BOUNDS = (
    # With boto3 it takes 50 to 60 MB; it may be the one that dies when memory is short.
    Property("MemoryMax", "t", 192 * MIB),
    Property("TasksMax", "t", 512),
    Property("LimitNOFILE", "t", 4096),
)


def properties() -> list[Property]:
    """All but standard input, which is the line to the daemon."""
    return on_call.properties(paths.S3, "s3mountd: asks S3 what is wrong", _BOUNDS)

"""The process that makes the broker a socket in the network namespace of a front, and ends. Values only.

A network namespace is entered by nobody who is outside of it but systemd, for a unit that is started there; a socket,
once made, can be used from anywhere.
"""

from mountd.core.front import Front
from mountd.core.units import front as front_units
from mountd.core.units import on_call
from mountd.core.units.on_call import MIB
from mountd.core.units.sandbox import Property
from mountd.words import paths

LIMIT = 10.0
"""Seconds for all of it."""


def properties(front: Front) -> list[Property]:
    """All but standard input, the line on which the socket goes to the broker."""
    bounds = (Property("MemoryMax", "t", 64 * MIB), Property("TasksMax", "t", 8),
              Property("RuntimeMaxUSec", "t", int(LIMIT * 1_000_000)))
    return [*on_call.properties(paths.LISTEN, f"s3mountd: a socket for keys behind the front for {front.endpoint_url}",
                                bounds),
            *front_units.joined(front)]

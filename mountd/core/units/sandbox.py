"""What every transient unit of s3mountd may not do, as unit properties (systemd.exec(5)). Values only."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Property:
    """One unit property: its name, its D-Bus signature, its value."""

    name: str
    signature: str
    value: Any


SANDBOX: tuple[Property, ...] = (
    Property("DynamicUser", "b", True),
    Property("NoNewPrivileges", "b", True),
    Property("CapabilityBoundingSet", "t", 0),
    Property("AmbientCapabilities", "t", 0),
    Property("ProtectSystem", "s", "strict"),
    Property("ProtectHome", "s", "yes"),
    Property("PrivateTmp", "b", True),
    Property("PrivateDevices", "b", True),
    Property("DevicePolicy", "s", "closed"),
    Property("PrivateUsers", "b", True),
    Property("ProtectKernelTunables", "b", True),
    Property("ProtectKernelModules", "b", True),
    Property("ProtectKernelLogs", "b", True),
    Property("ProtectControlGroups", "b", True),
    Property("ProtectClock", "b", True),
    Property("ProtectHostname", "b", True),
    Property("ProtectProc", "s", "invisible"),
    Property("RestrictRealtime", "b", True),
    Property("RestrictSUIDSGID", "b", True),
    Property("RestrictNamespaces", "t", 0),
    Property("RestrictAddressFamilies", "(bas)", (True, ["AF_INET", "AF_INET6", "AF_UNIX"])),
    Property("LockPersonality", "b", True),
    Property("MemoryDenyWriteExecute", "b", True),
    Property("SystemCallArchitectures", "as", ["native"]),
    Property("SystemCallFilter", "(bas)", (True, ["@system-service"])),
    Property("RemoveIPC", "b", True),
    Property("KeyringMode", "s", "private"),
    Property("UMask", "u", 0o077),
)


def narrowed(own: Iterable[Property]) -> list[Property]:
    """The sandbox with some of its properties in a unit's own, tighter form."""
    tighter = {item.name: item for item in own}
    return [tighter.pop(item.name, item) for item in SANDBOX] + list(tighter.values())

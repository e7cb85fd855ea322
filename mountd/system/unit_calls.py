"""PID 1 over the bus, without ever waiting for it: orders, and questions about one unit.

Interfaces are those of org.freedesktop.systemd1(5).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gi.repository import Gio, GLib

from mountd.core.units.sandbox import Property

_DESTINATION = "org.freedesktop.systemd1"
_PATH = "/org/freedesktop/systemd1"
_MANAGER = "org.freedesktop.systemd1.Manager"
_UNIT = "org.freedesktop.systemd1.Unit"
_TIMEOUT_MS = 10_000

def packed(properties: Iterable[Property]) -> list[tuple[str, Any]]:
    """Properties as ``StartTransientUnit`` takes them."""
    return [(item.name, GLib.Variant(item.signature, item.value)) for item in properties]


Done = Callable[[Any, str], None]
"""Gets the answer, or None and an error's sentence."""


def object_path(unit: str) -> str:
    """The unit's object: all but letters and digits is written as ``_xx`` (sd_bus_path_encode(3))."""
    label = re.sub(r"[^A-Za-z0-9]", lambda match: f"_{ord(match[0]):02x}", unit)
    return f"{_PATH}/unit/{label}"


class UnitCalls:
    """Calls whose answers come back by the loop."""

    def __init__(self) -> None:
        self._con: Any = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)

    def facts(self, unit: str, told: Callable[[Mapping[str, Any]], None]) -> None:
        """The unit's properties that are those of every unit; none for one that cannot be asked about."""
        self._call(object_path(unit), "org.freedesktop.DBus.Properties", "GetAll", GLib.Variant("(s)", (_UNIT,)),
                   lambda answer, _error: told(answer[0] if answer else {}))

    def manager(self, method: str, arguments: Any, done: Done = lambda _answer, _error: None) -> None:
        """An order to the manager."""
        self._call(_PATH, _MANAGER, method, arguments, done)

    def _call(self, path: str, interface: str, method: str, arguments: Any, done: Done) -> None:
        def returned(con: Any, result: Any) -> None:
            try:
                answer = con.call_finish(result).unpack()
            except GLib.Error as error:
                done(None, re.sub(r"^GDBus\.Error:\S+: ", "", str(error.message)))
            else:
                done(answer, "")

        self._con.call(_DESTINATION, path, interface, method, arguments, None, Gio.DBusCallFlags.NONE, _TIMEOUT_MS,
                       None, returned)

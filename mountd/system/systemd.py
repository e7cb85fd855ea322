"""PID 1 over the bus: start a worker, hear of its end, kill it, list what is there.

Calls have time-outs; what is ordered is not waited for, since many workers start at once and a bus may be stuck.
Interfaces and properties are those of org.freedesktop.systemd1(5).
"""

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydbus
import structlog
import tenacity
from gi.repository import Gio, GLib

from mountd.core.messages import Ending
from mountd.core.observed import Worker
from mountd.core.units.sandbox import Property
from mountd.core.units.scope import helper_scope
from mountd.core.units.worker import describe
from mountd.system.unit_calls import object_path, packed
from mountd.words import paths
from mountd.words.errors import MountdError

_log: Any = structlog.get_logger()
_DESTINATION = "org.freedesktop.systemd1"
_MANAGER_PATH = "/org/freedesktop/systemd1"
_MANAGER = "org.freedesktop.systemd1.Manager"
_UNIT = "org.freedesktop.systemd1.Unit"
_SERVICE = "org.freedesktop.systemd1.Service"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_TIMEOUT_MS = 5000
_ORDER_TIMEOUT_MS = 30000
_LAST_LINES = 10
"""Seconds that a unit's last lines may take to reach the journal."""
_LOG_FIELDS = Path("/run/systemd/units/log-extra-fields:")
_ENDED = ("failed", "inactive")

Ended = Callable[[str, Ending], None]


class Systemd:
    """The service manager as s3mountd uses it. ``ended(unit, ending)`` is called once for each watched unit's end."""

    def __init__(self, ended: Ended, changed: Callable[[], None]) -> None:
        self._con: Any = pydbus.SystemBus().con
        self._ended = ended
        self._watched: dict[str, _Watch] = {}
        self._subscribe()
        # PID 1 forgets its subscribers when it is executed anew without their names surviving: ask again.
        self._con.signal_subscribe(_DESTINATION, _MANAGER, "Reloading", _MANAGER_PATH, None,
                                   Gio.DBusSignalFlags.NONE, self._reloaded, changed)

    def _reloaded(self, *arguments: Any) -> None:
        started, changed = arguments[-2].unpack()[0], arguments[-1]
        if not started:
            self._subscribe()
            changed()

    @tenacity.retry(stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_fixed(0.2),
                    retry=tenacity.retry_if_exception_type(MountdError), reraise=True)
    def _subscribe(self) -> None:
        try:
            self._manager("Subscribe", None)
        except MountdError as error:
            if "AlreadySubscribed" not in error.detail:
                raise

    def _call(self, path: str, interface: str, method: str, arguments: Any) -> Any:
        try:
            answer = self._con.call_sync(_DESTINATION, path, interface, method, arguments, None,
                                         Gio.DBusCallFlags.NONE, _TIMEOUT_MS, None)
        except GLib.Error as error:
            raise MountdError("host-refused", f"systemd, {method}: {Gio.DBusError.get_remote_error(error) or ''} "
                                              f"{_plain(error)}".strip()) from error
        return answer.unpack()

    def _manager(self, method: str, arguments: Any) -> Any:
        return self._call(_MANAGER_PATH, _MANAGER, method, arguments)

    def _order(self, method: str, arguments: Any, failed: Callable[[Any], None], descriptors: Any = None,
               taken: Callable[[], None] = lambda: None) -> None:
        """Call the manager without waiting; ``failed(error)`` when it refuses or does not answer, else ``taken()``."""
        def done(connection: Any, result: Any) -> None:
            try:
                connection.call_with_unix_fd_list_finish(result)
            except GLib.Error as error:
                failed(error)
            else:
                taken()

        self._con.call_with_unix_fd_list(_DESTINATION, _MANAGER_PATH, _MANAGER, method, arguments, None,
                                         Gio.DBusCallFlags.NONE, _ORDER_TIMEOUT_MS, descriptors, None, done)

    def start(self, unit: str, properties: Sequence[Property], stdio: Mapping[str, int],
              failed: Callable[[str], None], started: Callable[[], None] = lambda: None) -> None:
        """Start a transient service; ``stdio`` maps Input and Output to descriptors. It is watched from now on.

        Descriptors are duplicated; the caller closes its own. ``failed(text)`` is called when PID 1 refuses, else
        ``started()`` once it has taken the order. Raises ``host-refused`` when descriptors cannot be duplicated.
        """
        descriptors = Gio.UnixFDList.new()
        told = packed(properties)
        try:
            told += [(f"Standard{name}FileDescriptor", GLib.Variant("h", descriptors.append(number)))
                     for name, number in stdio.items()]
        except GLib.Error as error:
            raise MountdError("host-refused", _plain(error)) from error
        self.watch(unit)

        def refused(error: GLib.Error) -> None:
            self.forget(unit)
            # Seen with a full /run (systemd 252): the order is taken, and its own file cannot be found.
            lost = "NoSuchUnit" in (Gio.DBusError.get_remote_error(error) or "")
            failed("systemd cannot keep the unit; is there room in /run?" if lost else _plain(error))

        self._order("StartTransientUnit", GLib.Variant("(ssa(sv)a(sa(sv)))", (unit, "fail", told, [])), refused,
                    descriptors, started)

    def start_again(self, unit: str) -> None:
        """Start a unit that has been stopped and is still known, since others are ordered after it; soon."""
        self._order("StartUnit", GLib.Variant("(ss)", (unit, "fail")), lambda _error: None)

    def set_apart(self, pid: int) -> None:
        """Give a process of the daemon's a scope of its own, soon.

        A process with a thread in an uninterruptible call outlives every signal, and systemd starts no new daemon as
        long as the old one's control group has processes (systemd.kill(5)).
        """
        unit = f"{paths.HELPER_PREFIX}{pid}.scope"
        arguments = GLib.Variant("(ssa(sv)a(sa(sv)))", (unit, "fail", packed(helper_scope(pid)), []))

        def refused(error: GLib.Error) -> None:
            _log.warning(f"the helper process stays with the daemon: {_plain(error)}", code="host-refused")

        self._order("StartTransientUnit", arguments, refused)

    def watch(self, unit: str, *, began: bool = False) -> None:
        """Hear of the unit's end; ``began`` is said of one that is there already, be it only to end."""
        if unit not in self._watched:
            self._watched[unit] = _Watch(self._con, unit, self._unit_ended, began=began)

    def forget(self, unit: str) -> None:
        """Hear no more of the unit."""
        watch = self._watched.pop(unit, None)
        if watch is not None:
            watch.close()

    def _unit_ended(self, unit: str, ending: Ending) -> None:
        self.forget(unit)
        # systemd 252 leaves this file behind for each unit that had LogExtraFields; journald may still read it now.
        GLib.timeout_add_seconds(_LAST_LINES, lambda: _LOG_FIELDS.with_name(f"log-extra-fields:{unit}").unlink(True))
        self._ended(unit, ending)

    def kill(self, unit: str, failed: Callable[[str], None]) -> None:
        """SIGKILL to every process of the unit, soon; a unit that is gone already is fine.

        ``failed(text)`` is called when PID 1 refuses.
        """
        def refused(error: GLib.Error) -> None:
            if "NoSuchUnit" not in (Gio.DBusError.get_remote_error(error) or ""):
                failed(_plain(error))

        self._order("KillUnit", GLib.Variant("(ssi)", (unit, "all", 9)), refused)

    def flush(self) -> None:
        """Send off what was ordered; for when this process ends."""
        with contextlib.suppress(GLib.Error):
            self._con.flush_sync(None)

    def pid(self, unit: str) -> int:
        """The main process of a watched unit, 0 while it is not known. Asks nobody."""
        watch = self._watched.get(unit)
        return watch.pid if watch else 0

    def living(self) -> list[str]:
        """The names of all worker units that have not ended. Raises ``host-refused``."""
        arguments = GLib.Variant("(asas)", ([], [f"{paths.WORKER_PREFIX}*.service"]))
        units = self._manager("ListUnitsByPatterns", arguments)[0]
        return [unit for unit, _, _, active, *_ in units if active not in _ENDED]

    def workers(self) -> list[Worker]:
        """Every worker unit there is, with what it says of itself; watched from now on. Raises ``host-refused``."""
        found = [worker for unit in self.living() if (worker := self._worker(unit)) is not None]
        # One that ended before it was watched would never be heard of.
        living = set(self.living())
        for worker in found:
            if worker.unit not in living:
                self.forget(worker.unit)
        return [worker for worker in found if worker.unit in living]

    def _worker(self, unit: str) -> Worker | None:
        """What the unit says of itself (``core.units.worker.describe``), or None when it is none of ours."""
        try:
            arguments = GLib.Variant("(s)", (_SERVICE,))
            answer = self._call(object_path(unit), _PROPERTIES, "GetAll", arguments)[0]
        except MountdError:
            return None
        said = [*(bytes(field).decode() for field in answer["LogExtraFields"]), *answer["Environment"]]
        fields = dict(line.split("=", 1) for line in said)
        try:
            found = describe(unit, fields)
        except (KeyError, ValueError):
            return None
        self.watch(unit, began=True)
        self._watched[unit].pid = int(answer["MainPID"])
        # The unit carries what its mount was given, which may be in no configuration any more.
        return replace(found, stop_timeout=int(answer["TimeoutStopUSec"]) / 1e6)


class _Watch:
    """One unit's property changes, folded until it has ended."""

    def __init__(self, con: Any, unit: str, ended: Ended, *, began: bool) -> None:
        self._con, self._unit, self._callback = con, unit, ended
        self._seen: dict[str, Any] = {}
        self.pid = 0
        self._began = began
        self._subscription = con.signal_subscribe(
            _DESTINATION, _PROPERTIES, "PropertiesChanged", object_path(unit), None,
            Gio.DBusSignalFlags.NONE, self._signal, None)

    def _signal(self, *arguments: Any) -> None:
        interface, changed, _ = arguments[5].unpack()
        self.pid = int(changed.get("MainPID", self.pid))
        self._seen |= {key: changed[key] for key in ("Result", "ExecMainStatus", "ActiveState") if key in changed}
        # A new unit is announced as inactive, with a process already, before it is activating: that is no end.
        state = self._seen.get("ActiveState", "inactive")
        self._began = self._began or state not in _ENDED
        if interface == _UNIT and self._began and state in _ENDED:
            ending = Ending(str(self._seen.get("Result", "success")), int(self._seen.get("ExecMainStatus", 0)))
            self._callback(self._unit, ending)

    def close(self) -> None:
        self._con.signal_unsubscribe(self._subscription)


def _plain(error: Any) -> str:
    """The error's sentence without the prefix GLib puts before it."""
    return re.sub(r"^GDBus\.Error:\S+: ", "", str(error.message))

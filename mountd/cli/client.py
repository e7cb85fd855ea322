"""The daemon as seen from the command line: bounded calls on the system bus, errors with a code.

This speaks D-Bus by Gio itself and not by pydbus, the daemon's library: pydbus asks for an introspection
before each first call and cannot forbid the bus to start the daemon just because somebody asks how it is.
One ``Status`` as a whole process took 48 ms with pydbus and 35 ms so (median of 20, two cores, Debian 12;
Python alone 9 ms).
"""

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

from gi.repository import Gio, GLib

from mountd.cli import screen
from mountd.core.verdict import Document
from mountd.words import paths
from mountd.words.errors import FAULTS, MountdError

CALL_LIMIT = 5.0
"""Seconds until a call is given up: a daemon whose loop turns answers in milliseconds."""
PERSON_LIMIT = 125.0
"""Seconds until an order is given up: polkit may ask a person for a password, for which the daemon allows 120 s."""
LOOK_AGAIN = 1.0
"""Seconds between looks while waiting, for the case that a signal was missed."""

_SCHEMA = 1
_OVERLOOKED_MS = 200

_BUS_ERRORS = {
    "org.freedesktop.DBus.Error.ServiceUnknown": "s3mountd is not running",
    "org.freedesktop.DBus.Error.NameHasNoOwner": "s3mountd is not running",
    "org.freedesktop.DBus.Error.NoReply": "s3mountd went away during the call",
    "org.freedesktop.DBus.Error.Disconnected": "the system bus went away",
    "org.freedesktop.DBus.Error.UnknownMethod": "s3mountd is still starting, or of another version",
    "org.freedesktop.DBus.Error.UnknownInterface": "s3mountd is still starting, or of another version",
    "org.freedesktop.DBus.Error.UnknownObject": "s3mountd is still starting",
}
"""What the bus's own errors mean here (names: D-Bus specification, "Error names" and dbus-protocol.h)."""
_BY_BUS_NAME = {fault.bus_name: fault.code for fault in FAULTS.values()}


Wait = Callable[[float], list[tuple[str, str]]]


def _connected(limit: float) -> Gio.DBusConnection:
    """The system bus; a bus that is stopped takes connections and never answers, and GIO would wait for ever."""
    over = Gio.Cancellable()
    # Of all that GIO has, only a cancellable may be used from another thread (its documentation).
    timer = threading.Timer(limit, over.cancel)
    timer.daemon = True
    timer.start()
    try:
        return Gio.bus_get_sync(Gio.BusType.SYSTEM, over)
    except GLib.Error as error:
        why = f"it does not answer for {limit:g} s" if over.is_cancelled() else error.message
        raise MountdError("daemon-unreachable", f"no system bus ({why})") from error
    finally:
        timer.cancel()


class Client:
    """One connection to the daemon. Every method raises ``MountdError``; those that look return within ``limit``.

    Look before giving an order: that a daemon hangs is then known soon.
    """

    def __init__(self, limit: float = CALL_LIMIT) -> None:
        self._limit = limit
        self._bus = _connected(limit)
        self._bus.set_exit_on_close(False)

    def status_text(self) -> str:
        """The status document, byte for byte as the daemon made it."""
        return str(self._call("Status"))

    def status(self) -> Document:
        """The status document, decoded."""
        return self.decoded(self.status_text())

    @staticmethod
    def decoded(text: str) -> Document:
        """Raises ``daemon-unreachable`` for a document that this version cannot read."""
        document: Document = json.loads(text)
        schema = document.get("schema", _SCHEMA)
        if schema != _SCHEMA:
            text = f"its answer has schema {schema}, this program reads {_SCHEMA}"
            raise MountdError("daemon-unreachable", text)
        return document

    def plan(self) -> Document:
        """What a reload would do now, decoded."""
        return self.decoded(str(self._call("Plan")))

    def history_text(self, name: str) -> str:
        """The history document of one mount, without a name of all, byte for byte; raises ``no-such-mount``."""
        return str(self._call("History", GLib.Variant("(s)", (name,))))

    def history(self, name: str) -> Document:
        """The same, decoded."""
        return self.decoded(self.history_text(name))

    def act(self, method: str, name: str) -> None:
        """Ask for ``Start``, ``Stop``, ``Restart``, ``RemoveMount``: the outcome shows in the status later."""
        self._order(method, GLib.Variant("(s)", (name,)))

    def add_mount(self, section: str) -> str:
        """Put one ``[[mount]]``, as TOML, on the caller's own list; gives the mount's name."""
        return str(self._order("AddMount", GLib.Variant("(s)", (section,))))

    def change_mount(self, name: str, section: str) -> str:
        """Put one ``[[mount]]``, as TOML, in the place of one on the caller's own list; gives the mount's name."""
        return str(self._order("ChangeMount", GLib.Variant("(ss)", (name, section))))

    def reload(self) -> None:
        """Read the configuration again; ``config-invalid`` carries one fault a line."""
        self._order("Reload")

    def follow(self, done: Callable[[Document], bool], limit: float) -> Document:
        """Look at the status until ``done`` says so or ``limit`` seconds are over; returns the last document.

        A daemon that is away for a moment (restart, upgrade) is waited for; the error is raised at the end.
        """
        ends = GLib.get_monotonic_time() + int(limit * 1e6)
        with screen.postponed_ends() as ended, self.news(ended) as wait:
            while not ended:
                left = (ends - GLib.get_monotonic_time()) / 1e6
                try:
                    document = self.status()
                    if done(document) or left <= 0:
                        return document
                except MountdError as error:
                    if error.fault.code != "daemon-unreachable" or left <= 0:
                        raise
                wait(min(LOOK_AGAIN, left))
        raise KeyboardInterrupt

    @contextlib.contextmanager
    def news(self, ended: Sequence[int] = (), out: TextIO | None = None) -> Iterator[Wait]:
        """Give ``wait(seconds)``: what turned meanwhile, at once when something does, or when ``ended`` is not empty.

        ("", "") stands for the daemon that comes or goes. Waiting raises BrokenPipeError when nobody reads ``out`` any
        more.
        """
        context = GLib.MainContext.default()
        heard: list[tuple[str, str]] = []
        gone: list[bool] = []
        subscriptions = self._subscribed(heard)

        # A pipe whose reader has gone says so (poll(2), POLLERR); a stream that is silent would not notice.
        def unread(*_: Any) -> bool:
            gone.append(True)
            return bool(GLib.SOURCE_REMOVE)

        reader = GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, out.fileno(), GLib.IOCondition.ERR, unread) if out else 0

        def wait(seconds: float) -> list[tuple[str, str]]:
            over: list[bool] = []
            timer = GLib.timeout_add(max(1, int(seconds * 1000)), lambda: over.append(True))
            while not (heard or over or gone or ended):
                context.iteration(True)
            if not over:
                GLib.source_remove(timer)
            if gone:
                raise BrokenPipeError
            found = heard.copy()
            heard.clear()
            return found

        try:
            yield wait
        finally:
            if reader and not gone:
                GLib.source_remove(reader)
            for subscription in subscriptions:
                self._bus.signal_unsubscribe(subscription)

    def _subscribed(self, heard: list[tuple[str, str]]) -> list[int]:
        """Have what turns, and the daemon's coming and going, added to a list."""
        def changed(*signal: Any) -> None:
            heard.append(signal[5].unpack())

        def owner(*_: Any) -> None:
            heard.append(("", ""))

        return [
            self._bus.signal_subscribe(paths.BUS_NAME, paths.INTERFACE, "Changed", paths.OBJECT_PATH, None,
                                       Gio.DBusSignalFlags.NONE, changed),
            self._bus.signal_subscribe("org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
                                       "/org/freedesktop/DBus", paths.BUS_NAME, Gio.DBusSignalFlags.NONE, owner)]

    def _order(self, method: str, arguments: Any = None) -> Any:
        """Root is not asked by polkit; everybody else may be asked for a password meanwhile."""
        return self._call(method, arguments, PERSON_LIMIT if os.geteuid() else self._limit)

    def _call(self, method: str, arguments: Any = None, limit: float | None = None) -> Any:
        limit = limit or self._limit
        answers: list[Any] = []
        # Not call_sync: in it Python does not see Ctrl-C before the time is over.
        self._bus.call(
            paths.BUS_NAME, paths.OBJECT_PATH, paths.INTERFACE, method, arguments, None,
            Gio.DBusCallFlags.NO_AUTO_START, int(limit * 1000), None, lambda _bus, answer: answers.append(answer))
        with screen.postponed_ends() as ended:
            # A signal just before the wait does not end it.
            tick = GLib.timeout_add(_OVERLOOKED_MS, lambda: bool(GLib.SOURCE_CONTINUE))
            while not answers and not ended:
                GLib.MainContext.default().iteration(True)
            GLib.source_remove(tick)
        if not answers:
            raise KeyboardInterrupt
        try:
            reply = self._bus.call_finish(answers[0])
        except GLib.Error as error:
            raise _explained(error, limit) from error
        values = reply.unpack()
        return values[0] if values else None


def _explained(error: Any, limit: float) -> MountdError:
    """The bus's error as one of the table's."""
    name = Gio.DBusError.get_remote_error(error) or ""
    # Gio.DBusError.strip_remote_error changes a copy when called from Python.
    message = error.message.removeprefix(f"GDBus.Error:{name}: ")
    if name in _BY_BUS_NAME:
        code = _BY_BUS_NAME[name]
        return MountdError(code, _detail(FAULTS[code].sentence, message))
    if error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT):
        return MountdError("daemon-unreachable", f"no answer within {limit:g} s, it may hang")
    if error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CLOSED):
        return MountdError("daemon-unreachable", "the system bus went away")
    if name == "org.freedesktop.DBus.Error.AccessDenied":
        return MountdError("not-permitted", "the system bus refuses the call")
    if name in _BUS_ERRORS:
        return MountdError("daemon-unreachable", _BUS_ERRORS[name])
    return MountdError("host-refused", f"{name}: {message}" if name else message)


def _detail(sentence: str, message: str) -> str:
    """What the daemon put into the sentence: it sends the whole, readable for every other client."""
    before, _, after = sentence.partition("{detail}")
    return message.removeprefix(before).removesuffix(after)

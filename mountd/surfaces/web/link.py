"""The daemon as the status pages see it: one question at a time, a bound on every answer, news of every turn."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from gi.repository import Gio, GLib

from mountd.core.status import SCHEMA
from mountd.core.verdict import Document
from mountd.words import paths

_log: Any = structlog.get_logger()

LIMIT = 2.0
"""Seconds that the daemon may take; a loop that turns answers in milliseconds."""
_FRESH = 0.25
"""Seconds for which an answer is given again instead of asking, unless a mount has turned meanwhile."""
_RENEW = 300.0
"""Seconds after which a question that was never answered is asked anew. Not before: the bus keeps each in a queue."""
_RECONNECT_MS = 2000

_WORDS = {
    "org.freedesktop.DBus.Error.ServiceUnknown": "s3mountd is not running",
    "org.freedesktop.DBus.Error.NameHasNoOwner": "s3mountd is not running",
    "org.freedesktop.DBus.Error.NoReply": "s3mountd went away during the question",
    "org.freedesktop.DBus.Error.UnknownMethod": "s3mountd is still starting",
    "org.freedesktop.DBus.Error.AccessDenied": "the system bus refuses the question",
}
"""What the bus's own errors mean here (D-Bus specification and dbus-protocol.h)."""


@dataclass(frozen=True)
class Answer:
    """The status document: its text as the daemon made it, decoded, and when it came (seconds since the epoch)."""

    text: str
    document: Document
    at: float


@dataclass(frozen=True)
class Silence:
    """No answer, and why."""

    why: str


Heard = Callable[[Answer | Silence], None]


class Link:
    """Asks the daemon. ``turned(name, json)`` tells of each ``Changed``, ``turned("", "")`` that it has come or gone,
    ``fresh(connection, document)`` of each answer.

    There is never more than one question on the way, however many ask: a daemon that hangs is not buried under them.
    """

    def __init__(self, turned: Callable[[str, str], None],
                 fresh: Callable[[Any, Document], None] = lambda _con, _document: None) -> None:
        self._turned, self._told = turned, fresh
        self._con: Any = None
        self._why_away = "the system bus has not been reached yet"
        self._asked: float | None = None
        self._sent_at = 0
        self._question = 0
        self._turn = 0
        self._waiting: list[Heard] = []
        self._late: list[Heard] = []
        self._fresh: tuple[int, float] = (-1, 0.0)
        self.last: Answer | None = None
        self._connect()

    def ask(self, heard: Heard) -> None:
        """Call ``heard`` within ``LIMIT`` seconds, perhaps at once."""
        now = time.monotonic()
        if self._con is None:
            heard(Silence(self._why_away))
        elif self.last is not None and self._fresh[0] == self._turn and now - self._fresh[1] < _FRESH:
            heard(self.last)
        elif self._asked is None or now - self._asked > _RENEW:
            self._waiting.append(heard)
            self._call()
        elif now - self._asked >= LIMIT:
            heard(Silence(f"s3mountd has not answered for {now - self._asked:.0f} s; it hangs"))
        else:
            # The answer on its way may be older than what this caller was told of.
            (self._waiting if self._sent_at == self._turn else self._late).append(heard)

    # The bus

    def _connect(self) -> bool:
        # Not the process's common connection: that one stays closed once it was.
        Gio.DBusConnection.new_for_address(
            Gio.dbus_address_get_for_bus_sync(Gio.BusType.SYSTEM, None),
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION,
            None, None, self._connected)
        return bool(GLib.SOURCE_REMOVE)

    def _connected(self, _source: Any, result: Any) -> None:
        try:
            con = Gio.DBusConnection.new_for_address_finish(result)
        except GLib.Error as error:
            self._why_away = f"the system bus is away ({error.message})"
            GLib.timeout_add(_RECONNECT_MS, self._connect)
            return
        con.set_exit_on_close(False)
        con.connect("closed", self._closed)
        con.signal_subscribe(paths.BUS_NAME, paths.INTERFACE, "Changed", paths.OBJECT_PATH, None,
                             Gio.DBusSignalFlags.NONE, self._changed)
        self._con = con
        Gio.bus_watch_name_on_connection(con, paths.BUS_NAME, Gio.BusNameWatcherFlags.NONE,
                                         lambda *_: self._came_or_went(), lambda *_: self._came_or_went())

    def _closed(self, *_arguments: Any) -> None:
        self._con, self._asked, self._why_away = None, None, "the system bus went away"
        self._hear(Silence("the system bus went away"))
        self._came_or_went()
        GLib.timeout_add(_RECONNECT_MS, self._connect)

    def _changed(self, *arguments: Any) -> None:
        self._turn += 1
        name, document = arguments[5].unpack()
        self._turned(name, document)

    def _came_or_went(self) -> None:
        self._turn += 1
        self._turned("", "")

    # The question

    def _call(self) -> None:
        self._question += 1
        self._asked, self._sent_at = time.monotonic(), self._turn
        # No limit here: giving up a call does not take it out of the daemon's queue. The limit is on who waits for it.
        self._con.call(paths.BUS_NAME, paths.OBJECT_PATH, paths.INTERFACE, "Status", None, GLib.VariantType("(s)"),
                       Gio.DBusCallFlags.NO_AUTO_START, GLib.MAXINT, None, self._answered, self._question)
        GLib.timeout_add(int(LIMIT * 1000), self._overdue, self._question)

    def _answered(self, con: Any, result: Any, question: int) -> None:
        try:
            heard = self._decoded(con.call_finish(result).unpack()[0])
        except GLib.Error as error:
            name = Gio.DBusError.get_remote_error(error) or ""
            heard = Silence(_WORDS.get(name, error.message))
        if question != self._question or con is not self._con:
            return
        self._asked = None
        if isinstance(heard, Answer):
            self.last, self._fresh = heard, (self._sent_at, time.monotonic())
            self._told(con, heard.document)
        late, self._late = self._late, []
        self._hear(heard)
        if late:
            self._waiting = late
            self._call()

    @staticmethod
    def _decoded(text: str) -> Answer | Silence:
        try:
            document = json.loads(text)
            schema = document["schema"]
        except (ValueError, TypeError, KeyError):
            return Silence("the answer of s3mountd cannot be read")
        if schema != SCHEMA:
            return Silence(f"s3mountd is of another version (schema {schema}, not {SCHEMA}); restart {paths.HTTP_UNIT}")
        return Answer(text, document, time.time())

    def _overdue(self, question: int) -> bool:
        if question == self._question and self._asked is not None:
            self._hear(Silence(f"s3mountd has not answered for {LIMIT:g} s"))
        return bool(GLib.SOURCE_REMOVE)

    def _hear(self, heard: Answer | Silence) -> None:
        waiting, self._waiting = self._waiting, []
        if isinstance(heard, Silence):
            waiting, self._late = [*waiting, *self._late], []
        for one in waiting:
            try:
                one(heard)
            except Exception:  # noqa: BLE001  a fault with one of them must not keep the answer from the others
                _log.exception("one who asked could not be answered")

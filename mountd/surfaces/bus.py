"""The daemon on the system bus: ``org.s3mountd1``. Reading is free; changing asks polkit, without blocking the loop.

Registered with Gio through pydbus's connection rather than by pydbus's ``publish``: an answer has to wait for polkit,
which may ask a person, and pydbus answers only synchronously and with error names of its own.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import pydbus
import structlog
from gi.repository import Gio, GLib

from mountd.core.messages import Cause
from mountd.core.reasons import reason
from mountd.words import paths
from mountd.words.errors import MountdError

_log: Any = structlog.get_logger()
_XML = f"""
<node>
  <interface name="{paths.INTERFACE}">
    <method name="Status"><arg type="s" name="document" direction="out"/></method>
    <method name="Plan"><arg type="s" name="document" direction="out"/></method>
    <method name="History"><arg type="s" name="name" direction="in"/><arg type="s" name="document" direction="out"/>
    </method>
    <method name="Start"><arg type="s" name="name" direction="in"/></method>
    <method name="Stop"><arg type="s" name="name" direction="in"/></method>
    <method name="Restart"><arg type="s" name="name" direction="in"/></method>
    <method name="Check"><arg type="s" name="name" direction="in"/></method>
    <method name="AddMount"><arg type="s" name="section" direction="in"/><arg type="s" name="name" direction="out"/>
    </method>
    <method name="ChangeMount"><arg type="s" name="name" direction="in"/><arg type="s" name="section" direction="in"/>
      <arg type="s" name="name" direction="out"/></method>
    <method name="RemoveMount"><arg type="s" name="name" direction="in"/></method>
    <method name="Reload"/>
    <signal name="Changed"><arg type="s" name="name"/><arg type="s" name="document"/></signal>
  </interface>
</node>
"""
_POLKIT_TIMEOUT_MS = 120_000
_ALLOW_INTERACTION = 1


class Manager(Protocol):
    """What the bus offers, as the reconciler does it; documents are JSON, failures MountdError."""

    def status(self) -> str:
        """The status document."""

    def plan(self) -> str:
        """The plan document."""

    def history(self, name: str) -> str:
        """The history document of one mount, of all without a name."""

    def start(self, name: str) -> None:
        """Mount, or try again at once."""

    def stop(self, name: str) -> None:
        """Unmount and stay so."""

    def restart(self, name: str) -> None:
        """A fresh worker."""

    def check(self, name: str) -> None:
        """Look and probe now."""

    def reload(self) -> None:
        """Take the configuration's files on."""


class Users(Protocol):
    """What users may do to mounts of their own. Failures are MountdError."""

    def permits(self, uid: int, name: str, *, on_list: bool) -> bool:
        """May this user give orders to that mount, or take it off a list, without polkit?"""

    def add(self, uid: int, text: str) -> str:
        """One ``[[mount]]`` more for this user; the mount's name."""

    def change(self, uid: int, name: str, text: str) -> str:
        """One ``[[mount]]`` in the place of one of that user's; the mount's name."""

    def remove(self, name: str) -> None:
        """That user's mount is no more."""


class Bus:
    """The name, the object and the signal. ``lost()`` is called when the bus goes away or the name is not ours."""

    def __init__(self, lost: Callable[[str], None]) -> None:
        self._con: Any = pydbus.SystemBus().con
        # The reply to a vanished bus is ours to give: the default is to exit without a word.
        self._con.set_exit_on_close(False)
        self._con.connect("closed", lambda *_: lost("the system bus went away"))

    def claim(self) -> bool:
        """Become the one daemon of this machine; False when another one is."""
        do_not_queue, primary_owner = 4, 1
        answer = self._con.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
            GLib.Variant("(su)", (paths.BUS_NAME, do_not_queue)), None, Gio.DBusCallFlags.NONE, 5000, None)
        return bool(answer.unpack()[0] == primary_owner)

    def publish(self, manager: Manager, users: Users) -> None:
        """Offer the interface."""
        free: dict[str, Callable[..., str | None]] = {
            "Status": manager.status, "Plan": manager.plan, "History": manager.history}
        guarded: dict[str, Callable[..., str | None]] = {
            "Start": manager.start, "Stop": manager.stop, "Restart": manager.restart,
            "Check": manager.check, "Reload": manager.reload, "RemoveMount": users.remove}

        # Of the caller's own list, whatever polkit says.
        personal: dict[str, Callable[..., str]] = {"AddMount": users.add, "ChangeMount": users.change}

        def own(uid: int, method: str, arguments: tuple[str, ...]) -> bool:
            return method != "Reload" and users.permits(uid, *arguments, on_list=method == "RemoveMount")

        def call(*call: Any) -> None:
            _con, sender, _path, _interface, method, arguments, reply = call
            if method in free:
                _answer(reply, free[method], arguments.unpack())
            elif method in personal:
                self._as_whom(sender, lambda uid: _answer(reply, partial(_by_somebody, uid, personal[method]),
                                                          arguments.unpack()))
            else:
                said = arguments.unpack()
                self._authorized(sender, reply, lambda uid: own(uid, method, said),
                                 lambda: _answer(reply, guarded[method], said))

        info = Gio.DBusNodeInfo.new_for_xml(_XML).interfaces[0]
        self._con.register_object(paths.OBJECT_PATH, info, call, None, None)

    def changed(self, name: str, document: str) -> None:
        """Tell everybody of a mount's turn."""
        self._con.emit_signal(None, paths.OBJECT_PATH, paths.INTERFACE, "Changed",
                              GLib.Variant("(ss)", (name, document)))

    def _authorized(self, sender: str, reply: Any, own: Callable[[int], bool], act: Callable[[], None]) -> None:
        """Call ``act`` if the mount is the sender's ``own``, or polkit lets them manage all mounts; root needs no
        polkit, which may not be installed."""
        def known(uid: int | None) -> None:
            if uid == 0 or (uid is not None and own(uid)):
                act()
                return
            subject = ("system-bus-name", {"name": GLib.Variant("s", sender)})
            question = GLib.Variant("((sa{sv})sa{ss}us)",
                                    (subject, paths.POLKIT_MANAGE, {}, _ALLOW_INTERACTION, ""))
            self._con.call("org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
                           "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization", question, None,
                           Gio.DBusCallFlags.NONE, _POLKIT_TIMEOUT_MS, None, judged)

        def judged(con: Any, result: Any) -> None:
            verdict = _finished(con, result, None)
            if verdict is not None and verdict[0][0]:
                act()
            else:
                _refuse(reply, MountdError("not-permitted", "polkit says no" if verdict else "polkit is not there"))

        self._as_whom(sender, lambda uid: _guarded(reply, lambda: known(uid)))

    def _as_whom(self, sender: str, act: Callable[[int | None], None]) -> None:
        """Call ``act`` with the uid of the sender, which the bus has from the kernel; None when it has gone."""
        def told(con: Any, result: Any) -> None:
            answer = _finished(con, result, None)
            act(int(answer[0]) if answer is not None else None)

        self._con.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                       "GetConnectionUnixUser", GLib.Variant("(s)", (sender,)), None,
                       Gio.DBusCallFlags.NONE, 5000, None, told)


def _by_somebody(uid: int | None, act: Callable[..., str], *words: str) -> str:
    if uid is None:
        raise MountdError("not-permitted", "the caller has gone")
    return act(uid, *words)


def _finished(con: Any, result: Any, otherwise: Any) -> Any:
    try:
        return con.call_finish(result).unpack()
    except GLib.Error:
        return otherwise


def _answer(reply: Any, function: Callable[..., str | None], arguments: tuple[str, ...]) -> None:
    def call() -> None:
        value = function(*arguments)
        reply.return_value(GLib.Variant("(s)", (value,)) if value is not None else None)

    _guarded(reply, call)


def _guarded(reply: Any, call: Callable[[], None]) -> None:
    """No caller is left without a reply, whatever is raised."""
    try:
        call()
    except MountdError as error:
        _refuse(reply, error)
    except Exception as error:  # noqa: BLE001  a fault of ours must not leave the caller without a reply
        _log.exception("a call on the bus failed")
        _refuse(reply, MountdError("host-refused", f"{type(error).__name__}: {error}"))


def _refuse(reply: Any, error: MountdError) -> None:
    sentence = reason(Cause(error.fault.code, error.detail)).text
    text = error.detail if error.fault.code == "config-invalid" else sentence
    reply.return_dbus_error(error.fault.bus_name, text)

"""A FAKE of the daemon on a private bus, for tests of the client: serves canned documents and mounts nothing.

    fake_manager.py STATUS.json [PLAN.json] [--after JSON] [--hang] [--refuse NAME TEXT]

``--after`` holds, by mount, what its entry is updated with once it was started, stopped or restarted: first to
"mounting", a moment later, with a ``Changed`` signal, to these values. ``--hang`` answers nothing at all.
``--refuse`` answers orders with that D-Bus error. Prints "ready" when it has its name, "asked" when it has told its
status.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from gi.repository import Gio, GLib

from mountd.words import paths

XML = f"""
<node><interface name="{paths.INTERFACE}">
  <method name="Status"><arg type="s" direction="out"/></method>
  <method name="Plan"><arg type="s" direction="out"/></method>
  <method name="History"><arg type="s" direction="in"/><arg type="s" direction="out"/></method>
  <method name="Start"><arg type="s" direction="in"/></method>
  <method name="Stop"><arg type="s" direction="in"/></method>
  <method name="Restart"><arg type="s" direction="in"/></method>
  <method name="Check"><arg type="s" direction="in"/></method>
  <method name="Reload"/>
  <signal name="Changed"><arg type="s"/><arg type="s"/></signal>
</interface></node>"""
MOMENT_MS = 200


class FakeManager:
    """Canned answers; the only behaviour is that an order changes its mount a moment later."""

    def __init__(self, args: argparse.Namespace) -> None:
        self._args = args
        self._status = Path(args.status).read_text(encoding="utf-8")
        self._plan = Path(args.plan).read_text(encoding="utf-8") if args.plan else "{}"
        self._after: dict[str, Any] = json.loads(args.after)

    def registered(self, bus: Any, _name: str) -> None:
        """Put the object on the bus."""
        self._bus = bus
        bus.register_object(paths.OBJECT_PATH, Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0], self._called)

    def _called(self, _bus: Any, _sender: str, _path: str, _interface: str, method: str, arguments: Any,
                invocation: Any) -> None:
        if self._args.hang:
            time.sleep(3600)
        if method == "Status":
            invocation.return_value(GLib.Variant("(s)", (self._status,)))
            # Else who kills this process on reading the line may kill it before the answer has left it.
            self._bus.flush_sync(None)
            print("asked", flush=True)
        elif method == "Plan":
            invocation.return_value(GLib.Variant("(s)", (self._plan,)))
        elif method == "History":
            invocation.return_value(GLib.Variant("(s)", (self._history(*arguments.unpack()),)))
        elif self._args.refuse:
            invocation.return_dbus_error(*self._args.refuse)
        else:
            invocation.return_value(None)
            for name in arguments.unpack() or self._after:
                self._change(name, {"state": "mounting", "health": "unknown"})
                GLib.timeout_add(MOMENT_MS, self._change, name, self._after.get(name, {}))

    def _history(self, name: str) -> str:
        path = Path(__file__).resolve().parents[1] / "unit/cli/documents/history.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        canned = {mount["name"]: mount for mount in document["mounts"]}
        names = [mount["name"] for mount in json.loads(self._status)["mounts"] if name in ("", mount["name"])]
        document["mounts"] = [{**canned.get(one, canned["erdos"]), "name": one} for one in names]
        return json.dumps(document)

    def _change(self, name: str, values: dict[str, Any]) -> None:
        document = json.loads(self._status)
        for mount in document["mounts"]:
            if mount["name"] == name:
                mount.update(values)
                self._bus.emit_signal(None, paths.OBJECT_PATH, paths.INTERFACE, "Changed",
                                      GLib.Variant("(ss)", (name, json.dumps(mount))))
        self._status = json.dumps(document)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("status")
    parser.add_argument("plan", nargs="?")
    parser.add_argument("--after", default="{}")
    parser.add_argument("--hang", action="store_true")
    parser.add_argument("--refuse", nargs=2)
    fake = FakeManager(parser.parse_args())
    Gio.bus_own_name(Gio.BusType.SYSTEM, paths.BUS_NAME, Gio.BusNameOwnerFlags.NONE, fake.registered,
                     lambda *_: print("ready", flush=True),
                     lambda *_: sys.exit("no bus, or the name is taken"))
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()

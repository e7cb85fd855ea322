"""A STAND-IN of a desktop's notification server on a private bus, for tests: shows nothing, writes down every call.

    notification_server.py [CAPABILITY...]

Prints "ready" when it has its name, then a line of JSON for each call: method and arguments. Ids count from 1.
"""

import json
import sys
from typing import Any

from gi.repository import Gio, GLib

NAME, PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
XML = f"""
<node><interface name="{NAME}">
  <method name="GetCapabilities"><arg type="as" direction="out"/></method>
  <method name="Notify">
    <arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
    <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
    <arg type="a{{sv}}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/>
  </method>
  <method name="CloseNotification"><arg type="u" direction="in"/></method>
</interface></node>"""
WORDS = ("app", "replaces", "icon", "summary", "body", "actions", "hints", "expires")


def main() -> None:
    """Serve until killed."""
    given = 0

    def called(*call: Any) -> None:
        nonlocal given
        method, arguments, invocation = call[4], call[5].unpack(), call[6]
        if method == "GetCapabilities":
            invocation.return_value(GLib.Variant("(as)", (sys.argv[1:],)))
            return
        if method == "CloseNotification":
            said, answer = {"closes": arguments[0]}, None
        else:
            said = dict(zip(WORDS, arguments, strict=True))
            given = said["replaces"] or given + 1
            said["id"], answer = given, GLib.Variant("(u)", (given,))
        print(json.dumps(said), flush=True)
        invocation.return_value(answer)

    bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
    bus.register_object(PATH, Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0], called, None, None)
    Gio.bus_own_name_on_connection(bus, NAME, Gio.BusNameOwnerFlags.NONE, lambda *_: print("ready", flush=True), None)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()

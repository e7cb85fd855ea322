"""Runs a command as a user in a session of logind; given to Python inside a machine: USER SEAT COMMAND...

SEAT is ``seat0`` for somebody who sits at the machine, ``-`` for somebody who does not.
"""

import os
import pwd
import subprocess
import sys

from gi.repository import Gio, GLib


def main() -> None:
    """Exit as the command does."""
    user, seat, *command = sys.argv[1:]
    entry = pwd.getpwnam(user)
    bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
    # What pam_systemd asks of logind (pam_systemd.c): there the login of a display manager begins.
    asked = GLib.Variant("(uusssssussbssa(sv))", (
        entry.pw_uid, os.getpid(), "gdm", "wayland", "user", "", seat.replace("-", ""), 0, "", "",
        seat == "-", "", "" if seat != "-" else "far.example", []))
    _, held = bus.call_with_unix_fd_list_sync(
        "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager", "CreateSession", asked,
        None, Gio.DBusCallFlags.NONE, 10_000, None, None)
    # The session lasts as long as the descriptor that came with the answer.
    assert held is not None

    def become() -> None:
        os.initgroups(user, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)

    done = subprocess.run(command, preexec_fn=become, check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()

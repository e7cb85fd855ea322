"""s3mountd-http: the status pages as a process; without privileges, with a loop of its own."""

import argparse
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from mountd import __version__
from mountd.core import listen
from mountd.core.units.http import MISSING_PARTS, WRONG_USAGE

_HOSTS = Path("/etc/hosts")


def _arguments(argv: list[str] | None) -> listen.Listen | str:
    """Where to listen, or what is wrong with the command line."""
    parser = argparse.ArgumentParser(prog="s3mountd-http", description="Show the status of s3mountd over HTTP.")
    parser.add_argument("--listen", metavar="ADDRESS", default=listen.EXAMPLE,
                        help="address and port, or the path of a unix socket (default: %(default)s)")
    parser.add_argument("--version", action="version", version=f"s3mountd-http {__version__}")
    try:
        options = parser.parse_args(argv)
    except SystemExit as wrong:
        if wrong.code:
            return "see --help"
        raise
    try:
        return listen.parse(options.listen) or "there is nothing to listen on"
    except listen.WrongAddressError as wrong_address:
        return f"--listen {wrong_address.text}; {wrong_address.hint}"


def _names(wanted: listen.Listen) -> frozenset[str]:
    """The names that callers from elsewhere may use for this machine; nobody needs one for loopback."""
    from mountd.surfaces.web.checks import own_names  # noqa: PLC0415  see _missing

    if wanted.local:
        return frozenset()
    hosts = _HOSTS.read_text("utf-8", "replace") if _HOSTS.is_file() else ""
    return own_names(socket.gethostname(), hosts)


def _missing() -> str:
    """What is not installed; the package only recommends it."""
    try:
        import gi  # noqa: PLC0415

        gi.require_version("Soup", "3.0")
    except ValueError:
        return "gir1.2-soup-3.0"
    try:
        import prometheus_client  # noqa: F401, PLC0415
    except ImportError:
        return "python3-prometheus-client"
    return ""


def _serve(wanted: listen.Listen) -> int:
    from gi.repository import GLib  # noqa: PLC0415

    from mountd.surfaces.web.checks import Rules  # noqa: PLC0415
    from mountd.surfaces.web.routes import Routes  # noqa: PLC0415
    from mountd.system import journal, notify  # noqa: PLC0415

    journal.set_up("info")
    loop = GLib.MainLoop()
    try:
        routes = Routes(Rules(wanted, _names(wanted)), socket.gethostname())
    except GLib.Error as error:
        return _say(f"cannot listen on {wanted}: {error.message}", 1)

    def quit_(*_arguments: Any) -> bool:
        loop.quit()
        return bool(GLib.SOURCE_REMOVE)

    def alive() -> bool:
        notify.alive()
        return bool(GLib.SOURCE_CONTINUE)

    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, quit_)
    interval = notify.watchdog_interval()
    if interval is not None:
        GLib.timeout_add(int(interval * 1000), alive)
    notify.ready(f"status pages on {wanted}")
    loop.run()
    del routes
    return 0


def _say(text: str, status: int) -> int:
    sys.stderr.write(f"s3mountd-http: {text}\n")
    return status


def main(argv: list[str] | None = None) -> int:
    """Serve until told to stop. Exit status 64 and 69: see ``core.units.http``."""
    wanted = _arguments(argv)
    if isinstance(wanted, str):
        return _say(wanted, WRONG_USAGE)
    missing = _missing()
    if missing:
        return _say(f"a library is missing; run: apt install {missing}", MISSING_PARTS)
    return _serve(wanted)


if __name__ == "__main__":
    sys.exit(main())

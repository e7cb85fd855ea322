"""The command line's own helper: what may block on a file system, in threads that nobody joins, as its caller."""

import socket
import threading

from mountd.system.answering import Tasks, serve
from mountd.system.host import checks, collecting, figures, folders, keyring

TASKS: Tasks = {
    "keys": keyring.keys_of,
    "figure": figures.figure,
    "checks": checks.names,
    "check": checks.check,
    "folder": folders.answers,
    "fit": folders.fit,
    "parts": collecting.parts,
    "part": collecting.part,
    "scan": collecting.scan,
}


def main() -> None:
    """Answer until the command line hangs up."""
    threading.stack_size(1024 * 1024)
    serve(socket.socket(fileno=0), TASKS)

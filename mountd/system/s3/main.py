"""s3mountd-s3: asks S3 for the daemon, which has no network. Standard input is the line; it ends with it."""

import socket
import threading

from mountd.system.answering import Tasks, serve
from mountd.system.s3.diagnose import diagnose

TASKS: Tasks = {"diagnose": diagnose}


def main() -> None:
    """Answer the daemon until it hangs up."""
    threading.stack_size(1024 * 1024)
    serve(socket.socket(fileno=0), TASKS)

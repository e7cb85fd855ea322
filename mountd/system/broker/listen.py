"""s3mountd-listen: makes a listening socket in the network namespace it is started in, and hands it to the broker.

Standard input is the line on which it goes. The port is the kernel's choice, as the broker's own is: nobody else can
have it as long as somebody asks there.
"""

import socket

_BACKLOG = 128


def main() -> None:
    """Hand it over and end."""
    with socket.socket(fileno=0) as line, socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG) as listener:
        socket.send_fds(line, [b"socket"], [listener.fileno()])

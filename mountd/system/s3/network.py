"""The steps to a store that need no keys: name, connection, TLS, first words. Each raises MountdError or TimeoutError.

Every step has its own limit in seconds, and none leaves anything behind but a thread in the resolver.
"""

import errno
import os
import queue
import selectors
import socket
import ssl
import threading
import time
from typing import Any

from mountd.core import diagnosis
from mountd.core.diagnosis import Target
from mountd.words.errors import MountdError

Address = tuple[Any, ...]
_MOST_ADDRESSES = 6
_GREETING_LIMIT = 16384


def resolve(target: Target, limit: float) -> list[tuple[int, Address]]:
    """Family and address of each way to the host."""
    answers: queue.SimpleQueue[list[tuple[int, Address]] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except OSError as error:
            answers.put(error)
        except UnicodeError:
            answers.put(OSError(0, "not a host name"))
        else:
            answers.put([(family, address) for family, _, _, _, address in found])

    # getaddrinfo(3) knows no deadline; the thread ends when the resolver gives up.
    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=limit)
    except queue.Empty:
        raise MountdError("name-unresolved", f"no answer on {target.host}") from None
    if isinstance(answer, OSError):
        raise MountdError("name-unresolved", f"{target.host}: {answer.strerror}")
    return answer


def connect(addresses: list[tuple[int, Address]], limit: float) -> socket.socket:
    """A connection to the first address that takes one; all are tried at once."""
    selector, failed = selectors.DefaultSelector(), list[int]()
    trying: set[socket.socket] = set()
    end = time.monotonic() + limit
    try:
        for family, address in addresses[:_MOST_ADDRESSES]:
            _begin(selector, trying, failed, family, address)
        while trying and (left := end - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                found = key.fileobj
                assert isinstance(found, socket.socket)
                selector.unregister(found)
                trying.discard(found)
                number = found.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not number:
                    return found
                found.close()
                failed.append(number)
    finally:
        selector.close()
        for one in trying:
            one.close()
    number = errno.ECONNREFUSED if errno.ECONNREFUSED in failed else (failed or [0])[0]
    if trying and number != errno.ECONNREFUSED:
        raise TimeoutError
    cause = diagnosis.of_connect(number, os.strerror(number))
    raise MountdError(cause.code, cause.detail)


def _begin(selector: selectors.BaseSelector, trying: set[socket.socket], failed: list[int], family: int,
           address: Address) -> None:
    one = socket.socket(family, socket.SOCK_STREAM)
    one.setblocking(False)
    number = one.connect_ex(address)
    if number in (0, errno.EINPROGRESS):
        trying.add(one)
        selector.register(one, selectors.EVENT_WRITE)
    else:
        one.close()
        failed.append(number)


def trust(bundle: bytes) -> ssl.SSLContext:
    """A client that trusts the CAs of the bundle, and of the machine only without one, as mount-s3 does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not bundle:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(cadata=bundle.decode("ascii", "replace"))
    except (ssl.SSLError, ValueError) as error:
        raise MountdError("tls-failed", "ca_bundle holds no certificate") from error
    return context


def blind() -> ssl.SSLContext:
    """A client that looks at no certificate: to see what a port speaks, never to send it anything."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def encrypt(channel: socket.socket, context: ssl.SSLContext, host: str, limit: float) -> ssl.SSLSocket:
    """TLS on a connection. Raises ssl.SSLError besides."""
    channel.settimeout(limit)
    return context.wrap_socket(channel, server_hostname=host)


def greet(channel: socket.socket, host: str, limit: float, path: str = "/") -> tuple[int, dict[str, str]]:
    """HEAD of a path: status and headers (names in lower case) of the answer; status 0 for what is no HTTP. Raises
    OSError."""
    channel.settimeout(limit)
    head = f"HEAD {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: s3mountd\r\nConnection: close\r\n\r\n"
    channel.sendall(head.encode())
    said = b""
    while b"\r\n\r\n" not in said and len(said) < _GREETING_LIMIT:
        more = channel.recv(4096)
        if not more:
            break
        said += more
    head, *lines = said.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    words = head.split(" ")
    if not words[0].startswith("HTTP/") or len(words) < 2 or not words[1].isdigit():
        return 0, {}
    fields = (line.partition(":") for line in lines)
    return int(words[1]), {name.lower(): value.strip() for name, _, value in fields}

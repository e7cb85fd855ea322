"""Servers on loopback that are wrong in one way each, and a CA of their own. Made in the test, gone with it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

Answer = Callable[[bytes], bytes]
"""What is said to a request: the head of it as it came, the whole answer."""


@dataclass(frozen=True)
class Authority:
    """A CA that nobody trusts who is not given its certificate."""

    folder: Path

    @property
    def bundle(self) -> bytes:
        """Its certificate, as ca_bundle wants it."""
        return (self.folder / "ca.pem").read_bytes()

    @classmethod
    def make(cls, folder: Path) -> Authority:
        """Write its key and certificate to the folder."""
        _openssl(folder, "req", "-x509", *CURVE, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA")
        return cls(folder)

    def certify(self, name: str, names: str = "IP:127.0.0.1", days: int = 2) -> ssl.SSLContext:
        """A server's context with a certificate for these names; -1 days makes one that has expired."""
        _openssl(self.folder, "req", *CURVE, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}",
                 "-addext", f"subjectAltName={names}")
        _openssl(self.folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                 "-days", str(days), "-copy_extensions", "copyall", "-out", f"{name}.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        return context


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


@dataclass
class Server:
    """One that listens; ``requests`` are the heads that came."""

    port: int
    requests: list[bytes]


@contextlib.contextmanager
def listening(answer: Answer | None, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server on a free port of 127.0.0.1; without ``answer`` it accepts and says nothing, ever."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server, open_ones = Server(listener.getsockname()[1], []), list[socket.socket]()

        def accept() -> None:
            while True:
                try:
                    channel, _ = listener.accept()
                except OSError:
                    return
                open_ones.append(channel)
                if answer is not None:
                    threading.Thread(target=_serve, args=(channel, tls, answer, server), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for channel in open_ones:
                channel.close()


def _serve(channel: socket.socket, tls: ssl.SSLContext | None, answer: Answer, server: Server) -> None:
    # A client that is not content hangs up, in whatever way.
    with contextlib.suppress(OSError), tls.wrap_socket(channel, server_side=True) if tls else channel as line:
        head = b""
        while b"\r\n\r\n" not in head:
            more = line.recv(65536)
            if not more:
                return
            head += more
        server.requests.append(head)
        line.sendall(answer(head))


def closed_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def http(status: int, body: str = "", *, ahead: float = 0.0, fields: Mapping[str, str] | None = None) -> Answer:
    """The same answer to every request; its Date is that of a clock that is ``ahead`` seconds off ours."""
    def answer(_head: bytes) -> bytes:
        lines = {"Date": formatdate(time.time() + ahead, usegmt=True), "Content-Type": "application/xml",
                 "Content-Length": str(len(body.encode())), "Connection": "close", **(fields or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n{body}".encode()

    return answer


def error(code: str, more: str = "") -> str:
    """The body of an error as S3 writes it (Amazon S3 API Reference, "REST error responses")."""
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>about {code}</Message>'
            f"{more}<RequestId>1</RequestId></Error>")


EMPTY = ('<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
         "<Name>b</Name><Prefix></Prefix><KeyCount>0</KeyCount><MaxKeys>1</MaxKeys><IsTruncated>false</IsTruncated>"
         "</ListBucketResult>")
"""A bucket with nothing in it, listed."""

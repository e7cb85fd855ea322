"""Run inside a machine by ``tests.machine.failures``: BACKEND PORT…; a store that is at odds with its callers.

Stands in for AWS, as far as moto does not do it (5.2.5: its tokens never end, it looks at no clock and no region), and
for stores that are full: what they refuse is refused as they do it, on one port each, in the order of RULES; all the
rest is passed on to the S3 server BACKEND (a port of 127.0.0.1) with its signature as it is.
"""

import http.client
import re
import sys
import threading
import time
from datetime import datetime, timezone
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

AHEAD, TOLERATED = 1200.0, 900.0
"""Seconds that one store's clock is ahead, and that S3 lets a signature be off."""
LATER = 2 * 86400.0
HOME = "eu-west-1"
SCOPE = re.compile(r"Credential=[^/]*/[0-9]{8}/([a-z0-9-]+)/s3/")
Refusal = tuple[int, str, str, dict[str, str]]
"""Status, code, message, further fields."""


def expired(request: "Caller") -> "Refusal | None":
    """The session of every token is over."""
    if "x-amz-security-token" not in request.headers:
        return None
    return 400, "ExpiredToken", "The provided token has expired.", {}


def ahead(request: "Caller") -> "Refusal | None":
    """Its clock is 20 minutes ahead, and signatures of another time are not taken."""
    said = request.headers.get("x-amz-date")
    if said is None:
        return None
    signed = datetime.strptime(said, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)  # noqa: UP017 - as Debian has it
    if abs(time.time() + AHEAD - signed.timestamp()) <= TOLERATED:
        return None
    return 403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", {}


def elsewhere(request: "Caller") -> "Refusal | None":
    """The bucket is in another region than the request is signed for."""
    scope = SCOPE.search(request.headers.get("authorization", ""))
    if scope is None or scope[1] == HOME:
        return None
    return (301, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified "
            "endpoint.", {"x-amz-bucket-region": HOME})


def full(request: "Caller") -> "Refusal | None":
    """Its quota is used up, as Ceph RGW says it."""
    if request.command not in ("PUT", "POST") or "renameObject" in request.path:
        return None
    return 403, "QuotaExceeded", "", {}


def plain(request: "Caller") -> "Refusal | None":
    """A general purpose bucket of AWS cannot rename."""
    if request.command != "PUT" or "renameObject" not in request.path:
        return None
    return 501, "NotImplemented", "A header you provided implies functionality that is not implemented.", {}


def later(_request: "Caller") -> None:
    """Its clock is two days ahead, and it does not mind."""


RULES = (expired, ahead, elsewhere, full, plain, later)
CLOCKS = {"ahead": AHEAD, "later": LATER}


class Caller(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    backend = 0
    rule: Any = None

    def log_message(self, *_arguments: Any) -> None:
        pass

    def date(self) -> str:
        return formatdate(time.time() + CLOCKS.get(self.rule.__name__, 0.0), usegmt=True)

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        refusal = type(self).rule(self)
        if refusal is not None:
            self.refuse(*refusal)
            return
        line = http.client.HTTPConnection("127.0.0.1", self.backend, timeout=60)
        try:
            line.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                line.putheader(name, value)
            line.endheaders(body)
            answer = line.getresponse()
            content = answer.read()
        finally:
            line.close()
        self.send_response_only(answer.status)
        self.send_header("Date", self.date())
        for name, value in answer.getheaders():
            if name.lower() not in ("date", "connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        length = answer.getheader("content-length") if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(content)

    def refuse(self, status: int, code: str, message: str, fields: dict[str, str]) -> None:
        body = (f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message>'
                "<RequestId>1</RequestId></Error>").encode()
        self.send_response_only(status)
        for name, value in {"Date": self.date(), "Content-Type": "application/xml", "Content-Length": str(len(body)),
                            **fields}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
    setattr(Caller, f"do_{method}", Caller.serve)

if __name__ == "__main__":
    backend, *ports = map(int, sys.argv[1:])
    callers = (type(rule.__name__, (Caller,), {"backend": backend, "rule": rule}) for rule in RULES)
    servers = [ThreadingHTTPServer(("127.0.0.1", port), caller) for port, caller in zip(ports, callers, strict=True)]
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()

"""A small AWS for test machines: metadata service (version 2), STS, and a store that knows only keys issued here.

Signatures are not looked at; access key, session token and time of the keys are, so that keys which have ended do not
work. Usage: small_aws.py PORT LIFE; LIFE in seconds is how long keys live. The metadata service is on 169.254.169.254,
port 80. ``GET /-/seen`` tells which keys asked the store; ``POST /-/refuse`` makes STS refuse, ``/-/allow`` ends that.
"""

from __future__ import annotations

import datetime
import hashlib
import itertools
import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

BODY = b"hello from a role\n"
ETAG = f'"{hashlib.md5(BODY).hexdigest()}"'  # noqa: S324  what S3 calls an ETag
WHEN = "Sun, 01 Nov 2026 00:00:00 GMT"
BASE = ("AKIDBASE000000000001", "base-secret-0123456789")
METADATA_TOKEN = "metadata-session"


class State:
    """What was issued, and who came with what."""

    def __init__(self, life: float) -> None:
        self.life, self.refuses = life, False
        self.issued: dict[str, tuple[str, float]] = {}
        self.seen: list[str] = []
        self._numbers = itertools.count(1)

    def issue(self) -> dict[str, str]:
        """Fresh keys."""
        number = next(self._numbers)
        ends = time.time() + self.life
        access, token = f"ASIAISSUED{number:010d}", f"planted-token-{number:010d}"
        self.issued[access] = (token, ends)
        until = datetime.datetime.fromtimestamp(ends, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: UP017  3.9
        return {"AccessKeyId": access, "SecretAccessKey": f"planted-secret-{number:010d}", "Token": token,
                "Expiration": until}

    def fault(self, access: str, token: str) -> str:
        """The code of S3 for these keys, empty when they are good."""
        if access == BASE[0]:
            return ""
        if access not in self.issued:
            return "InvalidAccessKeyId"
        right, ends = self.issued[access]
        return "InvalidToken" if token != right else "ExpiredToken" if time.time() > ends else ""


class Door(BaseHTTPRequestHandler):
    """All services; the path tells them apart."""

    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _error(self, status: int, code: str) -> None:
        self.say(status, f"<Error><Code>{code}</Code><Message>said by the test</Message></Error>".encode())

    def do_PUT(self) -> None:
        """A session of the metadata service."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path == "/latest/api/token" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds"):
            self.say(200, METADATA_TOKEN.encode())
        else:
            self._error(403, "AccessDenied")

    def do_POST(self) -> None:
        """STS, and what the test says."""
        state = self.server.state
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode())
        action = form.get("Action", [""])[0]
        if self.path.startswith("/-/"):
            state.refuses = self.path == "/-/refuse"
            self.say(200)
        elif state.refuses or not action.startswith("AssumeRole"):
            body = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
            self.say(403, body.encode())
        else:
            keys = state.issue()
            keys["SessionToken"] = keys.pop("Token")
            inner = "".join(f"<{name}>{value}</{name}>" for name, value in keys.items())
            self.say(200, f"<{action}Response><{action}Result><Credentials>{inner}</Credentials></{action}Result>"
                          f"</{action}Response>".encode(), Content_Type="text/xml")

    def do_HEAD(self) -> None:
        """An object."""
        self.do_GET()

    def do_GET(self) -> None:
        """Metadata, the record, or the store."""
        if self.path.startswith("/latest/"):
            self._metadata()
        elif self.path == "/-/seen":
            self.say(200, json.dumps(self.server.state.seen).encode())
        else:
            self._store()

    def _metadata(self) -> None:
        role = "/latest/meta-data/iam/security-credentials/"
        if self.headers.get("X-aws-ec2-metadata-token") != METADATA_TOKEN:
            self.say(401)
        elif self.path == role:
            self.say(200, b"lab-role")
        elif self.path == f"{role}lab-role":
            self.say(200, json.dumps({"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-11-01T00:00:00Z",
                                      **self.server.state.issue()}).encode())
        else:
            self.say(404)

    def _store(self) -> None:
        state, parts = self.server.state, urlsplit(self.path)
        found = re.search(r"Credential=([^/]+)/", self.headers.get("Authorization", ""))
        access = found[1] if found else ""
        code = state.fault(access, self.headers.get("x-amz-security-token", ""))
        state.seen.append(f"{access} {code or 'ok'}")
        if code:
            self._error(400 if code == "ExpiredToken" else 403, code)
        elif "list-type" in parse_qs(parts.query):
            self._listing(parse_qs(parts.query, keep_blank_values=True))
        elif parts.path.endswith("/hello.txt"):
            self._object()
        else:
            self._error(404, "NoSuchKey")

    def _listing(self, query: dict[str, list[str]]) -> None:
        prefix, most = query.get("prefix", [""])[0], int(query.get("max-keys", ["1000"])[0])
        one = (f"<Contents><Key>hello.txt</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified><ETag>{ETAG}</ETag>"
               f"<Size>{len(BODY)}</Size><StorageClass>STANDARD</StorageClass></Contents>")
        inner = one if most and "hello.txt".startswith(prefix) else ""
        self.say(200, f'<?xml version="1.0"?><ListBucketResult><Name>role-bucket</Name><Prefix>{prefix}</Prefix>'
                      f"<KeyCount>{int(bool(inner))}</KeyCount><MaxKeys>{most}</MaxKeys><IsTruncated>false</IsTruncated>"
                      f"{inner}</ListBucketResult>".encode(), Content_Type="application/xml")

    def _object(self) -> None:
        common = {"ETag": ETAG, "Last_Modified": WHEN, "Accept_Ranges": "bytes"}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked is None:
            self.say(200, BODY, **common)
            return
        first, last = int(asked[1]), min(int(asked[2] or len(BODY) - 1), len(BODY) - 1)
        self.say(206, BODY[first:last + 1], Content_Range=f"bytes {first}-{last}/{len(BODY)}", **common)


class Server(ThreadingHTTPServer):
    """One address."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], state: State) -> None:
        super().__init__(address, Door)
        self.state = state


def main() -> None:
    """Serve until killed."""
    state = State(float(sys.argv[2]))
    metadata = Server(("169.254.169.254", 80), state)
    threading.Thread(target=metadata.serve_forever, daemon=True).start()
    Server(("127.0.0.1", int(sys.argv[1])), state).serve_forever()


if __name__ == "__main__":
    main()

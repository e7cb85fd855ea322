"""A small AWS for test machines, with what moto (``tests.s3.moto``) cannot do of it: keys that end.

The metadata service (version 2 only) on 169.254.169.254, the portal of IAM Identity Center (SSO) and its OIDC service
by their own names over TLS, and on PORT of loopback STS for web identities and a store that knows only keys issued
here. At that store access key, session token and time of the keys are looked at, signatures are not. With ``moto`` the
keys are those of moto's STS, and its S3 looks at all but the time.

Usage: small_aws.py JSON, with ``port``, ``life`` (seconds that keys live), and where wanted ``portal`` (a folder with
server.pem and server.key) and ``moto`` (``endpoint``, ``region``, ``role``, ``access``, ``secret``). ``GET /-/seen``
tells which keys asked the store, ``/-/renewed`` how often an SSO session was renewed; ``POST /-/logout`` ends all SSO
sessions, ``/-/login`` lets them be again.
"""

from __future__ import annotations

import datetime
import hashlib
import itertools
import json
import re
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BODY = b"hello from a role\n"
ETAG = f'"{hashlib.md5(BODY).hexdigest()}"'  # noqa: S324  what S3 calls an ETag
WHEN = "Sun, 01 Nov 2026 00:00:00 GMT"
METADATA_TOKEN, SSO_TOKEN = "metadata-session", "planted-sso-token"
RENEWAL = "planted-sso-renewal-0"
"""The first token with which a session is renewed; each is good once, and the next comes with what it gets."""
RENEWED_FOR = 600
"""Seconds; botocore renews a session that ends within 15 minutes (its tokens.py)."""
PORTAL, OIDC = "portal.sso.eu-west-1.amazonaws.com", "oidc.eu-west-1.amazonaws.com"
"""The hosts that boto3 asks for the keys of an SSO session in that region, and for the session's next token."""


def _sts(moto: dict[str, str]) -> Any:
    import boto3

    return boto3.client("sts", endpoint_url=moto["endpoint"], region_name=moto["region"],
                        aws_access_key_id=moto["access"], aws_secret_access_key=moto["secret"])


class State:
    """What was issued, and who came with what."""

    def __init__(self, life: float, moto: dict[str, str] | None) -> None:
        self.life, self.signed_in = life, True
        self._role = moto["role"] if moto else ""
        # Made here: who asks for metadata waits no longer than two seconds.
        self._sts: Any = _sts(moto) if moto else None
        self.issued: dict[str, tuple[str, float]] = {}
        self.sso_token, self.renewal, self.renewed = SSO_TOKEN, RENEWAL, 0
        self.seen: list[str] = []
        self._numbers = itertools.count(1)

    def issue(self) -> dict[str, str]:
        """Fresh keys."""
        number, ends = next(self._numbers), time.time() + self.life
        keys = self._of_moto() if self._sts else {
            "AccessKeyId": f"ASIAISSUED{number:010d}", "SecretAccessKey": f"planted-secret-{number:010d}",
            "Token": f"planted-token-{number:010d}"}
        self.issued[keys["AccessKeyId"]] = (keys["Token"], ends)
        until = datetime.datetime.fromtimestamp(ends, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: UP017  3.9
        return {**keys, "Expiration": until}

    def _of_moto(self) -> dict[str, str]:
        said = self._sts.assume_role(RoleArn=self._role, RoleSessionName="small-aws")["Credentials"]
        return {"AccessKeyId": said["AccessKeyId"], "SecretAccessKey": said["SecretAccessKey"],
                "Token": said["SessionToken"]}

    def renew(self, by: str) -> dict[str, object]:
        """The next token of an SSO session; empty for a renewal that is not good, or not any more."""
        if not self.signed_in or by != self.renewal:
            return {}
        self.renewed += 1
        self.sso_token, self.renewal = f"{SSO_TOKEN}-{self.renewed}", f"planted-sso-renewal-{self.renewed}"
        return {"accessToken": self.sso_token, "tokenType": "Bearer", "expiresIn": RENEWED_FOR,
                "refreshToken": self.renewal}

    def fault(self, access: str, token: str) -> str:
        """The code of S3 for these keys, empty when they are good."""
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
        """STS for web identities, which moto does not serve with its signatures on; and what the test says."""
        state, body = self.server.state, self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        action = parse_qs(body).get("Action", [""])[0]
        if self.path == "/token":
            self._renewal(json.loads(body))
        elif self.path.startswith("/-/"):
            state.signed_in = self.path == "/-/login"
            self.say(200)
        elif action != "AssumeRoleWithWebIdentity":
            said = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
            self.say(403, said.encode())
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
        """Metadata, the portal, the record, or the store."""
        if self.path.startswith("/latest/"):
            self._metadata()
        elif self.path.startswith("/federation/credentials?"):
            self._portal()
        elif self.path == "/-/seen":
            self.say(200, json.dumps(self.server.state.seen).encode())
        elif self.path == "/-/renewed":
            self.say(200, str(self.server.state.renewed).encode())
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

    def _portal(self) -> None:
        """GetRoleCredentials (IAM Identity Center Portal API Reference)."""
        state = self.server.state
        if not state.signed_in or self.headers.get("x-amz-sso_bearer_token") != state.sso_token:
            self.say(401, json.dumps({"message": "Session token not found or invalid"}).encode(),
                     x_amzn_ErrorType="UnauthorizedException")
            return
        keys = state.issue()
        until = int(time.time() + state.life) * 1000
        self.say(200, json.dumps({"roleCredentials": {
            "accessKeyId": keys["AccessKeyId"], "secretAccessKey": keys["SecretAccessKey"],
            "sessionToken": keys["Token"], "expiration": until}}).encode())

    def _renewal(self, asked: dict[str, str]) -> None:
        """CreateToken (IAM Identity Center OIDC API Reference)."""
        said = self.server.state.renew(asked["refreshToken"]) if asked["grantType"] == "refresh_token" else {}
        if said:
            self.say(200, json.dumps(said).encode(), Content_Type="application/json")
        else:
            self.say(400, json.dumps({"error": "invalid_grant"}).encode(), x_amzn_ErrorType="InvalidGrantException")

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


def _serve(server: Server) -> None:
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main() -> None:
    """Serve until killed."""
    said: dict[str, Any] = json.loads(sys.argv[1])
    state = State(float(said["life"]), said.get("moto"))
    _serve(Server(("169.254.169.254", 80), state))
    if said.get("portal"):
        portal, context = Server(("127.0.0.1", 443), state), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{said['portal']}/server.pem", f"{said['portal']}/server.key")
        portal.socket = context.wrap_socket(portal.socket, server_side=True, do_handshake_on_connect=False)
        _serve(portal)
    Server(("127.0.0.1", int(said["port"])), state).serve_forever()


if __name__ == "__main__":
    main()

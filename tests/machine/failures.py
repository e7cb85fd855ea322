"""What goes wrong when a bucket is to be mounted: one row a failure, brought about for real in a machine.

Read by the system tests and by the bench that writes ``docs/failures.md``. Each row is proven by what a caller meets in
the machine before s3mountd is asked. Where no real server can be had that fails like this, one stands in for it
(``tests/faults/odd_store.py``), and the row says so.
"""

from __future__ import annotations

import shlex
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.machine import ceph
from tests.machine.cache import REPO
from tests.machine.kit import ENDPOINT, LISTER, PORT, READER, REGION
from tests.machine.machine import Machine
from tests.s3.seaweed import ADMIN, Identity
from tests.s3.servers import Authority
from tests.system import kit

PROMISE = 10.0
"""Seconds from the start of a mount to its reason."""
BUCKET = "bucket-one"
NOBODY, LOST, TLS = 9, 9449, 9443
"""Ports: nobody listens; packets are dropped; TLS by a CA that the machine does not know."""
ODD = ("expired", "ahead", "elsewhere", "full", "plain", "later")
"""The stand-in's rules, each on a port of its own from here on."""
FIRST_ODD = 9461
PATH = "/usr/local/bin/mount-s3"
"""Where mount-s3 is looked for first."""


def odd(rule: str) -> str:
    """The endpoint of a store that has that rule."""
    return f"http://127.0.0.1:{FIRST_ODD + ODD.index(rule)}"


@dataclass(frozen=True)
class Failure:
    """One row. ``proof`` is a command in the machine whose output has ``meets`` in it while the failure is there."""

    name: str
    how: str
    code: str
    proof: str
    meets: str
    keys: Mapping[str, object] = field(default_factory=dict)
    """Of the mount, beside those of the machine's own store."""
    begin: str = ""
    """Command that brings it about where the mount's keys alone do not; then it is tried by itself."""
    end: str = ""
    stands_in: bool = False
    gateway: str = ""
    """Version of Ceph's gateway that runs meanwhile (``tests.machine.ceph``)."""

    @property
    def alone(self) -> bool:
        """Does it concern the whole machine, or the whole configuration?"""
        return bool(self.begin) or self.code == "config-invalid"


def _s3(call: str, profile: str = "default", endpoint: str = ENDPOINT, **arguments: str) -> str:
    """A command that does this with boto3 and prints the code of the refusal, or ``done``."""
    words = {"Bucket": BUCKET, **arguments}
    script = ("import boto3, botocore.exceptions as e, sys; s = boto3.Session(profile_name=sys.argv[1]); "
              f"c = s.client('s3', endpoint_url='{endpoint}', region_name='{REGION}')\n"
              f"try: c.{call}(**{words!r}); print('done')\n"
              "except e.ClientError as x: print(x.response['Error']['Code'], x.response['Error']['Message'])\n"
              "except e.BotoCoreError as x: print(type(x).__name__)")
    return shlex.join([kit.PYTHON, "-c", script, profile])


def _connect(port: int) -> str:
    """A command that says what a connection to that port of loopback meets within 1.5 seconds."""
    script = (f"import socket\ntry: socket.create_connection(('127.0.0.1', {port}), 1.5); print('connected')\n"
              "except OSError as x: print(type(x).__name__)")
    return shlex.join([kit.PYTHON, "-c", script])


_HANDSHAKE = f"curl -sS --max-time 3 https://127.0.0.1:{TLS}/ 2>&1"
_SIGNED = "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
_HIDE_FUSE = ("touch /run/fuse.kept && mount --bind /dev/fuse /run/fuse.kept && { umount /dev/fuse || true; } "
              "&& rm /dev/fuse")
_SHOW_FUSE = "touch /dev/fuse && mount --bind /run/fuse.kept /dev/fuse && umount /run/fuse.kept"
_BY_HAND = (f"mkdir -p /mnt/bare && AWS_EC2_METADATA_DISABLED=true mount-s3 {BUCKET} /mnt/bare --force-path-style "
            f"--region {REGION} --endpoint-url {ceph.endpoint('16')} && cp /etc/hostname /mnt/bare/try 2>&1; "
            "umount /mnt/bare")
_OLD = "#!/bin/sh\necho mount-s3 1.10.0\n"

FAILURES: Sequence[Failure] = (
    Failure("wrong secret", "the secret key does not belong to the access key", "key-refused",
            _s3("list_objects_v2", "secret"), "SignatureDoesNotMatch", {"credentials": {"profile": "secret"}}),
    Failure("unknown key", "the store has never heard of the access key", "key-refused",
            _s3("list_objects_v2", "key"), "InvalidAccessKeyId", {"credentials": {"profile": "key"}}),
    Failure("expired token", "a session token that is over", "credentials-expired",
            _s3("list_objects_v2", "token", odd("expired")), "ExpiredToken",
            {"credentials": {"profile": "token"}, "endpoint_url": odd("expired")}, stands_in=True),
    Failure("clock 20 minutes off", "the store's clock is 20 minutes ahead of the machine's", "clock-skew",
            _s3("list_objects_v2", endpoint=odd("ahead")), "RequestTimeTooSkewed", {"endpoint_url": odd("ahead")},
            stands_in=True),
    Failure("no bucket", "the bucket is not there", "bucket-missing",
            _s3("list_objects_v2", Bucket="no-such-bucket"), "NoSuchBucket", {"bucket": "no-such-bucket"}),
    Failure("other region", "the bucket is in another region than the one written down", "wrong-region",
            f"curl -si -H 'Authorization: {_SIGNED}' {odd('elsewhere')}/{BUCKET}", "301 Moved Permanently",
            {"region": REGION, "endpoint_url": odd("elsewhere")}, stands_in=True),
    Failure("typo of a region", '`region = "us-wset-2"`', "config-invalid",
            f"{kit.PYTHON} -c \"import boto3; print('us-wset-2' in boto3.Session().get_available_regions('s3'))\"",
            "False", {"region": "us-wset-2", "provider": None, "endpoint_url": None}),
    Failure("DNS", "the name of the endpoint does not resolve", "name-unresolved",
            "getent hosts store.invalid || echo nobody knows it", "nobody knows it",
            {"endpoint_url": f"http://store.invalid:{PORT}"}),
    Failure("refused", "nobody listens on the port", "connection-refused", _connect(NOBODY), "ConnectionRefusedError",
            {"endpoint_url": f"http://127.0.0.1:{NOBODY}"}),
    Failure("blackhole", "all packets to the port are dropped", "unreachable", _connect(LOST), "TimeoutError",
            {"endpoint_url": f"http://127.0.0.1:{LOST}"}),
    Failure("TLS, unknown CA", "the certificate is of a CA that the machine does not know", "tls-failed",
            _HANDSHAKE, "unable to get local issuer certificate", {"endpoint_url": f"https://127.0.0.1:{TLS}"}),
    Failure("https to plain http", "`https://` and the port of plain HTTP", "wrong-scheme",
            f"curl -sS --max-time 3 https://127.0.0.1:{PORT}/ 2>&1", "SSL", {"endpoint_url": f"https://127.0.0.1:{PORT}"}),
    Failure("plain http to https", "`http://` and the port of TLS", "wrong-scheme",
            f"curl -skS -o /dev/null -w 'TLS %{{http_code}}' --max-time 3 https://127.0.0.1:{TLS}/", "TLS 503",
            {"endpoint_url": f"http://127.0.0.1:{TLS}"}),
    Failure("wrong proxy", "nobody listens where `proxy` points", "proxy-failed", _connect(NOBODY),
            "ConnectionRefusedError", {"proxy": f"http://127.0.0.1:{NOBODY}",
                                       "endpoint_url": f"http://store.invalid:{PORT}"}),
    Failure("list, but not read", "the key may list the bucket and not read its objects", "read-denied",
            _s3("get_object", "lister", Key="hello.txt"), "AccessDenied", {"credentials": {"profile": "lister"}}),
    Failure("read-only key", "the mount is writable, the key is not", "write-denied",
            _s3("put_object", "reader", Key="try"), "AccessDenied", {"credentials": {"profile": "reader"}}),
    Failure("full store", "the quota is used up", "store-full",
            _s3("put_object", endpoint=odd("full"), Key="try"), "QuotaExceeded", {"endpoint_url": odd("full")},
            stands_in=True),
    Failure("no mount-s3", "mount-s3 is not installed", "worker-missing", "command -v mount-s3 || echo none", "none",
            begin="mv /usr/bin/mount-s3 /run/link.kept && mv /opt/aws /opt/aws.kept",
            end="mv /run/link.kept /usr/bin/mount-s3; mv /opt/aws.kept /opt/aws"),
    Failure("old mount-s3", "mount-s3 1.10 is installed", "worker-too-old", "mount-s3 --version", "mount-s3 1.10.0",
            begin=f"printf %s {shlex.quote(_OLD)} >{PATH} && chmod 755 {PATH}", end=f"rm {PATH}"),
    Failure("no /dev/fuse", "the machine has no /dev/fuse", "fuse-missing", "ls /dev/fuse 2>&1", "No such file",
            begin=_HIDE_FUSE, end=_SHOW_FUSE),
    Failure("upload to RGW 16.2", "Ceph RGW 16.2, which takes no upload of mount-s3's", "unwritable", _BY_HAND,
            "Input/output error", {"provider": "ceph", "endpoint_url": ceph.endpoint("16")}, gateway="16"),
)
"""Every failure."""

_SERVE_TLS = f"""
import http.server, ssl
class Sick(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(503)
    do_HEAD = do_PUT = do_GET
server = http.server.ThreadingHTTPServer(("127.0.0.1", {TLS}), Sick)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/run/tls/server.pem", "/run/tls/server.key")
# Each handshake in its thread: one caller that says nothing must not keep the others out.
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"""


@contextmanager
def tls_server(machine: Machine) -> Iterator[str]:
    """A server on loopback whose CA (/run/tls/ca.pem) the machine does not know, and which answers nothing but 503; its
    endpoint."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Authority.make(folder).certify("server")
        for part in ("server.pem", "server.key", "ca.pem"):
            machine.copy_in(folder / part, f"/run/tls/{part}", 0o600)
    machine.write("/run/tls/serve.py", _SERVE_TLS)
    with _serving(machine, "tls-test", [kit.PYTHON, "/run/tls/serve.py"], TLS):
        yield f"https://127.0.0.1:{TLS}"
    machine.run("rm -rf /run/tls")


@contextmanager
def odd_stores(machine: Machine) -> Iterator[None]:
    """The stores of `odd`."""
    machine.copy_in(REPO / "tests/faults/odd_store.py", "/usr/local/lib/odd_store.py")
    ports = range(FIRST_ODD, FIRST_ODD + len(ODD))
    with _serving(machine, "odd-stores", [kit.PYTHON, "/usr/local/lib/odd_store.py", PORT, *ports], ports[-1]):
        yield


@contextmanager
def _serving(machine: Machine, unit: str, command: Sequence[object], port: int) -> Iterator[None]:
    machine.run(["systemd-run", "--quiet", f"--unit={unit}", *map(str, command)])
    try:
        machine.wait_until(lambda: machine.run(f"ss -Hltn sport = :{port}").stdout, 15, f"{unit} listens")
        yield
    finally:
        machine.run(["systemctl", "stop", unit])


def _profile(name: str, one: Identity, more: str = "") -> str:
    return (f"[profile {name}]\naws_access_key_id = {one.access_key}\naws_secret_access_key = {one.secret_key}\n{more}")


PROFILES = "".join((
    _profile("secret", Identity("", ADMIN.access_key, "not/the/one/that/belongs/to/it")),
    _profile("key", Identity("", "WEEDNOBODY0000000001", ADMIN.secret_key)),
    _profile("token", ADMIN, "aws_session_token = of-yesterday\n"),
    _profile("lister", LISTER), _profile("reader", READER),
))


@contextmanager
def stage(machine: Machine) -> Iterator[None]:
    """All that the rows need, for as long as the block lasts."""
    machine.write("/root/.aws/config", PROFILES, 0o600)
    machine.write("/root/.aws/credentials", kit.KEYS, 0o600)
    chain = "add table inet lost; add chain inet lost in { type filter hook input priority 0; }"
    machine.run(["nft", f"{chain}; add rule inet lost in tcp dport {LOST} drop"])
    try:
        with tls_server(machine), odd_stores(machine):
            yield
    finally:
        machine.run("rm -f /root/.aws/config; nft delete table inet lost")


@contextmanager
def happening(machine: Machine, failure: Failure) -> Iterator[None]:
    """That row brought about and proven. Raises TimeoutError when the proof fails."""
    said: list[str] = []

    def proven() -> bool:
        said[:] = [machine.run(failure.proof, check=False).stdout]
        return failure.meets in said[0]

    gateway = ceph.start(machine, failure.gateway) if failure.gateway else None
    if failure.begin:
        machine.run(failure.begin)
    try:
        try:
            machine.wait_until(proven, 5, f"{failure.name} is there")
        except TimeoutError as error:
            raise TimeoutError(f"{error}: a caller meets {said}") from None
        yield
    finally:
        if failure.end:
            machine.run(failure.end)
        if gateway is not None:
            gateway.stop()


def mount(failure: Failure, name: str = "") -> kit.Document:
    """The mount that meets it."""
    plain = name or failure.name.replace(",", "").replace("/", "").replace(" ", "-")
    keys = {**kit.mount(plain, BUCKET), **failure.keys}
    return {key: value for key, value in keys.items() if value is not None}


@dataclass(frozen=True)
class Told:
    """What the status said of a mount, and after how many seconds."""

    code: str
    text: str
    hint: str
    seconds: float


def tell(machine: Machine, mounts: Mapping[str, Failure], *beside: kit.Document,
         timeout: float = 3 * PROMISE) -> dict[str, Told]:
    """Configure mounts, by name, and wait until each says what is expected of it. Raises TimeoutError."""
    documents = [*beside, *(mount(failure, name) for name, failure in mounts.items())]
    machine.write("/etc/s3mountd/mounts.toml", kit.toml(documents))
    began, told = time.monotonic(), dict[str, Told]()
    seen: list[object] = []
    # Refused where the configuration itself is the failure.
    machine.run("s3mountctl reload --no-wait", check=False)

    def all_told() -> bool:
        document = kit.status(machine)
        found = {one["name"]: one["reason"] for one in document["mounts"]}
        found |= dict.fromkeys(mounts, _refusal(document)) if document["daemon"]["problems"] else {}
        seen[:] = [found]
        for name, failure in mounts.items():
            reason = found.get(name)
            if reason and reason["code"] == failure.code and name not in told:
                told[name] = Told(reason["code"], reason["text"], reason["hint"], time.monotonic() - began)
        return len(told) == len(mounts)

    try:
        machine.wait_until(all_told, timeout, "every mount says what is wrong", every=0.1)
    except TimeoutError as error:
        missing = {name: failure.code for name, failure in mounts.items() if name not in told}
        raise TimeoutError(f"{error}; wanted {missing}, last seen {seen}") from None
    return told


def _refusal(document: kit.Document) -> kit.Document:
    return {"code": "config-invalid", "text": document["daemon"]["problems"][0], "hint": "run: s3mountctl check"}

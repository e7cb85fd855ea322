"""The task ``diagnose``: what is wrong between this machine and a bucket, found step by step.

Question: ``endpoint_url`` ("" for AWS), ``region`` ("" when it is not written down), ``bucket``, ``prefix``,
``force_path_style``, ``proxy`` (URL, none when left out), ``profile``, ``anonymous``, ``elsewhere`` (if only the worker
has the keys), ``broker`` (URL that has them, for who shows the token), ``deadline`` (seconds), ``files``: what the
descriptors are, of ``credentials``, ``config``, ``ca_bundle``, ``token``. Answer: ``code`` ("" when S3 is well),
``detail``, ``shared`` (it holds for the endpoint, whatever bucket and keys), ``seconds``, ``skew``, ``server`` (what
the store says of itself, "" when it was not listened to).
"""

import contextlib
import os
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from mountd.core import diagnosis
from mountd.core.diagnosis import Target
from mountd.core.messages import Cause
from mountd.system.answering import Question
from mountd.system.s3 import clients, network, signed
from mountd.words.errors import MountdError
from mountd.words.providers import recognised

STEP_LIMIT = 1.75
"""Seconds for one step on the network."""
_CONNECT_LIMIT = 1.25
"""A SYN that is lost is sent again after one second (RFC 6298)."""
_GUESS_LIMIT = 0.5
"""Seconds for a look whether a port speaks the other protocol."""
_FILE_LIMIT = 1 << 20


@dataclass
class Visit:
    """One way to the store, as far as it has come."""

    question: Question
    files: Mapping[str, bytes]
    target: Target
    end: float
    """Monotonic seconds."""
    addresses: list[tuple[int, network.Address]] = field(default_factory=list)
    channel: socket.socket | None = None
    skew: float | None = None
    server: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of the first words of the store."""

    def left(self, limit: float = STEP_LIMIT) -> float:
        """Seconds a step may take."""
        return max(0.05, min(limit, self.end - time.monotonic()))

    def heard(self, fields: Mapping[str, str]) -> None:
        """The store has answered."""
        self.server = diagnosis.server(fields)

    def connected(self) -> socket.socket:
        """A connection, a fresh one if the last was given away."""
        if self.channel is None:
            self.channel = network.connect(self.addresses, self.left(_CONNECT_LIMIT))
        return self.channel

    def close(self) -> None:
        """Drop the connection."""
        if self.channel is not None:
            self.channel.close()
            self.channel = None

    def encrypt(self, context: ssl.SSLContext, limit: float = STEP_LIMIT) -> None:
        """TLS on the connection."""
        self.channel = network.encrypt(self.connected(), context, self.target.host, self.left(limit))

    def greet(self, limit: float = STEP_LIMIT, path: str = "/") -> int:
        """The first words on the connection, which is used up by them; what they say of the clock is kept."""
        status, self.headers = network.greet(self.connected(), self.target.host, self.left(limit), path)
        self.close()
        self.skew = diagnosis.skew(self.headers.get("date", ""), time.time())
        return status


def _resolve(visit: Visit) -> None:
    visit.addresses = network.resolve(visit.target, visit.left())


def _connect(visit: Visit) -> None:
    visit.connected()


def _encrypt(visit: Visit) -> None:
    if not visit.target.tls:
        return
    try:
        visit.encrypt(network.trust(visit.files.get("ca_bundle", b"")))
    except ssl.SSLCertVerificationError as error:
        visit.close()
        if error.verify_code in diagnosis.CLOCK_DEPENDENT:
            _suspect_clock(visit)
        cause = diagnosis.of_certificate(error.verify_code, error.verify_message)
        raise MountdError(cause.code, cause.detail) from error
    except OSError as error:
        visit.close()
        if _speaks(lambda: visit.greet(_GUESS_LIMIT) != 0, visit):
            raise MountdError("wrong-scheme", "plain HTTP, not TLS") from error
        if isinstance(error, TimeoutError):
            raise
        raise MountdError("tls-failed", getattr(error, "reason", None) or error.strerror or str(error)) from error


def _suspect_clock(visit: Visit) -> None:
    """A certificate that is of another time: perhaps it is the clock that is wrong."""
    with contextlib.suppress(OSError, MountdError), contextlib.closing(visit):
        visit.encrypt(network.blind())
        visit.greet()
    if visit.skew is not None and abs(visit.skew) >= diagnosis.SKEW_LIMIT:
        cause = diagnosis.of_skew(visit.skew)
        raise MountdError(cause.code, cause.detail)


def _speaks(attempt: Callable[[], bool], visit: Visit) -> bool:
    """Does the port speak the other protocol?"""
    with contextlib.suppress(OSError, MountdError), contextlib.closing(visit):
        return attempt()
    return False


def _speaks_tls(visit: Visit) -> bool:
    visit.encrypt(network.blind(), _GUESS_LIMIT)
    return True


def _greet(visit: Visit) -> None:
    try:
        status, broken = visit.greet(), "the answer is no HTTP"
    except TimeoutError:
        visit.close()
        raise
    except OSError as error:
        visit.close()
        status, broken = 0, error.strerror or str(error)
    # Servers answer plain words on a TLS port in ways of their own: an alert, a 400, or by hanging up.
    if status in (0, 400) and not visit.target.tls and _speaks(lambda: _speaks_tls(visit), visit):
        raise MountdError("wrong-scheme", "TLS, not plain HTTP")
    if not status:
        raise MountdError("unreachable", broken)


def _list(visit: Visit) -> None:
    asked = visit.question
    bucket = signed.Bucket(
        str(asked["bucket"]), str(asked["prefix"]), str(asked["endpoint_url"]), str(asked["region"]),
        path_style=bool(asked["force_path_style"]), ca_bundle=visit.files.get("ca_bundle", b""), proxy=proxy(asked))
    if asked.get("broker"):
        given = clients.of_broker(str(asked["broker"]), visit.files["token"].decode(), visit.end)
        cause = signed.listed(bucket, given, visit.end, visit.heard)
    else:
        cause = signed.look(bucket, None if asked.get("elsewhere") else visit.files, str(asked["profile"]),
                            anonymous=bool(asked["anonymous"]), end=visit.end, heard=visit.heard)
    if cause is not None and diagnosis.blames_clock(cause, visit.skew) and not asked["anonymous"]:
        cause = diagnosis.of_skew(visit.skew or 0.0)
    if cause is not None:
        raise MountdError(cause.code, cause.detail)


def _reach_proxy(visit: Visit) -> None:
    """Name and connection of the proxy; what lies behind it only a whole request finds out."""
    there = diagnosis.by_proxy(proxy(visit.question))
    try:
        network.connect(network.resolve(there, visit.left()), visit.left(_CONNECT_LIMIT)).close()
    except TimeoutError:
        raise MountdError("proxy-failed", f"{there.host}:{there.port} does not answer") from None
    except MountdError as error:
        why = "refuses connections" if error.fault.code == "connection-refused" else error.detail
        raise MountdError("proxy-failed", f"{there.host}:{there.port}: {why}") from error


@dataclass(frozen=True)
class Step:
    """One step, and what it means when it is not over in time."""

    name: str
    run: Callable[[Visit], None]
    late: Cause
    shared: bool = True


STEPS: Sequence[Step] = (
    Step("resolve", _resolve, Cause("name-unresolved")),
    Step("connect", _connect, Cause("unreachable", "no answer to a connection")),
    Step("TLS", _encrypt, Cause("unreachable", "connected, but no answer to TLS")),
    Step("answer", _greet, Cause("unreachable", "connected, but no answer to HTTP")),
    Step("list", _list, Cause("unreachable", "no answer to a request for the bucket"), shared=False),
)


BY_PROXY: Sequence[Step] = (
    Step("proxy", _reach_proxy, Cause("proxy-failed", "no answer")),
    Step("list", _list, Cause("unreachable", "no answer through the proxy"), shared=False),
)


def proxy(question: Question) -> str:
    """The URL of the proxy on the way, "" for none."""
    return str(question.get("proxy", ""))


def _steps(question: Question) -> Sequence[Step]:
    return BY_PROXY if proxy(question) else STEPS


def diagnose(question: Question, descriptors: Sequence[int]) -> dict[str, Any]:
    """Go the way to the bucket until something is wrong."""
    begun = time.monotonic()
    visit = _visit(question, read(question, descriptors), begun + float(question["deadline"]))
    with contextlib.closing(visit):
        cause, shared = _way(visit, _steps(question))
    return {"code": cause.code if cause else "", "detail": cause.detail if cause else "", "shared": shared,
            "seconds": round(time.monotonic() - begun, 3), "skew": visit.skew, "server": visit.server}


def network_cause(question: Question, files: Mapping[str, bytes], limit: float) -> Cause | None:
    """What is wrong between here and the store's first words, None when nothing is. Takes ``limit`` seconds at most."""
    visit = _visit(question, files, time.monotonic() + limit)
    with contextlib.closing(visit):
        return _way(visit, [step for step in _steps(question) if step.shared])[0]


def _visit(question: Question, files: Mapping[str, bytes], end: float) -> Visit:
    target = diagnosis.target(str(question["endpoint_url"]), str(question["region"]), str(question["bucket"]),
                              path_style=bool(question["force_path_style"]))
    return Visit(question, files, target, end)


def _way(visit: Visit, steps: Sequence[Step]) -> tuple[Cause | None, bool]:
    for step in steps:
        cause = _taken(step, visit)
        if cause is not None:
            return cause, step.shared
    return None, False


def _taken(step: Step, visit: Visit) -> Cause | None:
    try:
        step.run(visit)
    except TimeoutError:
        return step.late
    except MountdError as error:
        return Cause(error.fault.code, error.detail)
    except OSError as error:
        return Cause("unreachable", error.strerror or str(error))
    return None


def walk(question: Question, descriptors: Sequence[int]) -> dict[str, Any]:
    """The task ``walk``: the steps that need no keys, one by one. Answer: ``steps`` as far as they went, each ``name``,
    ``seconds``, ``code`` and ``detail``; ``host`` and ``port`` that were gone to; ``skew``."""
    visit = _visit(question, read(question, descriptors), time.monotonic() + float(question["deadline"]))
    told: list[dict[str, Any]] = []
    with contextlib.closing(visit):
        for step in (step for step in _steps(question) if step.shared and (step.name != "TLS" or visit.target.tls)):
            begun = time.monotonic()
            cause = _taken(step, visit)
            told.append({"name": step.name, "seconds": time.monotonic() - begun, "code": cause.code if cause else "",
                         "detail": cause.detail if cause else ""})
            if cause is not None:
                break
    there = diagnosis.by_proxy(proxy(question)) if proxy(question) else visit.target
    return {"steps": told, "host": there.host, "port": there.port, "skew": visit.skew}


def kind(question: Question, descriptors: Sequence[int]) -> dict[str, Any]:
    """The task ``kind``: what kind of store is it? Nothing is signed. Answer: ``provider``, "" for one that does not
    betray itself, and ``code`` and ``detail`` where the store is not reached."""
    visit = _visit(question, read(question, descriptors), time.monotonic() + float(question["deadline"]))
    with contextlib.closing(visit):
        cause, _ = _way(visit, [step for step in _steps(question) if step.shared])
        found = recognised(visit.headers)
        if cause is None and not found and not proxy(question):
            # SeaweedFS says its name only where a bucket is asked for.
            with contextlib.suppress(OSError, MountdError):
                _encrypt(visit)
                visit.greet(path=f"/{quote(str(question['bucket']) or 's3mountd')}")
                found = recognised(visit.headers)
    return {"provider": found, "code": cause.code if cause else "", "detail": cause.detail if cause else ""}


def read(question: Question, descriptors: Sequence[int]) -> dict[str, bytes]:
    """The question's files from their beginnings, whoever has read of them before."""
    return {name: os.pread(number, _FILE_LIMIT, 0)
            for name, number in zip(question["files"], descriptors, strict=True)}

"""The task ``writes``: what a store makes of writes as mount-s3 makes them, tried on scratch keys.

Question: as for ``diagnose``. Answer: ``code`` and ``detail`` of what hinders, else ``evidence``
(``core.write_safety.Evidence``). The scratch keys lie below the mount's prefix and are deleted in the end.
"""

import base64
import contextlib
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from mountd.core import diagnosis, write_safety
from mountd.core.messages import Cause
from mountd.core.profiles import Elsewhere, Keys
from mountd.core.write_safety import Evidence, Tried
from mountd.system.answering import Question
from mountd.system.s3 import clients
from mountd.system.s3.diagnose import diagnose, proxy, read
from mountd.words.errors import MountdError

NAME = ".s3mountd-check-"
"""Scratch keys begin like the names that are looked up to prove a mount."""
_CONTENT = b"written by s3mountd to see what becomes of it\n"
_LIMIT = 3.0
"""Seconds for one request."""
_ERROR_CODE = re.compile(rb"<Code>([^<]{1,100})</Code>")
_ERROR_TEXT = re.compile(rb"<Message>([^<]{1,200})</Message>")
_UPLOAD_ID = re.compile(rb"<UploadId>([^<]+)</UploadId>")
_ETAG = re.compile(rb"<ETag>([^<]+)</ETag>")


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def tried(self) -> Tried:
        """What it comes to. Raises MountdError when it says nothing of the store."""
        found = _ERROR_CODE.search(self.body)
        text = _ERROR_TEXT.search(self.body)
        code = found[1].decode("latin-1") if found else ""
        cause = write_safety.hindrance(self.status, code, text[1].decode("latin-1") if text else "")
        if cause is not None:
            raise MountdError(cause.code, cause.detail)
        return Tried(self.status, "" if 200 <= self.status < 300 else code)


@dataclass
class Store:
    """Signed requests to one bucket."""

    url: str
    """Of the bucket, without a slash at its end."""
    region: str
    keys: Keys | None
    ca_file: str
    end: float
    """Monotonic seconds."""
    proxy: str = ""
    """URL of the proxy on the way, "" for none."""
    session: Any = field(init=False)

    def __post_init__(self) -> None:
        from botocore.httpsession import URLLib3Session  # noqa: PLC0415  see clients

        self.session = URLLib3Session(verify=self.ca_file or True, proxies=clients.proxies(self.proxy), timeout=_LIMIT)

    def ask(self, method: str, key: str, query: str = "", headers: Mapping[str, str] | None = None,
            body: bytes = b"", *, trailer: bool = False) -> Said:
        """One request. Raises TimeoutError, MountdError ``unreachable`` and ``proxy-failed``."""
        from botocore import exceptions  # noqa: PLC0415
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415

        if time.monotonic() >= self.end:
            raise TimeoutError
        url = f"{self.url}/{quote(key, safe='/~')}" + (f"?{query}" if query else "")
        request = AWSRequest(method, url, {"User-Agent": "s3mountd", **(headers or {})}, body)
        if trailer:
            request.context["checksum"] = {"request_algorithm": {"in": "trailer"}}
        self._sign(request)
        try:
            answer = self.session.send(request.prepare())
            return Said(answer.status_code, dict(answer.headers.items()), answer.content)
        except (exceptions.ConnectTimeoutError, exceptions.ReadTimeoutError) as error:
            raise TimeoutError from error
        except exceptions.ProxyConnectionError as error:
            raise MountdError("proxy-failed", str(error)[:200]) from error
        except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
            raise MountdError("unreachable", str(error)[:200]) from error

    def _sign(self, request: Any) -> None:
        from botocore.auth import S3SigV4Auth  # noqa: PLC0415
        from botocore.credentials import Credentials  # noqa: PLC0415

        if self.keys is not None:
            keys = Credentials(self.keys.access, self.keys.secret, self.keys.token or None)
            S3SigV4Auth(keys, "s3", self.region).add_auth(request)


def crc32c(content: bytes) -> str:
    """The checksum as S3 writes it: base64 of CRC-32C (RFC 3720, appendix B.4)."""
    total = 0xFFFFFFFF
    for byte in content:
        total ^= byte
        for _ in range(8):
            total = total >> 1 ^ (0x82F63B78 if total & 1 else 0)
    return base64.b64encode((total ^ 0xFFFFFFFF).to_bytes(4, "big")).decode()


def _put(store: Store, key: str) -> Said:
    """An upload whose checksum trails it (Amazon S3 User Guide, "Using trailing chunks for checksums")."""
    headers = {"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": str(len(_CONTENT)),
               "X-Amz-Trailer": "x-amz-checksum-crc32c"}
    body = b"%x\r\n%s\r\n0\r\nx-amz-checksum-crc32c:%s\r\n\r\n" % (
        len(_CONTENT), _CONTENT, crc32c(_CONTENT).encode())
    return store.ask("PUT", key, headers=headers, body=body, trailer=True)


def _in_one_part(store: Store, key: str) -> tuple[Tried, bool]:
    """An upload of one part; is its ETag in the last answer?"""
    begun = store.ask("POST", key, "uploads")
    found = _UPLOAD_ID.search(begun.body)
    if not begun.tried.done or found is None:
        return Tried(begun.status if not begun.tried.done else 400, begun.tried.code or "no UploadId"), False
    upload = quote(found[1].decode("latin-1"), safe="~")
    part = store.ask("PUT", key, f"partNumber=1&uploadId={upload}", body=_CONTENT)
    etag = {name.lower(): value for name, value in part.headers.items()}.get("etag", "")
    if part.tried.done and etag:
        whole = (f"<CompleteMultipartUpload><Part><ETag>{etag}</ETag><PartNumber>1</PartNumber></Part>"
                 "</CompleteMultipartUpload>")
        done = store.ask("POST", key, f"uploadId={upload}", body=whole.encode())
        if done.tried.done:
            return done.tried, _ETAG.search(done.body) is not None
        part = done
    with contextlib.suppress(MountdError, TimeoutError):
        store.ask("DELETE", key, f"uploadId={upload}")
    return part.tried if not part.tried.done else Tried(400, "no ETag for the part"), False


def _holds(store: Store, key: str) -> bool:
    return store.ask("GET", key).body == _CONTENT


def _try_all(store: Store, prefix: str, server: str) -> Evidence:
    key = prefix + NAME + secrets.token_hex(8)
    target = f"{key}-renamed"
    try:
        put = _put(store, key)
        put_tried = put.tried
        # One that does not understand such an upload may store what frames it as well.
        same = not put_tried.done or _holds(store, key)
        multipart, etag = _in_one_part(store, key)
        same = same and (not multipart.done or _holds(store, key))
        nobody = quote(f"/{key}-that-nobody-has", safe="/~")
        rename = store.ask("PUT", target, "renameObject", {"X-Amz-Rename-Source": nobody}).tried
    finally:
        for one in (key, target):
            with contextlib.suppress(MountdError, TimeoutError):
                store.ask("DELETE", one)
    return Evidence(put_tried, multipart, etag, same, rename, server)


def _keys(question: Question, files: Mapping[str, bytes], ca_file: str, end: float) -> Keys:
    found = clients.offered(question, files, end)
    if isinstance(found, Elsewhere):
        raise MountdError("write-untried", "only mount-s3 can get at the keys")
    return clients.keys(found, ca_file, end, proxy(question))


def writes(question: Question, descriptors: Sequence[int]) -> dict[str, Any]:
    """Try it, when the way to the bucket is free."""
    found = diagnose(question, descriptors)
    if found["code"]:
        return {"code": found["code"], "detail": found["detail"]}
    files = read(question, descriptors)
    end = time.monotonic() + float(question["deadline"])
    url = diagnosis.bucket_url(str(question["endpoint_url"]), str(question["bucket"]),
                               path_style=bool(question["force_path_style"]))
    cause = Cause("unreachable", "no answer to a write")
    try:
        with clients.ca_file(files.get("ca_bundle", b"")) as ca_file:
            keys = None if question["anonymous"] else _keys(question, files, ca_file, end)
            store = Store(url, str(question["region"]) or "us-east-1", keys, ca_file, end, proxy(question))
            evidence = _try_all(store, str(question["prefix"]), str(found["server"]))
            return {"code": "", "detail": "", "evidence": evidence.plain()}
    except TimeoutError:
        pass
    except MountdError as error:
        cause = Cause(error.fault.code, error.detail)
    return {"code": cause.code, "detail": cause.detail}

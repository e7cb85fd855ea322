"""What a network or a store said, turned into a code of ``words.errors``: the pure part of asking S3 out of band.

Codes of S3 are those of its error list (Amazon S3 API Reference, "Error responses"); Ceph and SeaweedFS use the same.
"""

import errno
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from mountd.core.messages import Cause

SKEW_LIMIT = 300.0
"""Seconds; S3 refuses signatures from 900 on, other stores from 300."""
_DETAIL_LIMIT = 200


@dataclass(frozen=True)
class Finding:
    """What came of a question. ``cause`` is None when S3 is well."""

    cause: Cause | None
    shared: bool = False
    """It holds for whoever asks that endpoint, whatever the bucket and the keys."""
    seconds: float = 0.0
    skew: float | None = None
    """Seconds that this machine's clock is ahead of the store's, None when the store did not say."""
    server: str = ""
    """What the store says of itself (``server``), "" when it was not asked."""


@dataclass(frozen=True)
class Target:
    """Where the requests for a bucket go."""

    host: str
    port: int
    tls: bool


def target(endpoint_url: str, region: str, bucket: str, *, path_style: bool) -> Target:
    """The endpoint's own address, or that of AWS; the bucket's own name in front where that is how it is asked for.

    On AWS every bucket's name leads to the addresses of its region, so the region's is asked.
    """
    if not endpoint_url:
        place = region or "us-east-1"
        suffix = ".cn" if place.startswith("cn-") else ""
        return Target(f"s3.{place}.amazonaws.com{suffix}", 443, tls=True)
    parts = urlsplit(endpoint_url)
    tls = parts.scheme == "https"
    host = parts.hostname or ""
    if not path_style and not is_address(host) and "." not in bucket:
        host = f"{bucket}.{host}"
    return Target(host, parts.port or (443 if tls else 80), tls)


def bucket_url(endpoint_url: str, bucket: str, *, path_style: bool) -> str:
    """Where the bucket's keys begin, without a slash at the end."""
    parts = urlsplit(endpoint_url)
    if path_style or is_address(parts.hostname or "") or "." in bucket:
        return f"{endpoint_url.rstrip('/')}/{bucket}"
    return f"{parts.scheme}://{bucket}.{parts.netloc}"


def by_proxy(url: str) -> Target:
    """The proxy's own address: where a connection goes that leads to any store behind it."""
    parts = urlsplit(url)
    return Target(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80), tls=False)


def is_address(host: str) -> bool:
    """Is it a number, and no name?"""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def of_connect(number: int, text: str) -> Cause:
    """Why no connection came about, by errno."""
    return Cause("connection-refused") if number == errno.ECONNREFUSED else Cause("unreachable", text)


_CERTIFICATES = {
    9: "the certificate is not valid yet",
    10: "the certificate has expired",
    18: "the certificate is signed by itself, not by a CA this machine trusts",
    19: "its CA is not trusted by this machine",
    20: "its CA is not trusted by this machine",
    21: "its CA is not trusted by this machine",
    62: "the certificate is for another host name",
    64: "the certificate is for another address",
}
"""OpenSSL's verification errors (X509_V_ERR_*, x509_vfy.h)."""
CLOCK_DEPENDENT = frozenset({9, 10})


def of_certificate(code: int, text: str) -> Cause:
    """Why a certificate was not accepted, by OpenSSL's number."""
    return Cause("tls-failed", _CERTIFICATES.get(code, text))


def skew(date: str, now: float) -> float | None:
    """How far ahead of a Date header ``now`` (seconds since the epoch) is; None when the header says nothing."""
    try:
        return now - parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return None


def of_skew(seconds: float) -> Cause:
    """The clock is off by so much."""
    size = abs(seconds)
    text = f"{size / 3600:.0f} h" if size >= 7200 else f"{size / 60:.0f} min"
    return Cause("clock-skew", f"{text} {'ahead of' if seconds > 0 else 'behind'} the store's")


_TRANSACTION = re.compile(r"tx[0-9a-f]+-")


def server(fields: Mapping[str, str]) -> str:
    """What tells one server from another in the header fields (names in small letters) of its answers to the same
    question: what it calls itself, with its version if it says so, and the form of its request ids. Those of Ceph's
    gateway begin with ``tx``, as Swift's do, and up to 18.2 it has no name (seen with 16.2 and 18.2)."""
    number = fields.get("x-amz-request-id", "")
    form = "none" if not number else "tx" if _TRANSACTION.match(number) else "plain"
    return f"{fields.get('server', '') or 'unnamed'}, request ids: {form}"


_CODES: dict[str, str] = {
    "NoSuchBucket": "bucket-missing",
    "InvalidBucketName": "bucket-missing",
    "BucketAlreadyExists": "bucket-taken",
    "BucketAlreadyOwnedByYou": "bucket-taken",
    "TooManyBuckets": "access-denied",
    "InvalidAccessKeyId": "key-refused",
    "SignatureDoesNotMatch": "key-refused",
    "InvalidToken": "key-refused",
    "InvalidClientTokenId": "key-refused",
    "InvalidSecurity": "key-refused",
    "UserSuspended": "key-refused",
    "ExpiredToken": "credentials-expired",
    "ExpiredTokenException": "credentials-expired",
    "TokenRefreshRequired": "credentials-expired",
    "RequestTimeTooSkewed": "clock-skew",
    "RequestExpired": "clock-skew",
    "PermanentRedirect": "wrong-region",
    "TemporaryRedirect": "wrong-region",
    "AuthorizationHeaderMalformed": "wrong-region",
    "IllegalLocationConstraintException": "wrong-region",
    "SlowDown": "throttled",
    "ServiceUnavailable": "throttled",
    "TooManyRequests": "throttled",
    "RequestLimitExceeded": "throttled",
}
_STATUSES = {301: "wrong-region", 307: "wrong-region", 401: "access-denied", 403: "access-denied", 407: "proxy-failed",
             429: "throttled"}
_NAMED_ONLY = frozenset({"wrong-region"})
"""Codes whose detail is only the right region, not the store's words."""


def of_store(status: int, code: str, message: str, region: str) -> Cause:
    """The cause that an error answer of S3 names; ``region`` is where the bucket is, as far as the store said so."""
    found = _CODES.get(code) or _STATUSES.get(status, "store-error")
    if found in _NAMED_ONLY:
        return Cause(found, f"expecting {region}" if region else f"{code or status}")
    words = " ".join(part for part in (f"{code}:" if message else code, message) if part)
    return Cause(found, words[:_DETAIL_LIMIT] or f"status {status}")


def of_host(bucket: str, endpoint: str) -> Cause | None:
    """Of a bucket that is said to be missing: RGW 16.2 and 18.2 name the one they have looked for, which is their own
    host name where they do not know it (measured)."""
    host = (urlsplit(endpoint).hostname or "").lower()
    taken = bool(host) and f".{bucket}".lower().endswith(f".{host}")
    return Cause("host-unknown", bucket) if taken else None


_DENIALS = frozenset({"AccessDenied", "AllAccessDisabled", "Forbidden", "403"})
FULL = frozenset({"QuotaExceeded", "InsufficientStorage", "StorageFull", "XMinioStorageFull",
                   "XMinioAdminBucketQuotaExceeded", "507"})
"""What stores say when they take no more data: Ceph RGW, and others with status 507 (RFC 4918, 11.5)."""


def of_right(said: Mapping[str, Any], denied: str) -> Cause | None:
    """What an error answer to a try says of the mount's rights; None for what has nothing to do with them."""
    code, message = (str(said["Error"].get(name) or "") for name in ("Code", "Message"))
    status = int(said.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    words = " ".join(part for part in (f"{code}:" if message else code, message) if part)[:_DETAIL_LIMIT]
    if code in FULL or status == 507:
        return Cause("store-full", words)
    return Cause(denied, words) if code in _DENIALS else None


_REFUSALS = frozenset({"access-denied", "key-refused", "credentials-expired", "clock-skew"})


def blames_clock(cause: Cause, ahead: float | None) -> bool:
    """Is a refusal best explained by a clock that is that far off?"""
    return ahead is not None and abs(ahead) >= SKEW_LIMIT and cause.code in _REFUSALS

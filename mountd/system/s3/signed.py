"""A signed ListObjectsV2 by boto3, without retries: what the store itself says of a bucket and of keys."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mountd.core.capabilities import DIRECTORY
from mountd.core.messages import Cause
from mountd.core.profiles import Elsewhere, Keys
from mountd.system.s3 import clients

_AT_ONCE = threading.BoundedSemaphore(8)
"""Each question under way costs a few MB."""


@dataclass(frozen=True)
class Bucket:
    """What to list, and where."""

    name: str
    prefix: str
    endpoint_url: str
    region: str
    """Empty when it is not written down: then the bucket may be anywhere."""
    path_style: bool
    ca_bundle: bytes
    proxy: str = ""


Heard = Callable[[Mapping[str, str]], None]
"""Gets the header fields of the first answer, names in small letters."""


def nobody(_fields: Mapping[str, str]) -> None:
    """For who does not want to know."""


def look(bucket: Bucket, files: Mapping[str, bytes] | None, profile: str, *, anonymous: bool,
         end: float, heard: Heard = nobody) -> Cause | None:
    """List one key of the bucket until ``end`` (monotonic seconds). None when it is answered, or when only the worker
    can get at the keys (``files`` None) and nothing else is wrong. Raises MountdError ``no-credentials``,
    ``profile-missing``, TimeoutError."""
    if bucket.name.endswith(DIRECTORY) and not _knows_directories():
        return None
    if not _AT_ONCE.acquire(timeout=clients.left(end)):
        raise TimeoutError
    try:
        with clients.ca_file(bucket.ca_bundle) as ca_file:
            found = None if anonymous else Elsewhere("the worker") if files is None else clients.source(files, profile)
            if isinstance(found, Elsewhere):
                cause = _list(bucket, None, ca_file, end, heard)
                return cause if cause is not None and cause.code != "access-denied" else None
            given = clients.keys(found, ca_file, end, bucket.proxy) if found else None
            return _list(bucket, given, ca_file, end, heard)
    finally:
        _AT_ONCE.release()


def listed(bucket: Bucket, keys: Keys, end: float, heard: Heard = nobody) -> Cause | None:
    """What the bucket says to these keys; None when it is well. Raises TimeoutError."""
    with clients.ca_file(bucket.ca_bundle) as ca_file:
        return _list(bucket, keys, ca_file, end, heard)


def _knows_directories() -> bool:
    """Can this boto3 ask a directory bucket (S3 Express)? It can since 1.33; Debian 12 has 1.26."""
    import botocore.utils  # noqa: PLC0415  see clients

    return hasattr(botocore.utils, "S3ExpressIdentityCache")


def _list(bucket: Bucket, keys: Keys | None, ca_file: str, end: float, heard: Heard) -> Cause | None:
    from botocore import exceptions  # noqa: PLC0415

    s3 = clients.client("s3", keys, region=bucket.region or "us-east-1", endpoint_url=bucket.endpoint_url,
                        ca_file=ca_file, end=end, path_style=bucket.path_style, proxy=bucket.proxy)
    first: list[Mapping[str, Any]] = []
    s3.meta.events.register("response-received.s3.ListObjectsV2",
                            lambda parsed_response=None, **_: first.append(parsed_response or {}))
    try:
        said = s3.list_objects_v2(Bucket=bucket.name, Prefix=bucket.prefix, MaxKeys=1)
    except exceptions.ClientError as error:
        said = error.response
    except (exceptions.ConnectTimeoutError, exceptions.ReadTimeoutError) as error:
        raise TimeoutError from error
    except exceptions.ProxyConnectionError as error:
        return Cause("proxy-failed", str(error)[:200])
    except exceptions.HTTPClientError as error:
        return Cause("unreachable", str(error)[:200])
    except exceptions.BotoCoreError as error:
        return Cause("store-error", str(error)[:200])
    heard((first[0] if first else said)["ResponseMetadata"].get("HTTPHeaders", {}))
    # boto3 goes where the bucket is; mount-s3 does so only when no region is written down.
    return clients.cause(first[0] if bucket.region and first else said, bucket.endpoint_url)

"""A signed ListObjectsV2 by boto3, without retries: what the store itself says of a bucket and of keys.

boto3 comes with the first question that gets this far (0.3 s, 40 MB).
"""

import contextlib
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mountd.core import diagnosis, profiles
from mountd.core.messages import Cause
from mountd.core.profiles import Elsewhere, Keys, Machine, Role, Source
from mountd.words.errors import MountdError

_METADATA_URL, _METADATA_LIMIT = "http://169.254.169.254/", 1.0
_OF_STS = frozenset({"credentials-expired", "clock-skew", "throttled"})
"""What STS may say of itself; any other refusal is that of the role."""
_AT_ONCE = threading.BoundedSemaphore(8)
"""Each question under way costs a few MB."""
_MAKING = threading.Lock()
"""boto3's sessions are not for several threads; its clients are (its guide, "Multithreading")."""
_SESSION: list[Any] = []


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


def look(bucket: Bucket, files: Mapping[str, bytes], profile: str, *, anonymous: bool, end: float) -> Cause | None:
    """List one key of the bucket until ``end`` (monotonic seconds). None when it is answered, or when only the worker
    can get at the keys and nothing else is wrong. Raises MountdError ``no-credentials``, ``profile-missing``,
    TimeoutError."""
    if not _AT_ONCE.acquire(timeout=_left(end)):
        raise TimeoutError
    try:
        with _ca_file(bucket.ca_bundle) as ca_file:
            found = None if anonymous else _source(files, profile)
            if isinstance(found, Elsewhere):
                cause = _list(bucket, None, ca_file, end)
                return cause if cause is not None and cause.code != "access-denied" else None
            return _list(bucket, _keys(found, ca_file, end) if found else None, ca_file, end)
    finally:
        _AT_ONCE.release()


def _left(end: float) -> float:
    return max(0.05, end - time.monotonic())


@contextlib.contextmanager
def _ca_file(bundle: bytes) -> Iterator[str]:
    """The bundle as a file that exists in memory only, for libraries that want a path."""
    if not bundle:
        yield ""
        return
    number = os.memfd_create("ca-bundle", os.MFD_CLOEXEC)
    try:
        os.write(number, bundle)
        yield f"/proc/self/fd/{number}"
    finally:
        os.close(number)


def _source(files: Mapping[str, bytes], profile: str) -> Source:
    """Where the keys are to come from, as for the worker: the files, or the machine when there are none."""
    if not files.get("credentials") and not files.get("config"):
        return Machine()
    texts = (files.get(name, b"").decode("utf-8", "replace") for name in ("credentials", "config"))
    try:
        found = profiles.source(profiles.profiles(*texts), profile or "default")
    except ValueError as error:
        raise MountdError("no-credentials", str(error)) from error
    except KeyError as error:
        # Without a profile named mount-s3 looks for [default] and goes on in its chain, where the worker finds nothing.
        raise MountdError("profile-missing" if profile else "no-credentials", f"no profile {error.args[0]}") from error
    if found is None:
        raise MountdError("no-credentials", f"profile {profile or 'default'} has no keys")
    return found


def _keys(found: Keys | Machine | Role, ca_file: str, end: float) -> Keys:
    if isinstance(found, Keys):
        return found
    if isinstance(found, Machine):
        return _of_machine()
    behind = _keys(found.source, ca_file, end)
    extra = {"ExternalId": found.external_id} if found.external_id else {}
    return _assumed(found, behind, extra, end)


def _of_machine() -> Keys:
    from botocore.utils import InstanceMetadataFetcher  # noqa: PLC0415  see the module

    fetcher = InstanceMetadataFetcher(_METADATA_LIMIT, num_attempts=1, base_url=_METADATA_URL, user_agent="s3mountd")
    said = fetcher.retrieve_iam_role_credentials()
    if not said:
        raise MountdError("no-credentials", "no files, and the machine has no role")
    return Keys(said["access_key"], said["secret_key"], said["token"])


def _assumed(role: Role, behind: Keys, extra: Mapping[str, str], end: float) -> Keys:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    sts = _client("sts", behind, region=role.region or "us-east-1", endpoint_url="", ca_file="", end=end)
    try:
        said = sts.assume_role(RoleArn=role.arn, RoleSessionName="s3mountd", **extra)["Credentials"]
    except ClientError as error:
        cause = _cause(error.response)
        code = cause.code if cause is not None and cause.code in _OF_STS else "key-refused"
        raise MountdError(code, f"{role.arn}: {error.response['Error'].get('Code', '')}") from error
    except BotoCoreError as error:
        raise MountdError("no-credentials", f"{role.arn}: {error}") from error
    return Keys(said["AccessKeyId"], said["SecretAccessKey"], said["SessionToken"])


def _client(service: str, keys: Keys | None, *, region: str, endpoint_url: str, ca_file: str, end: float,
            path_style: bool = False) -> Any:
    import boto3  # noqa: PLC0415  see the module
    from botocore import UNSIGNED  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    signing = {} if keys else {"signature_version": UNSIGNED}
    config = Config(
        connect_timeout=_left(end) / 2, read_timeout=_left(end) / 2, retries={"total_max_attempts": 1}, proxies={},
        user_agent_extra="s3mountd", s3={"addressing_style": "path" if path_style else "virtual"}, **signing)
    with _MAKING:
        if not _SESSION:
            _SESSION.append(boto3.Session())
        return _SESSION[0].client(
            service, region_name=region, endpoint_url=endpoint_url or None, verify=ca_file or None, config=config,
            aws_access_key_id=keys.access if keys else None, aws_secret_access_key=keys.secret if keys else None,
            aws_session_token=keys.token or None if keys else None)


def _list(bucket: Bucket, keys: Keys | None, ca_file: str, end: float) -> Cause | None:
    from botocore import exceptions  # noqa: PLC0415

    s3 = _client("s3", keys, region=bucket.region or "us-east-1", endpoint_url=bucket.endpoint_url, ca_file=ca_file,
                 end=end, path_style=bucket.path_style)
    first: list[Mapping[str, Any]] = []
    s3.meta.events.register("response-received.s3.ListObjectsV2",
                            lambda parsed_response=None, **_: first.append(parsed_response or {}))
    try:
        said = s3.list_objects_v2(Bucket=bucket.name, Prefix=bucket.prefix, MaxKeys=1)
    except exceptions.ClientError as error:
        said = error.response
    except (exceptions.ConnectTimeoutError, exceptions.ReadTimeoutError) as error:
        raise TimeoutError from error
    except exceptions.HTTPClientError as error:
        return Cause("unreachable", str(error)[:200])
    except exceptions.BotoCoreError as error:
        return Cause("store-error", str(error)[:200])
    # boto3 goes where the bucket is; mount-s3 does so only when no region is written down.
    return _cause(first[0] if bucket.region and first else said)


def _cause(said: Mapping[str, Any]) -> Cause | None:
    error = said.get("Error")
    if not error:
        return None
    facts = said.get("ResponseMetadata", {})
    headers = facts.get("HTTPHeaders", {})
    region = str(error.get("Region") or headers.get("x-amz-bucket-region", ""))
    return diagnosis.of_store(
        int(facts.get("HTTPStatusCode", 0)), str(error.get("Code", "")), str(error.get("Message", "")), region)

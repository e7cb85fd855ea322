"""boto3's clients for the keys of a mount or a person, without retries: every call has its deadline.

boto3 comes with the first question that gets this far (0.3 s, 40 MB).
"""

import contextlib
import json
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from mountd.core import diagnosis, profiles
from mountd.core.messages import Cause
from mountd.core.profiles import Elsewhere, Keys, Machine, Role, Source
from mountd.words.errors import MountdError

_METADATA_URL, _METADATA_LIMIT = "http://169.254.169.254/", 1.0
WORKER = "the worker"
"""By whom keys are got that nobody else can get at."""
OF_STS = frozenset({"credentials-expired", "clock-skew", "throttled"})
"""What STS may say of itself; any other refusal is that of the role."""
_MAKING = threading.Lock()
"""boto3's sessions are not for several threads; its clients are (its guide, "Multithreading")."""
_SESSION: list[Any] = []


def left(end: float) -> float:
    """Seconds until ``end`` (monotonic), never quite none."""
    return max(0.05, end - time.monotonic())


@contextlib.contextmanager
def ca_file(bundle: bytes) -> Iterator[str]:
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


def source(files: Mapping[str, bytes], profile: str) -> Source:
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


def offered(question: Mapping[str, Any], files: Mapping[str, bytes], end: float) -> Source:
    """Where the keys of a question are to come from; what the broker gives is there at once. Raises MountdError,
    TimeoutError."""
    if question.get("broker"):
        return of_broker(str(question["broker"]), files["token"].decode(), end)
    return Elsewhere(WORKER) if question.get("elsewhere") else source(files, str(question["profile"]))


def profile(files: Mapping[str, bytes], name: str) -> profiles.Profile:
    """What is written for a profile, nothing when it is not there or no file is readable."""
    texts = (files.get(one, b"").decode("utf-8", "replace") for one in ("credentials", "config"))
    try:
        return profiles.profiles(*texts).get(name or "default", {})
    except ValueError:
        return {}


def keys(found: Keys | Machine | Role, ca_file: str, end: float, proxy: str = "") -> Keys:
    """The keys of a source, by way of the metadata service and STS. Raises MountdError."""
    if isinstance(found, Keys):
        return found
    if isinstance(found, Machine):
        return _of_machine()
    behind = keys(found.source, ca_file, end, proxy)
    extra = {"ExternalId": found.external_id} if found.external_id else {}
    return _assumed(found, behind, extra, end, proxy)


def of_broker(url: str, token: str, end: float) -> Keys:
    """The keys that the broker gives to whoever shows that token. Raises MountdError, TimeoutError."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, headers={"Authorization": token}), timeout=left(end)) as answer:  # noqa: S310  our own
            said = json.load(answer)
    except urllib.error.HTTPError as error:
        code = "credentials-expired" if error.code == HTTPStatus.SERVICE_UNAVAILABLE else "no-credentials"
        raise MountdError(code, "the broker has none that are valid") from None
    except (urllib.error.URLError, ValueError):
        raise MountdError("no-credentials", "the broker is not there") from None
    return Keys(said["AccessKeyId"], said["SecretAccessKey"], said.get("Token", ""))


def _of_machine() -> Keys:
    from botocore.utils import InstanceMetadataFetcher  # noqa: PLC0415  see the module

    fetcher = InstanceMetadataFetcher(_METADATA_LIMIT, num_attempts=1, base_url=_METADATA_URL, user_agent="s3mountd")
    said = fetcher.retrieve_iam_role_credentials()
    if not said:
        raise MountdError("no-credentials", "no files, and the machine has no role")
    return Keys(said["access_key"], said["secret_key"], said["token"])


def _assumed(role: Role, behind: Keys, extra: Mapping[str, str], end: float, proxy: str) -> Keys:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    sts = client("sts", behind, region=role.region or "us-east-1", endpoint_url="", ca_file="", end=end,
                 proxy=proxy)
    try:
        said = sts.assume_role(RoleArn=role.arn, RoleSessionName="s3mountd", **extra)["Credentials"]
    except ClientError as error:
        said_no = cause(error.response)
        code = said_no.code if said_no is not None and said_no.code in OF_STS else "key-refused"
        raise MountdError(code, f"{role.arn}: {error.response['Error'].get('Code', '')}") from error
    except BotoCoreError as error:
        raise MountdError("no-credentials", f"{role.arn}: {error}") from error
    return Keys(said["AccessKeyId"], said["SecretAccessKey"], said["SessionToken"])


def client(service: str, keys: Keys | None, *, region: str, endpoint_url: str, ca_file: str, end: float,  # noqa: PLR0913
           path_style: bool = False, proxy: str = "") -> Any:
    """A client of boto3; unsigned without keys. Its calls take until ``end`` at most. Without ``proxy``, a URL, it goes
    by none, whatever the environment says."""
    import boto3  # noqa: PLC0415  see the module
    from botocore import UNSIGNED  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    signing = {} if keys else {"signature_version": UNSIGNED}
    config = Config(
        connect_timeout=left(end) / 2, read_timeout=left(end) / 2, retries={"total_max_attempts": 1},
        proxies=proxies(proxy),
        user_agent_extra="s3mountd", s3={"addressing_style": "path" if path_style else "virtual"}, **signing)
    with _MAKING:
        if not _SESSION:
            _SESSION.append(boto3.Session())
        return _SESSION[0].client(
            service, region_name=region, endpoint_url=endpoint_url or None, verify=ca_file or None, config=config,
            aws_access_key_id=keys.access if keys else None, aws_secret_access_key=keys.secret if keys else None,
            aws_session_token=keys.token or None if keys else None)


def proxies(proxy: str) -> dict[str, str]:
    """A proxy's URL as botocore wants it; none for ""."""
    return {"http": proxy, "https": proxy} if proxy else {}


def cause(said: Mapping[str, Any], endpoint_url: str = "") -> Cause | None:
    """What an answer of S3 or STS at that URL names as wrong, None for one that is well."""
    error = said.get("Error")
    if not error:
        return None
    facts = said.get("ResponseMetadata", {})
    headers = facts.get("HTTPHeaders", {})
    region = str(error.get("Region") or headers.get("x-amz-bucket-region", ""))
    if error.get("Code") == "NoSuchBucket" and (host := diagnosis.of_host(str(error.get("BucketName")), endpoint_url)):
        return host
    return diagnosis.of_store(
        int(facts.get("HTTPStatusCode", 0)), str(error.get("Code", "")), str(error.get("Message") or ""), region)

"""What the tasks that speak to S3 by boto3 have in common: where, with which keys, until when, and what went wrong.

A question of theirs has ``endpoint_url`` ("" for AWS), ``region`` ("" when it is not written down), ``bucket``,
``prefix``, ``force_path_style``, ``profile``, ``anonymous``, ``provider``, ``deadline`` (seconds), and ``files``: what
the descriptors are, of ``credentials``, ``config``, ``ca_bundle``. It may have ``proxy`` (a URL) and
``requester_pays``.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mountd.core import diagnosis
from mountd.core.profiles import Elsewhere, Keys
from mountd.core.s3_question import sts_url
from mountd.system.answering import Question
from mountd.system.s3 import clients, diagnose
from mountd.words.errors import MountdError

_REGION = "us-east-1"
_DETAIL = 200


@dataclass
class Access:
    """A way to the store with keys for it."""

    question: Question
    keys: Keys | None
    ca_file: str
    end: float
    """Monotonic seconds."""
    region: str
    skew: float | None = None
    """Seconds that this machine's clock is ahead of the store's, as far as it was told."""

    @property
    def bucket(self) -> str:
        """The bucket that is asked about."""
        return str(self.question["bucket"])

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.end - time.monotonic()

    def client(self, service: str = "s3") -> Any:
        """A client of boto3, whose answers tell of the clock."""
        asked = self.question
        made = clients.client(
            service, self.keys, region=self.region, endpoint_url=self._url(service), ca_file=self.ca_file,
            end=self.end, path_style=bool(asked["force_path_style"]), proxy=diagnose.proxy(asked))

        def heard(http_response: Any, **_: object) -> None:
            found = diagnosis.skew(http_response.headers.get("Date", ""), time.time())
            self.skew = self.skew if found is None else found

        made.meta.events.register(f"after-call.{service}", heard)
        if asked.get("requester_pays"):
            made.meta.events.register(f"before-call.{service}", _pay)
        return made

    def _url(self, service: str) -> str:
        endpoint = str(self.question["endpoint_url"])
        return sts_url(endpoint) if service == "sts" else endpoint


def _pay(params: Any, **_: object) -> None:
    params["headers"]["x-amz-request-payer"] = "requester"


Run = Callable[[Access], dict[str, Any]]


def task(run: Run) -> Callable[[Question, Sequence[int]], dict[str, Any]]:
    """A task out of what it does with its way to the store; a network that fails is looked at step by step."""
    def asked(question: Question, descriptors: Sequence[int]) -> dict[str, Any]:
        files = diagnose.read(question, descriptors)
        end = time.monotonic() + float(question["deadline"])
        with clients.ca_file(files.get("ca_bundle", b"")) as ca_file:
            access = Access(question, None, ca_file, end, _region(question, files))
            with _errors(access, files):
                access.keys = None if question["anonymous"] else _keys(access, files)
                return {**run(access), "skew": access.skew}

    return asked


def _region(question: Question, files: Mapping[str, bytes]) -> str:
    """The one that is written for the mount, else in the profile, else the first of all."""
    return str(question["region"] or clients.profile(files, str(question["profile"])).get("region") or _REGION)


def _keys(access: Access, files: Mapping[str, bytes]) -> Keys:
    found = clients.offered(access.question, files, access.end)
    if isinstance(found, Elsewhere):
        name = access.question["profile"] or "default"
        raise MountdError("no-credentials", "only the worker has them" if found.by == clients.WORKER else
                          f"profile {name} goes by {found.by}, which is not followed here")
    return clients.keys(found, access.ca_file, access.end, diagnose.proxy(access.question))


@contextlib.contextmanager
def _errors(access: Access, files: Mapping[str, bytes]) -> Iterator[None]:
    """boto3's errors as codes."""
    from botocore import exceptions  # noqa: PLC0415  see clients

    try:
        yield
    except exceptions.ClientError as error:
        cause = clients.cause(error.response, str(access.question["endpoint_url"]))
        if cause is None or diagnosis.blames_clock(cause, access.skew):
            cause = diagnosis.of_skew(access.skew or 0.0)
        raise MountdError(cause.code, cause.detail) from error
    except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
        cause = diagnose.network_cause(access.question, files, max(access.left, diagnose.STEP_LIMIT))
        if cause is not None:
            raise MountdError(cause.code, cause.detail) from error
        raise MountdError("unreachable", str(error)[:_DETAIL]) from error
    except exceptions.BotoCoreError as error:
        raise MountdError("store-error", str(error)[:_DETAIL]) from error


def refusal(error: Any) -> str:
    """The code of S3's own that a ClientError carries."""
    return str(error.response.get("Error", {}).get("Code", ""))

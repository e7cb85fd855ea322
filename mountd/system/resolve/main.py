"""s3mountd-resolve: gets keys once, as the user whose they are, and hands them to the broker.

Standard input has the question, one JSON object: ``start`` (``files``, ``user``, ``instance`` or ``web-identity``),
``profile``, ``file`` (its name in the credentials directory), ``role`` (``arn``, ``external_id``, ``duration``) or
None, ``sts`` (URL, "" for AWS), ``region``, ``user``, ``seconds``, ``proxy`` (URL, "" for none), ``bucket``: what to
try the keys on. Standard output gets ``access``, ``secret``, ``token``, ``expires`` (seconds since the epoch or None),
``how``; or ``failed`` with ``code`` and ``detail``.
"""

import json
import logging
import os
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any

from mountd.core.messages import Cause
from mountd.core.profiles import Keys
from mountd.system.resolve import sources
from mountd.system.resolve.sources import Got
from mountd.system.s3 import clients, signed
from mountd.words.errors import MountdError

_HOPELESS = frozenset({"key-refused", "credentials-expired"})
"""What the store may say of keys that must then not replace others."""


def _ca(question: Mapping[str, Any]) -> bytes:
    return sources.loaded("ca_bundle") if question["ca"] else b""


def _resolve(question: Mapping[str, Any]) -> Got:
    end = time.monotonic() + float(question["seconds"])
    with clients.ca_file(_ca(question)) as ca_file:
        place = sources.Sts(str(question["sts"]), str(question["region"]) or "us-east-1", ca_file, end,
                            str(question["proxy"]))
        got = sources.START[str(question["start"])](question, place)
        role = question["role"]
        if role and question["start"] != "web-identity":
            got = sources.assumed(got, role, place)
    _try(question, got.keys, end)
    return got


def _try(question: Mapping[str, Any], keys: Keys, end: float) -> None:
    """Raises MountdError when the store does not know these keys; whatever else it says is not about them."""
    asked = question["bucket"]
    bucket = signed.Bucket(str(asked["name"]), str(asked["prefix"]), str(asked["endpoint_url"]), str(asked["region"]),
                           path_style=bool(asked["path_style"]), ca_bundle=_ca(question),
                           proxy=str(question["proxy"]))
    try:
        said: Cause | None = signed.listed(bucket, keys, end)
    except (MountdError, TimeoutError):
        return
    if said is not None and said.code in _HOPELESS:
        raise MountdError(said.code, said.detail)


def main() -> None:
    """Answer once."""
    # botocore's debug log has requests with their signatures, and this process may run with anybody's variables.
    logging.disable(logging.CRITICAL)
    with socket.socket(fileno=os.dup(1)) as line:
        os.dup2(2, 1)
        question = json.loads(sys.stdin.read())
        try:
            got = _resolve(question)
            answer: dict[str, Any] = {"access": got.keys.access, "secret": got.keys.secret, "token": got.keys.token,
                                      "expires": got.expires, "how": got.how}
        except MountdError as error:
            answer = {"failed": {"code": error.fault.code, "detail": error.detail}}
        except OSError as error:
            answer = {"failed": {"code": "keys-not-got", "detail": error.strerror or type(error).__name__}}
        except Exception as error:  # noqa: BLE001  its text might hold a secret
            answer = {"failed": {"code": "keys-not-got", "detail": type(error).__name__}}
        line.sendall(json.dumps(answer).encode())

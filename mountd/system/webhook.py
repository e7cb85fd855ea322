"""s3mountd-webhook: posts for the daemon, which has no network. Standard input is the line; it ends with it.

The URL is a secret. It comes over the line with each question, and no text that leaves this process has it.
"""

import http.client
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from random import random
from typing import Any

import tenacity

from mountd import __version__
from mountd.core import posting
from mountd.system.answering import Question, Tasks, serve
from mountd.words.errors import MountdError


class _Failed(Exception):
    """A try that did not do it; ``final`` when another would be useless, ``wished`` what the server asks to wait."""

    def __init__(self, text: str, *, final: bool = False, wished: float | None = None) -> None:
        super().__init__(text)
        self.final, self.wished = final, wished


class _Straight(urllib.request.HTTPRedirectHandler):
    """Follows no redirection: whoever makes one would be given the news, or the secret in the path."""

    def redirect_request(self, *_arguments: object) -> None:
        """None: the answer is an error like another."""


def _try(url: str, body: str) -> None:
    request = urllib.request.Request(  # noqa: S310  only http and https pass the configuration
        url, data=body.encode(), method="POST",
        headers={"Content-Type": "application/json", "User-Agent": f"s3mountd/{__version__}"})
    trust = urllib.request.HTTPSHandler(context=ssl.create_default_context())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Straight, trust)
    try:
        opener.open(request, timeout=posting.TIMEOUT).close()
    except urllib.error.HTTPError as error:
        wished = posting.retry_after(error.headers.get("Retry-After"), time.time())
        error.close()
        raise _Failed(f"it answered {error.code}", final=posting.is_final(error.code), wished=wished) from None
    except urllib.error.URLError as error:
        raise _Failed(_plain(error.reason)) from None
    except OSError as error:
        raise _Failed(_plain(error)) from None
    except http.client.HTTPException as error:
        raise _Failed(f"its answer is no HTTP ({type(error).__name__})") from None


def _plain(reason: object) -> str:
    """What went wrong below HTTP; such texts name hosts at most."""
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {reason.verify_message}"
    if isinstance(reason, TimeoutError):
        return "it does not answer"
    return str(getattr(reason, "strerror", None) or type(reason).__name__)


class _Pause(tenacity.wait.wait_base):
    """As ``core.posting`` says, and as the server wishes."""

    def __call__(self, retry_state: tenacity.RetryCallState) -> float:
        failure = retry_state.outcome.exception() if retry_state.outcome else None
        wished = failure.wished if isinstance(failure, _Failed) else None
        return posting.pause(retry_state.attempt_number, wished, random())


class _Over(tenacity.stop.stop_base):
    """As ``core.posting`` says: tenacity's own rules do not count the wait that would come."""

    def __call__(self, retry_state: tenacity.RetryCallState) -> bool:
        elapsed = retry_state.seconds_since_start or 0.0
        return posting.is_over(retry_state.attempt_number, elapsed, _Pause()(retry_state))


def post(question: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    """The task ``post``: ``url``, ``body`` (JSON text). Answers with ``tries``; fails with the last try's reason."""
    retrying = tenacity.Retrying(
        stop=_Over(), wait=_Pause(), reraise=True,
        retry=tenacity.retry_if_exception(lambda error: isinstance(error, _Failed) and not error.final))
    try:
        retrying(_try, str(question["url"]), str(question["body"]))
    except _Failed as error:
        tries = retrying.statistics["attempt_number"]
        text = f"{error} (tried {tries} times)" if tries > 1 else str(error)
    except Exception as error:  # noqa: BLE001  its text might hold the URL
        text = type(error).__name__
    else:
        return {"tries": retrying.statistics["attempt_number"]}
    raise MountdError("host-refused", text)


TASKS: Tasks = {"post": post}


def main() -> None:
    """Answer the daemon until it hangs up."""
    threading.stack_size(1024 * 1024)
    serve(socket.socket(fileno=0), TASKS)

"""libsoup between the door and the answers."""

import gi

gi.require_version("Soup", "3.0")

from http import HTTPStatus  # noqa: E402  the version of Soup must be asked for before it is imported
from typing import Any  # noqa: E402

import structlog  # noqa: E402
from gi.repository import Soup  # noqa: E402

from mountd.surfaces.web import answers  # noqa: E402
from mountd.surfaces.web.answers import Asked, Reply, plain  # noqa: E402
from mountd.surfaces.web.checks import METHODS, Rules  # noqa: E402
from mountd.surfaces.web.door import Door  # noqa: E402
from mountd.surfaces.web.link import Answer, Link, Silence  # noqa: E402
from mountd.surfaces.web.live import Live  # noqa: E402
from mountd.surfaces.web.past import Past  # noqa: E402

_log: Any = structlog.get_logger()
_EVENTS = "/events"
_ALLOW = {"Allow": ", ".join(sorted(METHODS))}
_LONGEST_TARGET = 1024


class Routes:
    """Takes connections from the door, and answers what is asked on them."""

    def __init__(self, rules: Rules, host: str) -> None:
        self._rules, self._host = rules, host
        self._live = Live()
        self._past = Past(lambda: self._live.turned("", ""))
        self._link = Link(self._live.turned, self._past.look)
        self._server = Soup.Server()
        self._server.set_property("server-header", "s3mountd")
        self._server.add_early_handler(None, self._check)
        self._server.add_handler(None, self._handle)
        for signal in ("request-finished", "request-aborted"):
            self._server.connect(signal, self._finished)
        self._door = Door(rules.listen, self._admit)

    def _admit(self, stream: Any, address: Any) -> None:
        self._server.accept_iostream(stream, stream.get_local_address(), address)

    def _finished(self, _server: Any, message: Any) -> None:
        self._door.leave(message.get_remote_address())

    def _check(self, _server: Any, message: Any, _path: str, _query: Any) -> None:
        """The headers are here; what is refused is refused before its body is read, which nobody keeps."""
        message.get_request_body().set_accumulate(False)
        headers = message.get_request_headers()
        # All lines of a name together: two Hosts are none.
        found = {name: headers.get_list(name) or "" for name in ("Host", "Sec-Fetch-Site", "Sec-Fetch-Mode")}
        # A target with a host of its own counts more than the header (RFC 9112, 3.2.2), and both must be ours.
        if found["Host"] and not self._rules.knows(message.get_uri().get_host() or ""):
            found["Host"] = "a host of its own"
        refusal = self._rules.refusal(message.get_method(), {name.lower(): text for name, text in found.items()})
        if refusal is None and len(message.get_uri().to_string()) > _LONGEST_TARGET:
            _reply(message, plain(414, "the address is too long"))
        elif refusal is not None:
            _reply(message, plain(refusal.status, refusal.text, _ALLOW if refusal.status == 405 else {}))

    def _handle(self, _server: Any, message: Any, path: str, query: Any) -> None:
        self._door.asked(message.get_remote_address())
        if message.get_status():
            return
        if path == _EVENTS:
            self._listen(message)
        elif path in answers.ASKING:
            self._ask(message, path, query or {})
        else:
            _reply(message, answers.FILES.get(path) or plain(404, "there is nothing here; see /"))

    def _listen(self, message: Any) -> None:
        if message.get_method() != "GET":
            _reply(message, plain(405, "events are read with GET", {"Allow": "GET"}))
        elif self._live.full:
            _reply(message, plain(503, "too many pages are listening", {"Retry-After": "30"}))
        else:
            stream = self._door.leave(message.get_remote_address())
            if stream is not None:
                self._live.add(stream, message.steal_connection())

    def _ask(self, message: Any, path: str, query: dict[str, str]) -> None:
        waiting, address = False, message.get_remote_address()

        def heard(said: Answer | Silence) -> None:
            # libsoup has let go of the message of one who did not wait for the answer.
            if waiting and not self._door.is_here(address):
                return
            _reply(message, self._answer(path, Asked(said, self._link.last, query, self._host, self._past.days)))
            if waiting:
                message.unpause()

        self._link.ask(heard)
        if not message.get_status():
            waiting = True
            message.pause()

    @staticmethod
    def _answer(path: str, asked: Asked) -> Reply:
        try:
            return answers.ASKING[path](asked)
        except Exception as error:  # noqa: BLE001  a document with a hole must not leave the caller without an answer
            _log.exception("a page could not be made", path=path)
            return plain(500, f"this page could not be made ({type(error).__name__}); the journal says more")


def _reply(message: Any, reply: Reply) -> None:
    headers = message.get_response_headers()
    for name, value in {**answers.COMMON_HEADERS, **reply.headers}.items():
        headers.replace(name, value)
    message.set_status(reply.status, HTTPStatus(reply.status).phrase)
    message.set_response(reply.type, Soup.MemoryUse.COPY, reply.body)

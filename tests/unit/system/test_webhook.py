"""The process that posts, against a real server on loopback that answers as it is told."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mountd.core import posting
from mountd.system import webhook
from mountd.words.errors import MountdError

SECRET = "planted-secret"
AT_ONCE = {"Retry-After": "0"}


class Server(ThreadingHTTPServer):
    """Gives the answers in turn: a status and headers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.got: list[tuple[str, str, str]] = []
        """Path, content type and body of each request."""

    @property
    def url(self) -> str:
        """With a secret in it."""
        return f"http://127.0.0.1:{self.server_port}/{SECRET}?token={SECRET}"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server

    def do_POST(self) -> None:
        """Take it down and answer."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.got.append((self.path, self.headers["Content-Type"], body))
        status, headers = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's word
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    """Serves until the test is over."""
    made = Server()
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}).start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For failures without a Retry-After: a second try would be real time."""
    monkeypatch.setattr(posting, "TRIES", 1)


def post(url: str, body: str = "{}") -> int:
    tries: int = webhook.post({"url": url, "body": body}, ())["tries"]
    return tries


def why(url: str) -> str:
    with pytest.raises(MountdError) as caught:
        post(url)
    assert SECRET not in str(caught.value)
    return caught.value.detail


def test_what_is_sent(server: Server) -> None:
    server.answers = [(204, {})]
    body = json.dumps({"event": "outage", "mount": {"name": "größer"}}, ensure_ascii=False)
    assert post(server.url, body) == 1
    assert server.got == [(f"/{SECRET}?token={SECRET}", "application/json", body)]


def test_it_is_tried_again(server: Server) -> None:
    server.answers = [(503, AT_ONCE), (429, AT_ONCE), (200, {})]
    assert post(server.url) == 3


def test_and_not_for_ever(server: Server) -> None:
    server.answers = [(503, AT_ONCE)] * 9
    assert why(server.url) == "it answered 503 (tried 8 times)"
    assert len(server.got) == 8


def test_who_asks_for_an_hour_is_not_waited_for(server: Server) -> None:
    server.answers = [(503, {"Retry-After": "3600"})]
    assert why(server.url) == "it answered 503"


@pytest.mark.parametrize("status", [400, 401, 404, 410])
def test_a_final_answer_is_final(server: Server, status: int) -> None:
    server.answers = [(status, {})]
    assert why(server.url) == f"it answered {status}"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirection_is_followed(server: Server, status: int) -> None:
    server.answers = [(status, {"Location": server.url}), (200, {})]
    assert why(server.url) == f"it answered {status}"
    assert len(server.got) == 1


def test_what_goes_wrong_beneath_is_named(once: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert why(f"http://127.0.0.1:{port}/{SECRET}") == "Connection refused"


def test_a_server_that_is_no_http(once: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def babble() -> None:
            with listener.accept()[0] as stream:
                stream.recv(65536)
                stream.sendall(b"hello\r\n\r\n")

        threading.Thread(target=babble).start()
        assert why(f"http://127.0.0.1:{listener.getsockname()[1]}/{SECRET}").startswith("its answer is no HTTP")


def test_a_fault_of_ours_does_not_show_the_secret(once: None) -> None:
    assert "InvalidURL" in why(f"http://127.0.0.1:1/{SECRET} with a blank")
    assert why(f"http://127.0.0.1:1/{SECRET}\u00e9") == "UnicodeEncodeError"

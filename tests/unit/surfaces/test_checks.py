"""Which requests to the status pages are answered."""

import pytest

from mountd.core.listen import Listen
from mountd.surfaces.web.checks import Rules, own_names

LOOPBACK = Rules(Listen("127.0.0.1", 9787))
SIX = Rules(Listen("::1", 9787))
SOCKET = Rules(Listen(path="/run/s3mountd-http/http.sock"))
ONE = Rules(Listen("192.0.2.7", 9787), frozenset({"vm12"}))
ALL = Rules(Listen("0.0.0.0", 9787), frozenset({"vm12", "vm12.campus.example"}))


def status(rules: Rules, method: str = "GET", **headers: str) -> int:
    refusal = rules.refusal(method, {name.replace("_", "-"): text for name, text in headers.items()})
    return refusal.status if refusal else 200


@pytest.mark.parametrize(("rules", "host"), [
    (LOOPBACK, "127.0.0.1:9787"), (LOOPBACK, "localhost"), (LOOPBACK, "LOCALHOST:9787"), (LOOPBACK, "localhost.:80"),
    (LOOPBACK, "[::1]:9787"), (LOOPBACK, ""), (SIX, "[::1]:9787"), (SOCKET, "localhost"),
    (ONE, "192.0.2.7:9787"), (ONE, "vm12:9787"), (ALL, "192.0.2.9"), (ALL, "vm12.campus.example:9787"),
    (ALL, "[2001:db8::1]:9787"),
])
def test_own_names_are_answered(rules: Rules, host: str) -> None:
    assert status(rules, host=host) == 200


@pytest.mark.parametrize(("rules", "host"), [
    (LOOPBACK, "evil.example"), (LOOPBACK, "localhost.evil.example"), (LOOPBACK, "192.0.2.7"), (LOOPBACK, "vm12"),
    (LOOPBACK, "localhost, evil.example"), (LOOPBACK, "evil@localhost"), (LOOPBACK, "localhost:x"),
    (LOOPBACK, "[::1"), (LOOPBACK, "127.0.0.1:123456"), (LOOPBACK, "127.1.evil.example"),
    (SOCKET, "evil.example"), (ONE, "192.0.2.8"), (ONE, "vm13"), (ALL, "evil.example"),
])
def test_a_strange_host_is_not(rules: Rules, host: str) -> None:
    assert status(rules, host=host) == 421


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "get", ""])
def test_nothing_but_reading(method: str) -> None:
    assert status(LOOPBACK, method, host="localhost") == 405


def test_head_is_reading() -> None:
    assert status(LOOPBACK, "HEAD", host="localhost") == 200


@pytest.mark.parametrize(("site", "mode", "expected"), [
    ("cross-site", "cors", 403), ("cross-site", "no-cors", 403), ("cross-site", "navigate", 200),
    ("same-origin", "cors", 200), ("none", "navigate", 200),
])
def test_scripts_of_other_sites(site: str, mode: str, expected: int) -> None:
    assert status(LOOPBACK, host="localhost", sec_fetch_site=site, sec_fetch_mode=mode) == expected


def test_own_names_are_those_beside_the_host_name() -> None:
    hosts = "127.0.0.1 localhost\n127.0.1.1\tVM12.campus.example VM12 # vm99\n192.0.2.1 other\n::1\n"
    assert own_names("vm12", hosts) == {"vm12", "vm12.campus.example"}
    assert own_names("", "") == frozenset()

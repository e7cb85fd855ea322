"""What haproxy and the workers behind it are told."""

import pytest

from mountd.core import front
from mountd.core.front import Front
from mountd.words.model import Mount, Place

KOPAH = Front("https://s3.kopah.test")
LOCAL = Front("http://127.0.0.1:9300")


@pytest.mark.parametrize(("url", "inner", "port"), [
    ("https://s3.kopah.test", "http://s3.kopah.test", 80),
    ("https://s3.kopah.test:7443", "http://s3.kopah.test:7443", 7443),
    ("http://s3.kopah.test:7480", "http://s3.kopah.test:7480", 7480),
    ("http://10.1.2.3:7480", "http://127.0.0.1:7480", 7480),
])
def test_workers_say_the_host_and_port_that_are_written(url: str, inner: str, port: int) -> None:
    one = Front(url)
    assert (one.inner_url, one.inner_port) == (inner, port)


def test_the_host_leads_to_the_front_and_so_does_a_buckets_own() -> None:
    assert front.hosts(KOPAH, []) == "127.0.0.1 localhost s3.kopah.test\n"
    assert front.hosts(KOPAH, ["b", "a", "b"]) == "127.0.0.1 localhost s3.kopah.test a.s3.kopah.test b.s3.kopah.test\n"
    assert front.hosts(LOCAL, ["a"]) == "127.0.0.1 localhost\n"


def test_the_store_is_verified_by_its_name() -> None:
    line = next(line for line in front.config(KOPAH, "/run/c", "/ca.pem", ()).splitlines() if "server store" in line)
    assert line.split() == [
        "server", "store", "s3.kopah.test:443", "init-addr", "last,libc,none", "ssl", "verify", "required",
        "ca-file", "/ca.pem", "sni", "str(s3.kopah.test)", "verifyhost", "s3.kopah.test"]
    assert KOPAH.obstacle == Front("http://10.1.2.3").obstacle == ""
    assert Front("https://10.1.2.3").obstacle == "haproxy compares no certificate with an address"
    assert Front('http://a"b').obstacle


def test_an_address_that_changes_is_followed() -> None:
    text = front.config(KOPAH, "/run/c", "/ca.pem", ("10.0.0.1", "fd00::1"))
    assert "    nameserver ns0 10.0.0.1:53\n    nameserver ns1 [fd00::1]:53\n" in text
    assert " resolvers system\n" in text
    assert "resolvers" not in front.config(LOCAL, "/run/c", "/ca.pem", ("10.0.0.1",))
    assert "resolvers" not in front.config(KOPAH, "/run/c", "/ca.pem", ())


def test_the_servers_of_resolv_conf() -> None:
    text = "# nameserver 1.1.1.1\nsearch x\nnameserver 10.0.0.1\nnameserver fe80::1%eth0\nnameserver\tfd00::1\n"
    assert front.nameservers(text) == ("10.0.0.1", "fd00::1")


def test_nothing_but_a_rename_is_answered() -> None:
    text = front.config(LOCAL, "/run/c", "", ())
    assert text.count("http-request") == 1
    assert "if METH_PUT rename" in text
    assert "query -m beg renameObject" in text


def test_endpoints_and_cas_have_fronts_of_their_own() -> None:
    names = {one.name for one in (KOPAH, LOCAL, Front(KOPAH.endpoint_url, "/etc/ca.pem"))}
    assert len(names) == 3
    mount = Mount("e", "b", "/e", Place("m", 1), options={"endpoint_url": "https://s3.kopah.test/"})
    assert Front.of(mount) == KOPAH

"""A mount by way of an HTTP proxy, which alone knows where the stores are, and all that is asked beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine import Machine, ceph, forward
from tests.machine.ceph import NAME, PORTS
from tests.machine.forward import Forward
from tests.machine.kit import PORT
from tests.s3.servers import Authority
from tests.system import kit

pytestmark = pytest.mark.once("13")

STORE = "store.test"
PLAIN = f"http://{STORE}:{PORT}"
SECRET = f"https://{NAME}:{PORTS['18'] + 1}"
BESIDE = {
    "whoami {name}": "root: ~/.aws",
    "doctor {name} --write": f"127.0.0.1:{forward.PORT} takes connections",
    "bucket list --mount {name}": "bucket-two",
    "bucket size --mount {name}": "object",
    "bucket policy-check --mount {name}": "",
}
"""Commands, and what they say when all is well; some warn of this machine."""


@pytest.fixture
def proxy(machine: Machine) -> Iterator[Forward]:
    machine.run("systemctl stop s3mountd; rm -f /var/lib/s3mountd/writes.json; systemctl start s3mountd")
    made = forward.start(machine, [STORE, NAME])
    yield made
    made.stop()


def by(proxy: Forward, name: str, endpoint_url: str, **keys: object) -> kit.Document:
    return {**kit.mount(name, provider="other", endpoint_url=endpoint_url, proxy=proxy.url, force_path_style=True,
                        region="us-east-1", allow_delete=True, check={"interval": "5s"}), **keys}


def used(machine: Machine, proxy: Forward, name: str, begin: str) -> None:
    """Reads, writes and what is asked beside the mount go by the proxy; whatever it took led to that store."""
    machine.run(f"cp /bin/bash /srv/{name}/large && cmp /bin/bash /srv/{name}/large && rm /srv/{name}/large")
    assert machine.read(f"/srv/{name}/hello.txt") == "hello from bucket-one\n"
    for command, said in BESIDE.items():
        before = len(proxy.took())
        assert said in machine.run(f"s3mountctl {command.format(name=name)}", check=False, timeout=90).stdout
        taken = proxy.took()[before:]
        assert taken, command
        assert all(line.split(" ")[1].startswith(begin) for line in taken), command


def test_a_store_is_mounted_tried_asked_and_diagnosed_by_way_of_it(machine: Machine, proxy: Forward) -> None:
    kit.configure(machine, by(proxy, "plain", PLAIN))
    one, = kit.wait_ok(machine, "plain", timeout=30)
    assert (one["writes"]["verdict"], one["writes"]["way"]) == ("safe", "direct")
    assert any("renameObject" in line for line in proxy.took()), "the verdict was asked for by way of it"
    used(machine, proxy, "plain", f"{PLAIN}/")
    assert f"PUT {PLAIN}/bucket-one/large" in " ".join(proxy.took()).replace("?", " ?")
    proxy.stop()
    kit.wait_for(machine, "plain", 40, state="mounted", code="proxy-failed")
    forward.start(machine, [STORE])
    kit.wait_ok(machine, "plain", timeout=40)
    machine.run("systemctl stop weed")
    kit.wait_for(machine, "plain", 40, state="mounted", code="store-error")  # the proxy's own answer
    machine.run("systemctl start weed")
    kit.wait_ok(machine, "plain", timeout=40)


def test_tls_goes_through_it_unopened(machine: Machine, proxy: Forward, tmp_path: Path) -> None:
    Authority.make(tmp_path).certify("server", f"DNS:{NAME}")
    machine.copy_in(tmp_path / "ca.pem", "/etc/proxy-ca.pem", 0o644)
    gateway = ceph.start(machine, "18", certificate=(tmp_path / "server.pem", tmp_path / "server.key"))
    try:
        machine.run(f"sed -i /{NAME}/d /etc/hosts")
        kit.configure(machine, by(proxy, "tls", SECRET, write_safety="trust", ca_bundle="/etc/proxy-ca.pem"),
                      by(proxy, "guarded", SECRET, ca_bundle="/etc/proxy-ca.pem"))
        kit.wait_ok(machine, "tls", timeout=30)
        used(machine, proxy, "tls", SECRET.removeprefix("https://"))
        assert {line.split(" ")[0] for line in proxy.took()} == {"CONNECT"}
        one = kit.wait_for(machine, "guarded", 30, state="mounted", health="degraded", code="no-front")
        assert one["writes"]["way"] == "read-only"
        assert "haproxy does not go by a proxy" in json.dumps(one["reason"])
        assert machine.read("/srv/guarded/hello.txt") == "hello from bucket-one\n"
        assert machine.run("touch /srv/guarded/x", check=False).returncode
    finally:
        gateway.stop()
        machine.run(f"echo 127.0.0.1 {NAME} >>/etc/hosts")

"""What is wrong with a store is said within seconds of a start, by a process of its own that gives nothing away."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.machine import Machine
from tests.machine.far import PORT, Far
from tests.s3.seaweed import ADMIN
from tests.s3.servers import Authority
from tests.system import kit

UNIT = "s3mountd-s3.service"
PROMISE = 3.0
"""Seconds from the start of a worker to the reason, as promised; printed beside what it took."""
SLACK = 3.0
"""Seconds more for a host that has eight things to do at once."""
WRONG_KEYS = f"""
[profile secret]
aws_access_key_id = {ADMIN.access_key}
aws_secret_access_key = not/the/one/that/belongs/to/it
[profile key]
aws_access_key_id = WEEDNOBODY0000000001
aws_secret_access_key = {ADMIN.secret_key}
"""
TLS = """
import http.server, ssl
class Sick(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(503)
    do_HEAD = do_PUT = do_GET
server = http.server.ThreadingHTTPServer(("127.0.0.1", 9443), Sick)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/run/tls/server.pem", "/run/tls/server.key")
# Each handshake in its thread: one caller that says nothing must not keep the others out.
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"""
NOBODY_LISTENS = "http://127.0.0.1:9"


@contextmanager
def tls_server(machine: Machine, folder: Path) -> Iterator[str]:
    """A server on loopback whose CA the machine does not know, and which answers nothing but 503; its endpoint."""
    authority = Authority.make(folder)
    authority.certify("server")
    for name in ("server.pem", "server.key", "ca.pem"):
        machine.copy_in(folder / name, f"/run/tls/{name}", 0o600)
    machine.write("/run/tls/serve.py", TLS)
    machine.run("systemd-run --quiet --unit=tls-test /usr/bin/python3 /run/tls/serve.py")
    try:
        machine.wait_until(lambda: machine.run("ss -Hltn sport = :9443").stdout, 10, "the TLS server listens")
        yield "https://127.0.0.1:9443"
    finally:
        machine.run("systemctl stop tls-test; rm -rf /run/tls")


def _codes(machine: Machine, wanted: dict[str, str], timeout: float) -> dict[str, float]:
    """Seconds until each mount shows its code."""
    begun, took = time.monotonic(), dict[str, float]()
    seen: list[object] = []

    def all_there() -> bool:
        found = {one["name"]: (one["reason"] or {}).get("code") for one in kit.status(machine)["mounts"]}
        seen[:] = [found]
        for name, code in wanted.items():
            if found.get(name) == code:
                took.setdefault(name, time.monotonic() - begun)
        return len(took) == len(wanted)

    try:
        machine.wait_until(all_there, timeout, "every mount says what is wrong", every=0.1)
    except TimeoutError as error:
        raise TimeoutError(f"{error}; wanted {wanted}, last seen {seen}") from None
    print(f"seconds from reload to the reason (promised {PROMISE}):",
          ", ".join(f"{name} {seconds:.1f}" for name, seconds in took.items()))
    return took


def test_each_fault_has_its_code_within_seconds_of_a_reload(machine: Machine, tmp_path: Path) -> None:
    machine.write("/root/.aws/config", WRONG_KEYS, 0o600)
    wanted = {"secret": "key-refused", "key": "key-refused", "nobucket": "bucket-missing",
              "refused": "connection-refused", "nameless": "name-unresolved", "scheme": "wrong-scheme",
              "ca": "tls-failed", "sick": "store-error"}
    with tls_server(machine, tmp_path) as endpoint:
        kit.configure(
            machine, kit.mount("well"),
            kit.mount("secret", credentials={"profile": "secret"}), kit.mount("key", credentials={"profile": "key"}),
            kit.mount("nobucket", "no-such-bucket"), kit.mount("refused", endpoint_url=NOBODY_LISTENS),
            kit.mount("nameless", endpoint_url="http://store.invalid:9400"),
            kit.mount("scheme", endpoint_url="https://127.0.0.1:9400"), kit.mount("ca", endpoint_url=endpoint),
            kit.mount("sick", endpoint_url=endpoint, ca_bundle="/run/tls/ca.pem"))
        took = _codes(machine, wanted, 10)
        kit.wait_ok(machine, "well")
        late = [one for one in kit.status(machine)["mounts"] if one["state"] == "mounting"]
        assert {one["name"] for one in late} >= {"refused", "scheme", "ca", "sick"}, "the state says what is being done"
        assert all(one["reason"]["hint"] for one in late)
    machine.run("rm /root/.aws/config")
    assert max(took.values()) < PROMISE + SLACK


@pytest.mark.once
@pytest.mark.parametrize(("fault", "code"), [("blackhole", "unreachable"), ("dropped", "unreachable"),
                                             ("unplugged", "unreachable"), ("nameless", "name-unresolved")])
def test_a_network_that_fails_is_told_from_a_store_that_does(machine: Machine, far: Far, fault: str, code: str) -> None:
    name = fault if fault == "nameless" else "address"
    endpoint = far.endpoint if fault == "nameless" else f"http://{far.address}:{PORT}"
    with far.fault(fault):
        kit.configure(machine, kit.mount(name, endpoint_url=endpoint))
        took = _codes(machine, {name: code}, 10)
        assert kit.look(machine, name)["state"] == "mounting"
    assert took[name] < PROMISE + SLACK


@pytest.mark.once
def test_it_is_started_by_a_question_and_gone_with_the_daemon(machine: Machine) -> None:
    kit.configure(machine, kit.mount("well"))
    kit.wait_ok(machine, "well")
    assert kit.show(machine, UNIT, "ActiveState") == "inactive", "nobody had a question"
    kit.configure(machine, kit.mount("well"), kit.mount("refused", endpoint_url=NOBODY_LISTENS))
    kit.wait_for(machine, "refused", 10, code="connection-refused")
    assert kit.show(machine, UNIT, "ActiveState") == "active"
    machine.run("systemctl stop s3mountd")
    machine.wait_until(lambda: kit.show(machine, UNIT, "LoadState") == "not-found", 5, f"{UNIT} is gone")
    machine.run("systemctl start s3mountd")
    kit.wait_ok(machine, "well")


@pytest.mark.once
def test_it_gives_nothing_away_and_can_do_nothing(machine: Machine) -> None:
    kit.configure(machine, kit.mount("slow", endpoint_url=NOBODY_LISTENS), kit.mount("well"))
    kit.wait_for(machine, "slow", 10, code="connection-refused")
    pid = kit.show(machine, UNIT, "MainPID")
    told = machine.run(["systemctl", "show", UNIT]).stdout + machine.run(
        f"cat /proc/{pid}/cmdline /proc/{pid}/environ | tr '\\0' '\\n'").stdout
    assert UNIT in told and "s3mountd-s3" in told
    assert ADMIN.secret_key not in told and ADMIN.access_key not in told
    facts = dict(line.split(":\t", 1) for line in machine.read(f"/proc/{pid}/status").splitlines())
    assert facts["Uid"].split()[0] != "0"
    copy = "/run/s3mountd/keys/slow/credentials"
    assert ADMIN.secret_key in machine.read(copy)
    reading = machine.run(["nsenter", "-t", pid, "-m", "-S", facts["Uid"].split()[0], "cat", copy], check=False)
    assert (reading.returncode, "Permission denied" in reading.stderr) == (1, True), "it is given descriptors, no paths"
    assert {int(facts[name].strip(), 16) for name in ("CapEff", "CapPrm", "CapBnd")} == {0}
    rating = machine.run(["systemd-analyze", "security", "--no-pager", UNIT]).stdout.split("service:")[-1].split()[0]
    print(f"exposure of {UNIT}: {rating}")
    assert float(rating) <= 1.5


@pytest.mark.once
def test_when_it_is_killed_the_next_question_has_another(machine: Machine) -> None:
    kit.configure(machine, kit.mount("one", endpoint_url=NOBODY_LISTENS))
    kit.wait_for(machine, "one", 10, code="connection-refused")
    kit.kill(machine, int(kit.show(machine, UNIT, "MainPID")))
    kit.configure(machine, kit.mount("one", endpoint_url=NOBODY_LISTENS),
                  kit.mount("two", endpoint_url="http://store.invalid:9400"))
    kit.wait_for(machine, "two", 10, code="name-unresolved")
    assert kit.show(machine, UNIT, "ActiveState") == "active"

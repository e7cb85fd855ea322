"""What is wrong with a store is said within seconds of a start, by a process of its own that gives nothing away."""

from __future__ import annotations

import time

import pytest

from tests.machine import Machine
from tests.machine.failures import tls_server
from tests.machine.far import PORT, Far
from tests.s3.seaweed import ADMIN
from tests.system import kit

UNIT = "s3mountd-s3.service"
PROMISE = 3.0
"""Seconds from the start of a worker to the reason, as promised; printed beside what it took."""
SLACK = 3.0
"""Seconds more for a host that has eight things to do at once."""
NOBODY_LISTENS = "http://127.0.0.1:9"


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


@pytest.mark.once
def test_a_store_that_answers_nonsense_is_told_while_mount_s3_still_tries(machine: Machine) -> None:
    with tls_server(machine) as endpoint:
        kit.configure(machine, kit.mount("sick", endpoint_url=endpoint, ca_bundle="/run/tls/ca.pem"))
        took = _codes(machine, {"sick": "store-error"}, 10)
        one = kit.look(machine, "sick")
        assert (one["state"], bool(one["reason"]["hint"])) == ("mounting", True), "the state says what is being done"
    assert took["sick"] < PROMISE + SLACK


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
    assert kit.show(machine, UNIT, "ActiveState") == "inactive", "nobody had a question"
    kit.configure(machine, kit.mount("well"))
    kit.wait_ok(machine, "well")
    machine.wait_until(lambda: kit.show(machine, UNIT, "ActiveState") == "active", 10, "it is asked what keys may do")
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

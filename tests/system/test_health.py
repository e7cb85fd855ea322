"""Health that is true: S3 goes away in several ways under a mount that serves, which is told right and left alone."""

import json
import time
from collections.abc import Callable, Iterator

import pytest

from tests.machine import Machine
from tests.machine.kit import CONFIG, ENDPOINT
from tests.s3.seaweed import ADMIN
from tests.system.kit import (
    Document,
    configure,
    look,
    misbehave,
    mount,
    standin,
    status,
    store,
    wait_for,
    wait_ok,
    workers,
)

CHECK = {"interval": "5s", "timeout": "10s", "failures": 3}
SOON = 15
"""Seconds within which an outage is to be told, with a check every 5 s."""
HEALED = 2.0
"""Seconds within which its end is to be noticed."""


@pytest.fixture
def served(machine: Machine) -> Iterator[int]:
    """A mount ``one`` that is well; the value is its worker, which is the same when the test is over."""
    configure(machine, mount("one", check=CHECK))
    wait_ok(machine, "one")
    before = workers(machine)
    yield look(machine, "one")["pid"]
    assert workers(machine) == before, "a worker that lives is left alone"
    assert look(machine, "one")["restarts"] == 0


def seconds_until_unwell(machine: Machine, health: str, code: str) -> Document:
    began = time.monotonic()
    seen = wait_for(machine, "one", SOON, code=code, state="mounted", health=health)
    print(f"{health}, {code}: told after {time.monotonic() - began:.1f} s: {seen['reason']['text']}")
    return seen


def healed_after(machine: Machine, mend: Callable[[], object]) -> None:
    """The end is noticed as soon as callers can notice it: mount-s3 may sleep between two tries when S3 is back."""
    mend()
    back = time.monotonic()
    assert machine.run("cat /srv/one/hello.txt", check=False, timeout=90).returncode in (0, 1)
    began = asked = time.monotonic()
    while look(machine, "one")["health"] != "ok":
        assert asked - began < 20, "not healed"
        asked = time.monotonic()
    # When the answer was asked for; a machine that is slow to give it is slow in all else.
    took, slow = asked - began, time.monotonic() - asked
    print(f"healed: callers were served {began - back:.2f} s after S3 was back, told {took:.2f} s later")
    assert machine.run("cat /srv/one/hello.txt").stdout == "hello from bucket-one\n"
    assert look(machine, "one")["reason"] is None
    assert took <= HEALED + 5 * slow


def answers(machine: Machine) -> bool:
    return machine.run(f"curl -s -m 1 -o /dev/null {ENDPOINT}", check=False).returncode == 0


@pytest.mark.once
def test_a_probe_goes_all_the_way_to_s3(machine: Machine) -> None:
    configure(machine, mount("one", check=CHECK, debug=True))
    wait_ok(machine, "one")
    machine.wait_until(lambda: ".s3mountd-check-" in machine.journal("-t", "mount-s3"), 10, "a probe in the log")
    said = [line for line in machine.journal("-t", "mount-s3").splitlines() if ".s3mountd-check-" in line]
    print("\n".join(said[:6]))
    assert any("head_object" in line for line in said)
    assert any("list_objects" in line for line in said)


def test_a_server_that_is_gone(machine: Machine, served: int) -> None:
    machine.run("systemctl stop weed")
    assert not answers(machine)
    seconds_until_unwell(machine, "degraded", "connection-refused")
    healed_after(machine, lambda: machine.run("systemctl start weed"))


@pytest.mark.once
def test_a_server_that_takes_connections_and_says_nothing(machine: Machine, served: int) -> None:
    machine.run("systemctl kill -s STOP weed")
    try:
        assert not answers(machine)
        seconds_until_unwell(machine, "degraded", "unreachable")
    finally:
        machine.run("systemctl kill -s CONT weed")
    healed_after(machine, lambda: None)


@pytest.mark.once
def test_figures_that_are_all_zero_are_no_sign_of_life(machine: Machine) -> None:
    """The kernel gives them to who may not enter a FUSE mount, and no error; here the STAND-IN worker gives them."""
    with standin(machine):
        configure(machine, mount("one", check=CHECK))
        [one] = wait_ok(machine, "one")
        misbehave(machine, all={"zero_statfs": True})
        assert machine.run("stat --file-system --format=%b /srv/one").stdout == "0\n"
        seen = seconds_until_unwell(machine, "down", "host-refused")
        assert "may not enter" in seen["reason"]["text"]
        misbehave(machine)
        assert wait_ok(machine, "one")[0]["pid"] == one["pid"], "nobody was restarted for it"


@pytest.mark.once
def test_a_bucket_deleted_under_the_mount(machine: Machine) -> None:
    machine.seed(["bucket-short"])
    # Read-only, or the try whether it may be written might bring the bucket's folder back: SeaweedFS makes it anew.
    configure(machine, mount("one", "bucket-short", check=CHECK, read_only=True))
    wait_ok(machine, "one")
    before = workers(machine)
    store(machine, "delete_object", Bucket="bucket-short", Key="hello.txt")
    store(machine, "delete_bucket", Bucket="bucket-short")
    seen = seconds_until_unwell(machine, "down", "bucket-missing")
    assert "bucket-short" in seen["reason"]["text"]
    began = time.monotonic()
    machine.seed(["bucket-short"])
    wait_ok(machine, "one")
    print(f"the bucket is there again: noticed after {time.monotonic() - began:.2f} s")
    assert workers(machine) == before


@pytest.mark.once
def test_a_key_that_is_revoked(machine: Machine, served: int) -> None:
    identities = machine.read(str(CONFIG))
    try:
        machine.write(str(CONFIG), identities.replace(ADMIN.access_key, "SOMEBODYELSESKEY0000"), 0o600)
        assert ADMIN.access_key not in json.dumps(machine.read(str(CONFIG)))
        machine.run("systemctl restart weed")
        seconds_until_unwell(machine, "down", "key-refused")
    finally:
        machine.write(str(CONFIG), identities, 0o600)
        machine.run("systemctl restart weed")
    healed_after(machine, lambda: None)


def told(machine: Machine) -> list[str]:
    """The daemon's own lines since the mark. Not by ``journalctl -t``, which in systemd 252 leaves out the first one
    when ``--after-cursor`` names a line of somebody else."""
    lines = machine.journal().splitlines()
    return [line.partition("]: ")[2] for line in lines if " s3mountd[" in line]


@pytest.mark.once
def test_ten_mounts_of_a_server_that_is_gone_are_one_cause(machine: Machine) -> None:
    names = [f"m{number}" for number in range(10)]
    configure(machine, *(mount(name, check={"interval": "10min"}, grace="2s") for name in names))
    wait_ok(machine, *names)
    before = workers(machine)
    machine.mark_journal()
    machine.run("systemctl stop weed")
    assert not answers(machine)
    # One of them finds out; that goes for all.
    machine.run("busctl call org.s3mountd1 /org/s3mountd1 org.s3mountd1.Manager Check s m0")
    machine.wait_until(lambda: [one["mounts"] for one in status(machine)["causes"]] == [names], 2 * SOON, "one cause")
    (cause,) = status(machine)["causes"]
    assert (cause["code"], cause["endpoint"]) == ("connection-refused", ENDPOINT)
    machine.run("systemctl start weed")
    began = time.monotonic()
    first: dict[str, float] = {}
    while len(first) < len(names):
        asked = time.monotonic()
        assert asked - began < 60, "not healed"
        for one in status(machine)["mounts"]:
            if one["health"] == "ok":
                first.setdefault(one["name"], asked - began)
        slow = time.monotonic() - asked
    took = sorted(first.values())
    print(f"ten mounts: {took[8]:.2f} s after S3 was back nine are known to be well, {took[9]:.2f} s after it the one "
          "whose check was under way when S3 went")
    assert took[8] <= HEALED + 5 * slow
    assert status(machine)["causes"] == []
    assert workers(machine) == before
    said = told(machine)
    print("\n".join(said))
    assert said[0] == f"{ENDPOINT} refuses connections: 10 mounts are affected (m0, m1, m2, ...)"
    assert said[1].startswith(f"{ENDPOINT} answers again after ")
    assert len(said) == 2


@pytest.mark.once
def test_what_is_over_within_its_grace_is_not_told_as_an_outage(machine: Machine) -> None:
    configure(machine, *(mount(name, check=CHECK, grace="1min") for name in ("one", "two")))
    wait_ok(machine, "one", "two")
    machine.mark_journal()
    machine.run("systemctl stop weed")
    seconds_until_unwell(machine, "degraded", "connection-refused")
    assert status(machine)["causes"] == []
    machine.run("systemctl start weed")
    wait_ok(machine, "one", "two", timeout=40)
    assert [line for line in told(machine) if "affected" in line or "degraded" in line] == []

"""The host gives out: no room on disk, no writable /etc, no /tmp, no descriptors, a helper that is stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.machine import Machine
from tests.system.daemons import ONE, TWO, both, daemon_pid, next_daemon, recovers, wait_known, wait_traces
from tests.system.kit import CONFIG, configure, hammer, kill, look, mount, spares, status, toml, wait_for, wait_ok
from tests.system.test_helper import helpers

pytestmark = pytest.mark.once

STATE = "/var/lib/s3mountd"


@contextmanager
def full(machine: Machine, folder: str) -> Iterator[None]:
    """No byte can be written there meanwhile: tried."""
    machine.run(f"cat /dev/zero >{folder}/filled", check=False)
    try:
        tried = machine.run(f"echo x >{folder}/tried", check=False)
        assert tried.returncode != 0, "there is room"
        yield
    finally:
        machine.run(["rm", "-f", f"{folder}/filled", f"{folder}/tried"])


@pytest.fixture
def small_state(machine: Machine) -> Iterator[Machine]:
    """A machine whose /var/lib/s3mountd is a small file system of its own."""
    machine.run(f"systemctl stop s3mountd && mount -t tmpfs -o size=128k,mode=0700 tmpfs {STATE}")
    machine.run("systemctl start s3mountd")
    yield machine
    machine.run(f"systemctl stop s3mountd; umount --lazy {STATE}")


def test_no_room_in_run_costs_no_mount(machine: Machine) -> None:
    both(machine)
    machine.run("mount -o remount,size=64m /run")
    try:
        wait_traces(machine)
        with hammer(machine, "/srv/one", readers=1) as met, hammer(machine, "/srv/two", readers=1) as two:
            with full(machine, "/run"):
                recovers(machine, "two")
                old = daemon_pid(machine)
                kill(machine, old)
                wait_known(machine, next_daemon(machine, old))
                # There is no spare any more, and systemd takes another unit only if the last one left room for it.
                kill(machine, look(machine, "two")["pid"])
            wait_ok(machine, "one", "two")
            recovers(machine, "two")
    finally:
        machine.run("mount -o remount,size=90% /run")
    assert (met.errors, met.bare, met.wrong) == ({}, 0, 0)
    assert (two.bare, two.wrong) == (0, 0) and two.errors
    assert json.loads(machine.read("/run/s3mountd/mounts/two.json"))["state"] == "mounted"
    assert ".new" not in machine.run("ls /run/s3mountd/mounts").stdout


def test_no_room_for_what_must_outlive_a_boot_is_told_and_made_good(small_state: Machine) -> None:
    machine = small_state
    both(machine)
    with full(machine, STATE):
        machine.run("s3mountctl stop two")
        recovers_beside_stopped(machine)
        assert "stopped.json cannot be written" in machine.journal("-u", "s3mountd")
        assert ".new" not in machine.run(["ls", STATE]).stdout
    machine.wait_until(lambda: "two" in machine.read(f"{STATE}/stopped.json"), 15, "it is written after all")
    machine.run("systemctl restart s3mountd")
    wait_for(machine, "two", state="stopped")
    machine.run("s3mountctl start two")
    wait_ok(machine, "one", "two")


def recovers_beside_stopped(machine: Machine) -> None:
    dead = look(machine, "one")["pid"]
    kill(machine, dead)
    machine.wait_until(lambda: look(machine, "one")["pid"] not in (0, dead), 20, "another worker")
    wait_ok(machine, "one")


def test_etc_and_state_that_are_read_only_are_enough(small_state: Machine) -> None:
    machine = small_state
    both(machine)
    machine.run(f"mount --bind /etc /etc && mount -o remount,ro,bind /etc && mount -o remount,ro {STATE}")
    try:
        assert "Read-only" in machine.run(f"touch /etc/x {STATE}/x", check=False).stderr
        machine.run("s3mountctl reload")
        with hammer(machine, "/srv/one", readers=1) as met:
            machine.run("systemctl restart s3mountd")
            wait_known(machine, daemon_pid(machine))
            machine.run("s3mountctl reload")
        assert (met.errors, met.bare, met.wrong) == ({}, 0, 0)
        recovers(machine, "two")
    finally:
        machine.run("umount --lazy /etc")


def test_without_tmp_it_starts_and_recovers(own_machine: Machine) -> None:
    both(own_machine)
    own_machine.wait_until(lambda: len(spares(own_machine)) == 2, 20, "the spares wait")
    # Not for long: systemd makes it again for the next unit with PrivateTmp= that it starts.
    own_machine.run("systemctl mask --now tmp.mount; umount --lazy /tmp; mv /tmp /gone && ! test -e /tmp")
    own_machine.run("systemctl restart s3mountd")
    wait_known(own_machine, daemon_pid(own_machine))
    recovers(own_machine, "two")


def test_descriptors_that_run_out_cost_no_mount_and_heal(machine: Machine) -> None:
    both(machine)
    before, daemon = wait_traces(machine), daemon_pid(machine)
    with hammer(machine, "/srv/one", readers=1) as met:
        for room in (0, 4):
            machine.run(f"prlimit --pid {daemon} --nofile={before.descriptors + room - 4}:16384")
            dead = look(machine, "two")["pid"]
            kill(machine, dead)
            machine.run("for i in 1 2 3; do s3mountctl reload --no-wait; done", check=False)
            assert status(machine)["daemon"]["pid"] == daemon
            machine.run(f"prlimit --pid {daemon} --nofile=16384:16384")
            machine.wait_until(lambda dead=dead: look(machine, "two")["pid"] not in (0, dead), 30, "another worker")  # type: ignore[misc]
            wait_ok(machine, "one", "two")
    assert (met.errors, met.bare, met.wrong) == ({}, 0, 0)
    assert daemon_pid(machine) == daemon
    recovers(machine, "two")


def test_a_helper_that_is_stopped_is_found_out_and_replaced(machine: Machine) -> None:
    both(machine)
    deaf = helpers(machine)[-1]
    machine.run(["kill", "-STOP", str(deaf)])
    began = time.monotonic()
    recovers(machine, "two")
    print(f"recovered {time.monotonic() - began:.1f} s after the helper was stopped and the worker killed")
    assert deaf not in helpers(machine)


def test_a_helper_that_dies_while_a_worker_starts_costs_nothing(machine: Machine) -> None:
    both(machine)
    machine.write(CONFIG, toml([{**ONE, "read_only": True}, TWO]))
    with hammer(machine, "/srv/one", readers=1) as met:
        machine.run(f"s3mountctl reload --no-wait; sleep 0.1; kill -9 {helpers(machine)[-1]}")
        machine.wait_until(lambda: "read_only" in look(machine, "one")["options"], 5, "it is taken on")
        machine.wait_until(lambda: machine.run("touch /srv/one/x", check=False).returncode != 0, 10, "it is swapped")
    assert (met.errors, met.bare, met.wrong) == ({}, 0, 0)


def test_what_was_accepted_last_counts_at_a_start_and_is_remarked_upon_again(machine: Machine) -> None:
    configure(machine, mount("one", upload_checksums="off"))
    wait_ok(machine, "one")
    before = look(machine, "one")["pid"]
    machine.write(CONFIG, "[[mount]]\nbuket = 1\n")
    machine.mark_journal()
    machine.run("systemctl restart s3mountd")
    wait_known(machine, daemon_pid(machine))
    assert look(machine, "one")["pid"] == before
    told = machine.journal("-u", "s3mountd")
    assert "buket" in told and "cannot store empty files" in told

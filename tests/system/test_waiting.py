"""Callers that wait for their folder: with when_away = "wait" they block, can be killed, and are served in the end."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from tests.machine import Machine
from tests.system import kit
from tests.system.callers import away, called_for, callers_of, waiting_mount

HELLO = "hello from bucket-one\n"


def _restart(machine: Machine, how: str) -> None:
    pid = _pid(machine)
    if how == "killed":
        kit.kill(machine, pid)
        machine.wait_until(lambda: _pid(machine) not in (0, pid), 10, "a new one")
    else:
        machine.run("systemctl restart s3mountd.service")
    assert _pid(machine) != pid


def _pid(machine: Machine) -> int:
    return int(kit.show(machine, "s3mountd.service", "MainPID"))


def _since(machine: Machine, name: str) -> datetime:
    """Since when callers wait, as status says."""
    return datetime.fromisoformat(called_for(machine, name)["callers_wait"]["since"])


def _stored(machine: Machine) -> int:
    return int(kit.show(machine, "s3mountd.service", "NFileDescriptorStore"))


def test_callers_block_while_s3_is_away_and_are_served_when_it_comes(machine: Machine) -> None:
    away(machine)
    kit.configure(machine, waiting_mount("late"))
    wait = called_for(machine, "late")["callers_wait"]
    assert wait["since"] < wait["until"]
    with callers_of(machine, "/srv/late/hello.txt") as callers:
        kit.wait_for(machine, "late", state="waiting", health="down")
        assert callers.blocked()
        machine.run("systemctl start weed.service")
        assert callers.answers() == [HELLO] * 3
    assert kit.wait_ok(machine, "late")[0]["callers_wait"] is None
    assert kit.mounts_on(machine, "/srv/late") == ["fuse.mount-s3 s3://bucket-one"]
    assert kit.beneath(machine, "/srv/late") == []
    assert _stored(machine) == 0, "somebody still holds the server's end: callers of a dead worker would wait"


@pytest.mark.once
@pytest.mark.parametrize("signal", ["INT", "TERM", "KILL"])
def test_a_blocked_caller_can_be_ended(machine: Machine, signal: str) -> None:
    away(machine)
    kit.configure(machine, waiting_mount("killable"))
    called_for(machine, "killable")
    with callers_of(machine, "/srv/killable/hello.txt", 2) as callers:
        assert callers.blocked()
        first, second = callers.pids()
        began = time.monotonic()
        machine.run(["kill", f"-{signal}", str(first)])
        machine.wait_until(lambda: callers.pids() == [second], 1.0, "it has ended", every=0.02)
        print(f"SIG{signal}: ended {time.monotonic() - began:.3f} s later, the machine's own calls included")
        assert callers.pids() == [second], "the other one waits on"


@pytest.mark.once
def test_a_bucket_that_does_not_exist_costs_callers_nothing_until_the_limit(machine: Machine) -> None:
    kit.configure(machine, waiting_mount("hopeless", "no-such-bucket", wait_limit="12s"))
    kit.wait_for(machine, "hopeless", state="failed", code="bucket-missing")
    with callers_of(machine, "/srv/hopeless/hello.txt") as callers:
        machine.run("s3mountctl start --no-wait hopeless")
        machine.wait_until(lambda: "s3mount-hopeless-2" in machine.journal("-t", "systemd"), 5, "a second worker began")
        assert callers.blocked()
        told = callers.answers()
        assert all("not connected" in line for line in told), told
    one = kit.wait_for(machine, "hopeless", 5, state="failed", callers_wait=None)
    assert one["reason"]["code"] == "bucket-missing"
    machine.run("s3mountctl start --no-wait hopeless")
    machine.wait_until(lambda: "s3mount-hopeless-3" in machine.journal("-t", "systemd"), 5, "a third worker began")
    out = machine.run("timeout 5 cat /srv/hopeless/hello.txt", check=False)
    assert "not connected" in out.stderr, "who came after the limit did not get the error at once"
    kit.store(machine, "create_bucket", Bucket="no-such-bucket")
    machine.run("s3mountctl start --no-wait hopeless")
    kit.wait_ok(machine, "hopeless")
    kit.store(machine, "delete_bucket", Bucket="no-such-bucket")


@pytest.mark.once
def test_after_it_served_a_new_time_of_waiting_begins(machine: Machine) -> None:
    kit.configure(machine, waiting_mount("anew", wait_limit="8s"))
    for _ in range(2):
        [one] = kit.wait_ok(machine, "anew")
        away(machine)
        kit.kill(machine, one["pid"])
        # Who comes before that is with the dead worker, and is told so.
        called_for(machine, "anew")
        with callers_of(machine, "/srv/anew/hello.txt", 1) as callers:
            assert callers.blocked()
            assert "not connected" in callers.answers()[0]
        machine.run("systemctl start weed.service; s3mountctl start --no-wait anew")


@pytest.mark.parametrize("how", ["killed", "restarted"])
def test_who_waits_outlives_the_daemon(machine: Machine, how: str) -> None:
    away(machine)
    kit.configure(machine, waiting_mount("patient"))
    since = _since(machine, "patient")
    [before] = kit.mounts_on(machine, "/srv/patient")
    assert _stored(machine) == 1
    with callers_of(machine, "/srv/patient/hello.txt") as callers:
        _restart(machine, how)
        assert abs((_since(machine, "patient") - since).total_seconds()) < 0.5, "the time of waiting was begun anew"
        assert callers.blocked()
        assert kit.mounts_on(machine, "/srv/patient") == [before]
        machine.run("systemctl start weed.service")
        assert callers.answers() == [HELLO] * 3
    kit.wait_ok(machine, "patient")
    machine.wait_until(lambda: _stored(machine) == 0, 5, "the store is empty")


@pytest.mark.once
def test_the_daemon_dies_while_a_worker_comes_up_for_those_who_wait(machine: Machine) -> None:
    with kit.standin(machine, bucket_one={"start_delay": 3}):
        kit.configure(machine, waiting_mount("midway", start_timeout="30s"))
        called_for(machine, "midway")
        with callers_of(machine, "/srv/midway/hello.txt") as callers:
            machine.wait_until(lambda: len(kit.workers(machine)) == 1, 5, "a worker is on its way")
            given = kit.workers(machine)
            _restart(machine, "killed")
            assert all("hello" in line for line in callers.answers())
        kit.wait_ok(machine, "midway")
        assert {**kit.workers(machine), **given} == kit.workers(machine), "the worker was not taken over"


@pytest.mark.once
def test_what_was_lost_is_made_anew(machine: Machine) -> None:
    away(machine)
    kit.configure(machine, waiting_mount("lost"))
    called_for(machine, "lost")
    # A worker that was given the other end would go on for those who wait.
    machine.run("systemctl stop s3mountd.service; systemctl kill --signal=KILL 's3mount-lost-*'")
    machine.wait_until(lambda: kit.workers(machine) == {}, 5, "nobody has the other end")
    assert "not connected" in machine.run("timeout 5 ls /srv/lost", check=False).stderr
    machine.run("systemctl start s3mountd.service")
    called_for(machine, "lost")
    with callers_of(machine, "/srv/lost/hello.txt") as callers:
        assert callers.blocked()
        machine.run("systemctl start weed.service")
        assert callers.answers() == [HELLO] * 3
    assert len(kit.mounts_on(machine, "/srv/lost")) == 1


@pytest.mark.once
def test_a_worker_that_dies_after_its_first_request_does_not_spoil_the_folder(machine: Machine) -> None:
    with kit.standin(machine, bucket_one={"hang_at_request": 1}):
        kit.configure(machine, waiting_mount("spoilt"))
        kit.wait_for(machine, "spoilt", state="waiting", code="start-timeout")
        kit.misbehave(machine)
        kit.wait_ok(machine, "spoilt")
    assert len(kit.mounts_on(machine, "/srv/spoilt")) == 1


@pytest.mark.once
def test_what_waits_is_unmounted_like_anything(machine: Machine) -> None:
    away(machine)
    kit.configure(machine, waiting_mount("leaving"))
    called_for(machine, "leaving")
    with callers_of(machine, "/srv/leaving/hello.txt", 1) as callers:
        machine.run("s3mountctl stop --no-wait leaving")
        assert "not connected" in callers.answers(5)[0]
    machine.wait_until(lambda: kit.mounts_on(machine, "/srv/leaving") == [], 5, "the folder is plain")
    assert _stored(machine) == 0


@pytest.mark.once
def test_another_choice_by_reload_frees_those_who_wait(machine: Machine) -> None:
    away(machine)
    kit.configure(machine, waiting_mount("changing"))
    called_for(machine, "changing")
    with callers_of(machine, "/srv/changing/hello.txt", 1) as callers:
        kit.configure(machine, kit.mount("changing", start_timeout="2s"))
        assert "not connected" in callers.answers(5)[0]
    kit.configure(machine, waiting_mount("changing"))
    called_for(machine, "changing")
    with callers_of(machine, "/srv/changing/hello.txt", 1) as callers:
        kit.configure(machine, waiting_mount("changing", read_only=True))
        assert "not connected" in callers.answers(5)[0]
    machine.run("systemctl start weed.service")
    kit.wait_ok(machine, "changing")
    assert "Read-only" in machine.run("touch /srv/changing/new", check=False).stderr



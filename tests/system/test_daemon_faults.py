"""What the daemon stands on fails: its own loop, the bus, the journal, PID 1. Mounts serve on, and it answers again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.machine import Machine
from tests.system.daemons import (
    ONE,
    TWO,
    both,
    daemon_pid,
    next_daemon,
    recovers,
    use_dropin,
    wait_known,
    wait_traces,
)
from tests.system.kit import CONFIG, Met, alive, hammer, kill, look, show, status, toml, wait_ok, workers

HTTP = "127.0.0.1:9787"
JOURNALD = "systemd-journald.service"
FULL = """
import socket
crowd = []
try:
    while len(crowd) < 1000:  # each may only have so much under way
        crowd.append(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK))
        for _ in range(100):
            crowd[-1].sendto(b"MESSAGE=flood\\n", "/run/systemd/journal/socket")
except BlockingIOError:
    print("full")
"""


@contextmanager
def stopped(machine: Machine, pid: int) -> Iterator[None]:
    """A process under SIGSTOP meanwhile: the fault is proven."""
    machine.run(["kill", "-STOP", str(pid)])
    try:
        machine.wait_until(lambda: "\nState:\tT" in machine.read(f"/proc/{pid}/status"), 5, "it is stopped")
        yield
    finally:
        machine.run(["kill", "-CONT", str(pid)], check=False)


@contextmanager
def serving_on(machine: Machine, *names: str) -> Iterator[Met]:
    """The same workers of these mounts serve all the while, without one failed read of ``one``."""
    before = {name: look(machine, name)["pid"] for name in names}
    with hammer(machine, "/srv/one", readers=2) as met:
        yield met
        assert {name: look(machine, name)["pid"] for name in names} == before
    assert (met.errors, met.bare, met.wrong) == ({}, 0, 0)
    assert met.reads > 20


def livez(machine: Machine) -> str:
    """The status that ``/livez`` answers with."""
    return machine.run(f"curl -s -m 5 -o /dev/null -w %{{http_code}} http://{HTTP}/livez", check=False).stdout


def both_with_pages(machine: Machine) -> None:
    both(machine, http=HTTP)
    machine.wait_until(lambda: livez(machine) == "200", 15, "/livez is well")


def test_a_daemon_that_does_not_turn_is_replaced_by_the_watchdog(machine: Machine) -> None:
    use_dropin(machine, "WatchdogSec=3")
    both(machine)
    hung = daemon_pid(machine)
    with serving_on(machine, "one", "two"):
        machine.run(["kill", "-STOP", str(hung)])
        machine.wait_until(lambda: "\nState:\tT" in machine.read(f"/proc/{hung}/status"), 5, "it is stopped")
        wait_known(machine, next_daemon(machine, hung, 20))
    assert "Watchdog timeout" in machine.journal()


@pytest.mark.once
def test_while_it_hangs_everybody_is_told_so_within_their_time(machine: Machine) -> None:
    both_with_pages(machine)
    with serving_on(machine, "one", "two"):
        with stopped(machine, daemon_pid(machine)):
            began = time.monotonic()
            told = machine.run("s3mountctl status", check=False)
            assert time.monotonic() - began < 10
            assert told.returncode == 3
            assert "no answer within 5 s, it may hang" in " ".join(told.stderr.split())
            assert livez(machine) == "503"
        machine.wait_until(lambda: livez(machine) == "200", 15, "/livez is well again")
        wait_ok(machine, "one", "two", timeout=5)


@pytest.mark.once
def test_the_bus_is_killed(machine: Machine) -> None:
    both(machine)
    old, bus = daemon_pid(machine), int(show(machine, "dbus.service", "MainPID"))
    with serving_on(machine, "one", "two"):
        kill(machine, bus)
        # Nothing starts it again but the next one who wants it, by its socket.
        wait_known(machine, next_daemon(machine, old))
    recovers(machine, "two")


def test_a_bus_that_stands_still_holds_up_only_what_needs_it(machine: Machine) -> None:
    both_with_pages(machine)
    daemon, bus = daemon_pid(machine), int(show(machine, "dbus.service", "MainPID"))
    dead = look(machine, "two")["pid"]
    with serving_on(machine, "one"):
        with stopped(machine, bus):
            kill(machine, dead)
            machine.wait_until(lambda: livez(machine) == "503", 10, "/livez says so")
            assert machine.run("timeout 3 s3mountctl status", check=False).returncode == 124
            assert "not connected" in machine.run("cat /srv/two/hello.txt", check=False).stderr
        began = time.monotonic()
        machine.wait_until(lambda: look(machine, "two")["pid"] not in (0, dead), 10, "another worker", every=0.02)
        wait_ok(machine, "one", "two", timeout=5)
        print(f"all is well {time.monotonic() - began:.2f} s after the bus goes on")
    assert daemon_pid(machine) == daemon, "it waited and did not give up"


def test_a_journal_that_does_not_read_holds_up_nothing(machine: Machine) -> None:
    both(machine)
    daemon, journald = daemon_pid(machine), int(show(machine, JOURNALD, "MainPID"))
    with serving_on(machine, "one"):
        with stopped(machine, journald):
            assert machine.run(["/usr/bin/python3", "-c", FULL]).stdout == "full\n"
            machine.write(CONFIG, "[[mount]]\nbuket = 1\n")
            machine.run(["kill", "-HUP", str(daemon)])
            machine.wait_until(lambda: status(machine)["daemon"]["problems"], 5, "the fault is read, and logged")
            machine.write(CONFIG, toml([ONE, TWO]))
            machine.run("s3mountctl reload --no-wait")
            recovers(machine, "two")
            assert daemon_pid(machine) == daemon
        machine.run("journalctl --sync && s3mountctl stop two && s3mountctl start two")
    assert "lines before this one are lost: the journal did not take them" in machine.journal("-t", "s3mountd")


@pytest.mark.once
@pytest.mark.parametrize("order", ["restart", "kill --signal=KILL"])
def test_another_journald_is_nothing_to_it(machine: Machine, order: str) -> None:
    both(machine)
    daemon, journald = daemon_pid(machine), int(show(machine, JOURNALD, "MainPID"))
    with serving_on(machine, "one"):
        machine.run(f"systemctl {order} {JOURNALD}")
        machine.wait_until(lambda: not alive(machine, journald), 10, "the old one is gone")
        machine.wait_until(lambda: int(show(machine, JOURNALD, "MainPID")) not in (0, journald), 10, "another one")
        recovers(machine, "two")
    assert daemon_pid(machine) == daemon
    assert "two: mounted" in machine.journal("-u", "s3mountd")


@pytest.mark.once
def test_systemd_executed_anew_again_and_again_while_workers_die(machine: Machine) -> None:
    both(machine)
    before, daemon = wait_traces(machine), daemon_pid(machine)
    with serving_on(machine, "one"):
        for order in ("daemon-reload", "daemon-reexec", "daemon-reload"):
            dead = look(machine, "two")["pid"]
            machine.run(f"kill -9 {dead} & systemctl {order}; wait")
            machine.wait_until(lambda dead=dead: look(machine, "two")["pid"] not in (0, dead), 20, "another worker")  # type: ignore[misc]
            wait_ok(machine, "two")
        wait_traces(machine, before)
    assert daemon_pid(machine) == daemon


@pytest.mark.parametrize("words", ["", "--unmount-all"])
def test_a_second_daemon_goes_away_by_itself(machine: Machine, words: str) -> None:
    before = both(machine)
    first = daemon_pid(machine)
    second = machine.run(f"timeout 20 /usr/libexec/s3mountd/s3mountd {words}", check=False)
    assert second.returncode == 1
    assert "another s3mountd is running" in second.stderr
    assert daemon_pid(machine) == first
    assert workers(machine) == before
    wait_ok(machine, "one", "two")


@pytest.mark.once
def test_daemons_that_start_while_it_is_away_do_not_fight(machine: Machine) -> None:
    both(machine)
    before = wait_traces(machine)
    crowd = "for i in 1 2 3 4; do /usr/libexec/s3mountd/s3mountd >>/run/said 2>&1 & echo $! >>/run/crowd; done"
    with serving_on(machine, "one", "two"):
        machine.run(f"rm -f /run/said /run/crowd; systemctl kill --signal=KILL --kill-whom=main s3mountd; {crowd}")
        machine.wait_until(lambda: machine.read("/run/said").count("another s3mountd is running") >= 3, 20,
                           "all but one go by themselves")
        machine.run("kill -9 $(cat /run/crowd)", check=False)
        machine.wait_until(lambda: daemon_pid(machine), 10, "the unit's own daemon is there in the end")
        wait_known(machine, daemon_pid(machine))
        wait_traces(machine, before)

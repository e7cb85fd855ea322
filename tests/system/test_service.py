"""The daemon as a service: what systemd and the journal hear of it, how it stops, how little it does when idle."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.machine import Machine
from tests.system.kit import (
    CONFIG,
    PYTHON,
    alive,
    configure,
    hammer,
    kill,
    look,
    mount,
    mounts_on,
    opened,
    show,
    spares,
    standin,
    store,
    toml,
    wait_for,
    wait_ok,
    workers,
)

ONE, TWO = mount("one"), mount("two", "bucket-two")
DROPIN = "/run/systemd/system/s3mountd.service.d/test.conf"

# Takes connections and never answers.
SILENT = """
import socket, sys
server = socket.create_server(("127.0.0.1", 9499), backlog=50)
print("listening", flush=True)
taken = []
while True:
    taken.append(server.accept())
"""


@contextmanager
def _silent_store(machine: Machine) -> Iterator[str]:
    process = machine.popen([PYTHON, "-c", SILENT], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"listening\n"
    try:
        yield "http://127.0.0.1:9499"
    finally:
        process.kill()
        process.wait()


def _journal(machine: Machine) -> list[dict[str, str]]:
    """The journal since the mark, decoded. Not filtered by journalctl: on Debian 12 a match loses the first entry."""
    machine.run("journalctl --sync")
    since = f"--after-cursor={machine.journal_cursor}"
    lines = machine.run(["journalctl", "-q", "-o", "json", "--all", since]).stdout.splitlines()
    entries = [json.loads(line) for line in lines]
    return [entry for entry in entries if isinstance(entry.get("MESSAGE"), str)]  # a list of numbers where not UTF-8


def _told(machine: Machine, name: str) -> list[dict[str, str]]:
    """What the daemon itself said of a mount."""
    mine = [entry for entry in _journal(machine) if entry.get("SYSLOG_IDENTIFIER") == "s3mountd"]
    return [entry for entry in mine if entry.get("S3MOUNT_NAME") == name]


def _both(machine: Machine, **daemon: object) -> dict[str, int]:
    configure(machine, ONE, TWO, **daemon)
    wait_ok(machine, "one", "two")
    return workers(machine)


def test_starting_does_not_wait_for_a_store_that_never_answers(machine: Machine) -> None:
    with _silent_store(machine) as endpoint:
        hangs = mount("hangs", endpoint_url=endpoint)
        configure(machine, ONE, hangs)
        machine.run("systemctl stop s3mountd")
        began = time.monotonic()
        machine.run("systemctl start s3mountd")
        took = time.monotonic() - began
        print(f"systemctl start with one store that does not answer: {took:.2f} s")
        assert took < 10.0
        assert show(machine, "s3mountd", "ActiveState") == "active"
        wait_ok(machine, "one")
        assert look(machine, "hangs")["state"] in ("mounting", "waiting"), "it was meant to hang"
        machine.wait_until(lambda: "1 ok" in show(machine, "s3mountd", "StatusText"), 5, "the status line")


def test_ready_is_said_after_the_first_look_at_every_mount(machine: Machine) -> None:
    machine.run("systemctl stop s3mountd")
    machine.write(CONFIG, toml([ONE, TWO]))
    machine.mark_journal()
    machine.run("systemctl start s3mountd")
    machine.wait_until(lambda: "Started s3mountd.service" in machine.journal(), 5, "it has started")
    said = [(entry.get("S3MOUNT_NAME", ""), entry["MESSAGE"]) for entry in _journal(machine)]
    started = next(at for at, (_, text) in enumerate(said) if text.startswith("Started s3mountd.service"))
    looked = {name: at for at, (name, text) in reversed(list(enumerate(said))) if text == f"{name}: mounting"}
    assert set(looked) == {"one", "two"}
    assert max(looked.values()) < started


def test_the_status_line_counts_what_is_well(machine: Machine) -> None:
    assert show(machine, "s3mountd", "StatusText") == "no mounts are configured"
    configure(machine, ONE, TWO, mount("wrong", "no-such-bucket"))
    wait_for(machine, "wrong", state="failed")
    wait_ok(machine, "one", "two")
    machine.wait_until(lambda: show(machine, "s3mountd", "StatusText") == "3 mounts: 2 ok, 1 failed", 5, "the line")
    assert "3 mounts: 2 ok, 1 failed" in machine.run("systemctl status s3mountd").stdout


def test_the_watchdog_is_fed_by_the_loop(machine: Machine) -> None:
    machine.write(DROPIN, "[Service]\nWatchdogSec=1\n")
    machine.run("systemctl daemon-reload && systemctl restart s3mountd")
    assert show(machine, "s3mountd", "WatchdogUSec") == "1s"
    pid, first = show(machine, "s3mountd", "MainPID"), show(machine, "s3mountd", "WatchdogTimestampMonotonic")
    seen = {first}

    def fed() -> bool:
        seen.add(show(machine, "s3mountd", "WatchdogTimestampMonotonic"))
        return len(seen) > 5

    machine.wait_until(fed, 10, "five signs of life")
    assert show(machine, "s3mountd", "MainPID") == pid


def test_each_turn_of_a_mount_is_one_line_with_its_fields(machine: Machine) -> None:
    machine.mark_journal()
    configure(machine, ONE)
    pid = wait_ok(machine, "one")[0]["pid"]
    machine.run("s3mountctl stop one && s3mountctl start one")
    pid = wait_ok(machine, "one")[0]["pid"]
    kill(machine, pid)
    machine.wait_until(lambda: look(machine, "one")["pid"] not in (0, pid), 10, "another worker")
    wait_ok(machine, "one")
    entries = _told(machine, "one")
    assert [entry["S3MOUNT_STATE"] for entry in entries] == [
        "mounting", "mounted", "draining", "stopped", "mounting", "mounted", "mounting", "mounted"]
    crash = entries[6]
    assert (crash["S3MOUNT_CODE"], crash["PRIORITY"]) == ("worker-crashed", "4") or crash["PRIORITY"] == "6"
    assert "SIGKILL" in crash["MESSAGE"]
    assert all(entry["MESSAGE"].startswith("one: ") and "\n" not in entry["MESSAGE"] for entry in entries)


def test_retries_are_told_at_growing_distance_with_their_count(machine: Machine) -> None:
    machine.mark_journal()
    refused = "Error: CRT error 1047: aws-c-io: AWS_IO_SOCKET_CONNECTION_REFUSED, socket connection refused.\n"

    def tries() -> int:
        workers_own = [entry["MESSAGE"] for entry in _journal(machine) if entry.get("_COMM") != "s3mountd"]
        return sum(refused.strip() in text for text in workers_own)

    with standin(machine, all={"stderr": refused, "exit_status": 1}):
        configure(machine, mount("away"))
        machine.wait_until(lambda: tries() >= 4, 40, "four tries", every=0.5)
    told = [entry for entry in _told(machine, "away") if entry.get("S3MOUNT_CODE") == "connection-refused"]
    made = tries()
    print(f"{made} tries, {len(told)} lines")
    assert 2 <= len(told) <= 3 + (made >= 8)
    assert "times in a row" not in told[0]["MESSAGE"]
    assert all(re.search(r"\((2|4|8) times in a row\)", entry["MESSAGE"]) for entry in told[1:])


def test_stopped_it_leaves_every_mount_serving(machine: Machine) -> None:
    before = _both(machine)
    with hammer(machine, "/srv/one") as met:
        machine.run("systemctl stop s3mountd")
        assert show(machine, "s3mountd", "ActiveState") == "inactive"
        assert workers(machine) == before
        assert machine.read("/srv/two/hello.txt") == "hello from bucket-two\n"
    assert (met.errors, met.bare, met.wrong) == ({}, 0, 0)


@pytest.mark.parametrize("held", [False, True], ids=["all up", "one stopped"])
def test_on_stop_unmount_drains_and_unmounts_everything(machine: Machine, held: bool) -> None:
    before = _both(machine, on_stop="unmount")
    if held:
        machine.run("s3mountctl stop two")
    path = f"/srv/one/stopping-{held}"
    with opened(machine, path, "w") as upload:
        assert upload.ask("write", 5) == "ok"
        stopping = machine.popen("exec systemctl stop s3mountd")
        machine.wait_until(lambda: not mounts_on(machine, "/srv/one") + mounts_on(machine, "/srv/two"), 10, "plain")
        assert show(machine, "s3mountd", "ActiveState") == "deactivating"
        assert stopping.poll() is None, "it was meant to wait for the open file"
        assert upload.ask("write", 5) == "ok"
        assert upload.ask("close") == "ok"
    assert stopping.wait(15) == 0
    assert show(machine, "s3mountd", "Result") == "success"
    assert workers(machine) == {}
    assert not any(alive(machine, pid) for pid in before.values())
    assert machine.run("ls -A /srv/one /srv/two").stdout == "/srv/one:\n\n/srv/two:\n"
    assert store(machine, "head_object", Bucket="bucket-one", Key=path.rpartition("/")[2])["ContentLength"] == 10
    machine.run("systemctl start s3mountd")
    wait_ok(machine, "one")
    if held:
        assert look(machine, "two")["state"] == "stopped"
    else:
        wait_ok(machine, "two")


def test_on_stop_unmount_is_done_with_nothing_mounted(machine: Machine) -> None:
    configure(machine, on_stop="unmount")
    began = time.monotonic()
    machine.run("systemctl stop s3mountd")
    assert time.monotonic() - began < 10
    assert show(machine, "s3mountd", "Result") == "success"


def test_the_helper_process_may_die(machine: Machine) -> None:
    before = _both(machine)
    daemon = show(machine, "s3mountd", "MainPID")
    helper = machine.run(["pgrep", "-P", daemon]).stdout.split()
    assert len(helper) == 1
    assert "s3mountd-helper-" in machine.read(f"/proc/{helper[0]}/cgroup"), "it is not in the daemon's own group"
    kill(machine, int(helper[0]))
    machine.run("busctl call org.s3mountd1 /org/s3mountd1 org.s3mountd1.Manager Check s one")
    wait_ok(machine, "one", "two")
    machine.run("s3mountctl restart two")
    assert show(machine, "s3mountd", "MainPID") == daemon
    assert workers(machine).items() & before.items()
    assert machine.run(["pgrep", "-P", daemon]).stdout.split() != helper


def _switches(machine: Machine, pid: str) -> int:
    """Context switches of all threads of a process so far: each wake-up is one at least."""
    text = machine.run(f"cat /proc/{pid}/task/*/status").stdout
    return sum(int(number) for number in re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.MULTILINE))


def test_idle_it_hardly_wakes_up_and_takes_little_memory(machine: Machine) -> None:
    _both(machine)
    daemon = show(machine, "s3mountd", "MainPID")
    helper = machine.run(["pgrep", "-P", daemon]).stdout.strip()
    machine.wait_until(lambda: "2 ok" in show(machine, "s3mountd", "StatusText"), 5, "all is told")
    machine.wait_until(lambda: len(spares(machine)) == 2, 10, "the spares wait")
    machine.wait_until(lambda: not machine.run("systemctl list-jobs --no-legend").stdout.strip(), 10, "all is done")
    before = {pid: _switches(machine, pid) for pid in (daemon, helper)}
    began = time.monotonic()
    time.sleep(20)  # the span that is measured
    passed = time.monotonic() - began
    rates = {pid: (_switches(machine, pid) - before[pid]) / passed for pid in (daemon, helper)}
    sizes = {pid: int(re.findall(r"VmRSS:\s+(\d+)", machine.read(f"/proc/{pid}/status"))[0]) / 1024
             for pid in (daemon, helper)}
    print(f"idle with two mounts: daemon {rates[daemon]:.2f} wake-ups/s, {sizes[daemon]:.1f} MB; "
          f"helper {rates[helper]:.2f}/s, {sizes[helper]:.1f} MB")
    assert rates[daemon] <= 1.0
    assert rates[helper] <= 1.0
    assert sizes[daemon] <= 40

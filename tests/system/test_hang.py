"""Workers that are there and do nothing: they are replaced in time, and nothing else is ever taken for that."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.machine import Machine
from tests.machine.far import Far
from tests.s3.seaweed import ADMIN
from tests.system import kit

EVIDENCE = "/var/lib/s3mountd/evidence"
READERS = 20
"""More than the 16 threads of a worker, so that nobody is left to answer a statvfs."""

READ = """
import sys, threading, time
def read_on(number):
    while True:
        try:
            with open(f"{sys.argv[1]}/{sys.argv[2].format(number)}", "rb") as file:
                file.seek(number * 256 << 10)
                while file.read(65536):
                    pass
        except OSError:
            time.sleep(0.1)
for number in range(int(sys.argv[3])):
    threading.Thread(target=read_on, args=(number,), daemon=True).start()
print("begun", flush=True)
sys.stdin.read()
"""


def _stop(machine: Machine, pid: int) -> None:
    """SIGSTOP, and the proof that it works."""
    machine.run(["kill", "-STOP", str(pid)])
    machine.wait_until(lambda: "T (stopped)" in machine.read(f"/proc/{pid}/status"), 5, "it is stopped")


def _freed(machine: Machine, folder: str) -> tuple[float, str]:
    """How long a caller is blocked there, and what becomes of it."""
    began = time.monotonic()
    done = machine.run(["head", "-c", "5", f"{folder}/hello.txt"], check=False, timeout=60)
    return time.monotonic() - began, done.stdout or done.stderr


def _waiting(machine: Machine, folder: str) -> int:
    """Requests that wait at the mount on that folder."""
    rows = [line.split(" ") for line in machine.read("/proc/1/mountinfo").splitlines()]
    minor = next(row[2].partition(":")[2] for row in reversed(rows) if row[4] == folder)
    fusectl = next((row[4] for row in rows if "fusectl" in row[row.index("-") + 1:]), "/sys/fs/fuse/connections")
    return int(machine.run(f"cat {fusectl}/{minor}/waiting").stdout)


@contextmanager
def _crowd(machine: Machine, folder: str, key: str, readers: int = READERS) -> Iterator[Callable[[], int]]:
    """Readers of a file, or of one each (``{}`` in the name), always; yields what tells how many requests wait."""
    process = machine.popen([kit.PYTHON, "-c", READ, folder, key, str(readers)], stdin=-1, stdout=-1)
    try:
        yield lambda: _waiting(machine, folder)
    finally:
        kit._end(process)


def _hangs(machine: Machine) -> list[str]:
    return [line for line in machine.journal("-u", "s3mountd", "-o", "cat").splitlines() if "does not answer" in line]


@pytest.mark.once
@pytest.mark.parametrize(("limit", "goal"), [("15s", 20.0), ("4s", 5.0)])
def test_callers_of_a_stopped_worker_are_freed_in_time_and_others_do_not_notice(
    machine: Machine, limit: str, goal: float, capsys: pytest.CaptureFixture[str]
) -> None:
    kit.configure(machine, kit.mount("deaf", hang_timeout=limit, grace=0), kit.mount("other", "bucket-two"))
    one, other = kit.wait_ok(machine, "deaf", "other")
    with kit.hammer(machine, "/srv/other", 2) as met:
        _stop(machine, one["pid"])
        blocked, outcome = _freed(machine, "/srv/deaf")
        again = kit.wait_for(machine, "deaf", 10, state="mounted", health="ok", restarts=1)
    with capsys.disabled():
        print(f"\n    hang_timeout {limit}: freed after {blocked:.1f} s (goal {goal:.0f}), others' longest gap "
              f"{met.longest_gap * 1000:.0f} ms in {met.reads} reads", end=" ")
    assert "connection abort" in outcome, "an error, at once"
    assert blocked < 2 * goal, "`make bench` holds the goal; this machine may be busy"
    assert (met.errors, met.bare, met.wrong) == ({}, 0, 0) and met.longest_gap < 3.0
    assert kit.look(machine, "other")["pid"] == other["pid"]
    assert again["last_outage"]["code"] == "worker-hung" and again["pid"] != one["pid"]
    assert machine.read("/srv/deaf/hello.txt").startswith("hello")
    machine.wait_until(lambda: not kit.alive(machine, one["pid"]), 5, "the old worker is gone")
    _has_evidence(machine, "deaf", one)


def _has_evidence(machine: Machine, name: str, one: kit.Document) -> None:
    path = machine.run(f"ls -t {EVIDENCE}/{name}@*").stdout.split()[0]
    assert machine.run(f"stat -c '%a %U' {EVIDENCE} {path}").stdout.splitlines() == ["700 root", "600 root"]
    assert path in machine.journal("-u", "s3mountd", "-o", "cat")
    found = json.loads(machine.read(path))
    assert (found["unit"], found["pid"]) == (one["unit"], one["pid"])
    assert len(found["threads"]) > 3 and {thread["state"] for thread in found["threads"]} == {"T"}
    assert all("do_signal_stop" in thread["stack"] for thread in found["threads"])
    assert found["waiting"] >= 1 and found["descriptors"] > 3 and found["log"]
    assert ADMIN.secret_key not in json.dumps(found)


@pytest.mark.once
def test_a_standby_takes_over_from_a_hung_worker(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    kit.configure(machine, kit.mount("pair", hang_timeout="3s", standby=True))
    one = kit.wait_for(machine, "pair", state="mounted", health="ok", standby=True)
    _stop(machine, one["pid"])
    blocked, _ = _freed(machine, "/srv/pair")
    again = kit.wait_for(machine, "pair", 5, state="mounted", health="ok", restarts=1)
    with capsys.disabled():
        print(f"\n    hang_timeout 3s with a standby: freed after {blocked:.1f} s", end=" ")
    assert again["unit"] == one["standby_unit"]


def test_a_worker_that_answers_nobody_is_replaced(machine: Machine) -> None:
    with kit.standin(machine, bucket_one={"hang_at_request": 20}):
        kit.configure(machine, kit.mount("mute", hang_timeout="3s", grace=0))
        one = kit.wait_for(machine, "mute", state="mounted")
        with _crowd(machine, "/srv/mute", "hello.txt", 2) as waiting:
            machine.wait_until(lambda: waiting() > 0, 5, "somebody waits")
            kit.misbehave(machine)
            again = kit.wait_for(machine, "mute", 20, state="mounted", health="ok", restarts=1)
        assert again["last_outage"]["code"] == "worker-hung" and again["unit"] != one["unit"]


@pytest.mark.once
def test_an_outage_of_s3_is_no_hang_and_a_hang_in_it_is_one_when_it_is_over(machine: Machine, far: Far) -> None:
    kit.configure(machine, kit.mount("patient", endpoint_url=far.endpoint, hang_timeout="3s"))
    [one] = kit.wait_ok(machine, "patient")
    with _crowd(machine, "/srv/patient", "missing-{}") as waiting, far.fault("frozen"):
        machine.wait_until(lambda: waiting() > 0, 10, "somebody waits")
        _watched(machine, 8)
        _stop(machine, one["pid"])
        _watched(machine, 8)
        assert waiting() > 0 and _hangs(machine) == []
        assert kit.look(machine, "patient")["restarts"] == 0
        assert "T (stopped)" in machine.read(f"/proc/{one['pid']}/status")
    kit.wait_for(machine, "patient", 15, state="mounted", health="ok", restarts=1)


@pytest.mark.once
def test_many_readers_on_a_slow_link_are_no_hang(machine: Machine, far: Far) -> None:
    big = "seq 1 2000000 | head -c 8000000 > /srv/slow/big"
    kit.configure(machine, kit.mount("slow", endpoint_url=far.endpoint, hang_timeout="3s"))
    [one] = kit.wait_ok(machine, "slow")
    machine.run(big)
    with far.fault("slow"), _crowd(machine, "/srv/slow", "big") as waiting:
        machine.wait_until(lambda: waiting() > 16, 10, "more wait than a worker has threads")
        _watched(machine, 15)
        assert waiting() > 0, "the link is still slow"
        assert _hangs(machine) == []
    after = kit.look(machine, "slow")
    assert (after["pid"], after["restarts"]) == (one["pid"], 0)


WRITE = """
import sys, threading
def write(number):
    with open(f"{sys.argv[1]}/slow-{number}", "xb") as file:
        file.write(b"x" * 400_000)
writers = [threading.Thread(target=write, args=(number,)) for number in range(int(sys.argv[2]))]
for writer in writers:
    writer.start()
for writer in writers:
    writer.join()
"""


@pytest.mark.once
def test_many_writers_on_a_slow_link_are_no_hang_and_lose_nothing(machine: Machine, far: Far) -> None:
    kit.configure(machine, kit.mount("upload", endpoint_url=far.endpoint, hang_timeout="3s"))
    [one] = kit.wait_ok(machine, "upload")
    with far.fault("slow"):
        began = time.monotonic()
        machine.run([kit.PYTHON, "-c", WRITE, "/srv/upload", str(READERS)], timeout=120)
        assert time.monotonic() - began > 9, "three times its limit the worker did nothing but upload"
    after = kit.look(machine, "upload")
    assert (after["pid"], after["restarts"], _hangs(machine)) == (one["pid"], 0, [])
    stored = kit.store(machine, "list_objects_v2", far.endpoint, Bucket="bucket-one", Prefix="slow-")["Contents"]
    assert [one["Size"] for one in stored] == [400_000] * READERS


def _watched(machine: Machine, seconds: float) -> None:
    """Nothing is to happen: for so long no hang is told."""
    end = time.monotonic() + seconds
    machine.wait_until(lambda: bool(_hangs(machine)) or time.monotonic() > end, seconds + 5, "the time is over", 0.5)

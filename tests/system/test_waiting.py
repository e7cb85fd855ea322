"""Callers that wait for their folder: with when_away = "wait" they block, can be killed, and are served in the end."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest

from tests.machine import Machine
from tests.system import kit

HELLO = "hello from bucket-one\n"
OLD_KERNEL = "[Service]\nEnvironment=S3MOUNTD_SWAP=detach\n"
# Reads again and again; says of what went wrong how often, and how long folders were not connected at the longest.
READ_ON = """
import errno, sys, time
path, end, wrong, longest, began, last = sys.argv[1], time.monotonic() + float(sys.argv[2]), {}, 0.0, None, 0.0
while time.monotonic() < end:
    try:
        with open(path) as file:
            said = "good" if file.read().startswith("hello") else "wrong bytes"
        began = None
    except OSError as error:
        said, now = errno.errorcode[error.errno], time.monotonic()
        began = began or now
        longest = max(longest, now - began)
    wrong[said] = wrong.get(said, 0) + 1
print(wrong, longest)
"""


def _away(machine: Machine) -> None:
    machine.run("systemctl stop weed.service")
    assert machine.run("curl -s -m 2 http://127.0.0.1:9400/", check=False).returncode == 7, "S3 still answers"


def _waiting(name: str, bucket: str = "bucket-one", **keys: object) -> kit.Document:
    return kit.mount(name, bucket, when_away="wait", **{"start_timeout": "4s", **keys})


def _called_for(machine: Machine, name: str) -> kit.Document:
    """Its status once callers are made to wait."""
    machine.wait_until(lambda: kit.look(machine, name)["callers_wait"], 5, f"callers of {name} wait")
    return kit.look(machine, name)


class Callers:
    """Processes inside the machine that are blocked on a file."""

    def __init__(self, machine: Machine, path: str, count: int) -> None:
        self._machine, self.path = machine, path
        self._processes = [machine.popen(["cat", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                           for _ in range(count)]
        machine.wait_until(lambda: len(self.pids()) == count, 5, "they have begun")

    def pids(self) -> list[int]:
        """Those that still run, as numbered inside the machine."""
        listing = self._machine.run(["pgrep", "-x", "-f", f"cat {self.path}"], check=False).stdout
        return [int(line) for line in listing.split()]

    def blocked(self) -> bool:
        """Are all of them still there, a moment later?"""
        before = self.pids()
        with pytest.raises(TimeoutError):
            self._machine.wait_until(lambda: self.pids() != before, 0.5, "one of them ends")
        return len(before) == len(self._processes)

    def answers(self, timeout: float = 20) -> list[str]:
        """What each of them was told in the end."""
        found = [process.communicate(timeout=timeout) for process in self._processes]
        return [(out or error).decode() for out, error in found]

    def end(self) -> None:
        self._machine.run(["pkill", "-9", "-x", "-f", f"cat {self.path}"], check=False)
        for process in self._processes:
            process.wait(5)


@contextmanager
def _callers(machine: Machine, path: str, count: int = 3) -> Iterator[Callers]:
    blocked = Callers(machine, path, count)
    try:
        yield blocked
    finally:
        blocked.end()


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
    return datetime.fromisoformat(_called_for(machine, name)["callers_wait"]["since"])


def _stored(machine: Machine) -> int:
    return int(kit.show(machine, "s3mountd.service", "NFileDescriptorStore"))


def test_callers_block_while_s3_is_away_and_are_served_when_it_comes(machine: Machine) -> None:
    _away(machine)
    kit.configure(machine, _waiting("late"))
    wait = _called_for(machine, "late")["callers_wait"]
    assert wait["since"] < wait["until"]
    with _callers(machine, "/srv/late/hello.txt") as callers:
        kit.wait_for(machine, "late", state="waiting", health="down")
        assert callers.blocked()
        machine.run("systemctl start weed.service")
        assert callers.answers() == [HELLO] * 3
    assert kit.wait_ok(machine, "late")[0]["callers_wait"] is None
    assert kit.mounts_on(machine, "/srv/late") == ["fuse.mount-s3 s3://bucket-one"]
    assert kit.beneath(machine, "/srv/late") == []
    assert _stored(machine) == 0, "somebody still holds the server's end: callers of a dead worker would wait"


@pytest.mark.parametrize("signal", ["INT", "TERM", "KILL"])
def test_a_blocked_caller_can_be_ended(machine: Machine, signal: str) -> None:
    _away(machine)
    kit.configure(machine, _waiting("killable"))
    _called_for(machine, "killable")
    with _callers(machine, "/srv/killable/hello.txt", 2) as callers:
        assert callers.blocked()
        first, second = callers.pids()
        began = time.monotonic()
        machine.run(["kill", f"-{signal}", str(first)])
        machine.wait_until(lambda: callers.pids() == [second], 1.0, "it has ended", every=0.02)
        print(f"SIG{signal}: ended {time.monotonic() - began:.3f} s later, the machine's own calls included")
        assert callers.pids() == [second], "the other one waits on"


def test_a_bucket_that_does_not_exist_costs_callers_nothing_until_the_limit(machine: Machine) -> None:
    kit.configure(machine, _waiting("hopeless", "no-such-bucket", wait_limit="12s"))
    kit.wait_for(machine, "hopeless", state="failed", code="bucket-missing")
    with _callers(machine, "/srv/hopeless/hello.txt") as callers:
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


def test_after_it_served_a_new_time_of_waiting_begins(machine: Machine) -> None:
    kit.configure(machine, _waiting("anew", wait_limit="8s"))
    for _ in range(2):
        [one] = kit.wait_ok(machine, "anew")
        _away(machine)
        kit.kill(machine, one["pid"])
        with _callers(machine, "/srv/anew/hello.txt", 1) as callers:
            assert callers.blocked()
            assert "not connected" in callers.answers()[0]
        machine.run("systemctl start weed.service; s3mountctl start --no-wait anew")


@pytest.mark.parametrize("how", ["killed", "restarted"])
def test_who_waits_outlives_the_daemon(machine: Machine, how: str) -> None:
    _away(machine)
    kit.configure(machine, _waiting("patient"))
    since = _since(machine, "patient")
    [before] = kit.mounts_on(machine, "/srv/patient")
    assert _stored(machine) == 1
    with _callers(machine, "/srv/patient/hello.txt") as callers:
        _restart(machine, how)
        assert abs((_since(machine, "patient") - since).total_seconds()) < 0.5, "the time of waiting was begun anew"
        assert callers.blocked()
        assert kit.mounts_on(machine, "/srv/patient") == [before]
        machine.run("systemctl start weed.service")
        assert callers.answers() == [HELLO] * 3
    kit.wait_ok(machine, "patient")
    machine.wait_until(lambda: _stored(machine) == 0, 5, "the store is empty")


def test_the_daemon_dies_while_a_worker_comes_up_for_those_who_wait(machine: Machine) -> None:
    with kit.standin(machine, bucket_one={"start_delay": 3}):
        kit.configure(machine, _waiting("midway", start_timeout="30s"))
        _called_for(machine, "midway")
        with _callers(machine, "/srv/midway/hello.txt") as callers:
            machine.wait_until(lambda: len(kit.workers(machine)) == 1, 5, "a worker is on its way")
            given = kit.workers(machine)
            _restart(machine, "killed")
            assert all("hello" in line for line in callers.answers())
        kit.wait_ok(machine, "midway")
        assert {**kit.workers(machine), **given} == kit.workers(machine), "the worker was not taken over"


def test_what_was_lost_is_made_anew(machine: Machine) -> None:
    _away(machine)
    kit.configure(machine, _waiting("lost"))
    _called_for(machine, "lost")
    # A worker that was given the other end would go on for those who wait.
    machine.run("systemctl stop s3mountd.service; systemctl kill --signal=KILL 's3mount-lost-*'")
    machine.wait_until(lambda: kit.workers(machine) == {}, 5, "nobody has the other end")
    assert "not connected" in machine.run("timeout 5 ls /srv/lost", check=False).stderr
    machine.run("systemctl start s3mountd.service")
    _called_for(machine, "lost")
    with _callers(machine, "/srv/lost/hello.txt") as callers:
        assert callers.blocked()
        machine.run("systemctl start weed.service")
        assert callers.answers() == [HELLO] * 3
    assert len(kit.mounts_on(machine, "/srv/lost")) == 1


def test_a_worker_that_dies_after_its_first_request_does_not_spoil_the_folder(machine: Machine) -> None:
    with kit.standin(machine, bucket_one={"hang_at_request": 1}):
        kit.configure(machine, _waiting("spoilt"))
        kit.wait_for(machine, "spoilt", state="waiting", code="start-timeout")
        kit.misbehave(machine)
        kit.wait_ok(machine, "spoilt")
    assert len(kit.mounts_on(machine, "/srv/spoilt")) == 1


@pytest.fixture(params=["beneath", "detach"])
def swap(machine: Machine, request: pytest.FixtureRequest) -> str:
    """Both ways to exchange a mount, as in test_guard_swap."""
    if request.param == "detach":
        machine.write("/run/systemd/system/s3mountd.service.d/swap.conf", OLD_KERNEL)
        machine.run("systemctl daemon-reload && systemctl restart s3mountd.service")
    return str(request.param)


@pytest.mark.parametrize("spare", [True, False])
def test_after_a_crash_callers_wait_and_never_see_the_bare_folder(machine: Machine, swap: str, spare: bool) -> None:
    kit.configure(machine, _waiting("crashed", allow_delete=True))
    [one] = kit.wait_ok(machine, "crashed")
    if spare:
        machine.wait_until(lambda: kit.spares(machine), 5, "a spare waits")
    reading = machine.popen([kit.PYTHON, "-c", READ_ON, "/srv/crashed/hello.txt", "3"], stdout=subprocess.PIPE)
    with kit.hammer(machine, "/srv/crashed", readers=1, writers=1) as met:
        kit.kill(machine, one["pid"])
        kit.wait_for(machine, "crashed", state="mounted", health="ok", restarts=1)
    one_reader = reading.communicate(timeout=10)[0].decode()
    print(f"{swap}, {'spare' if spare else 'no spare'}: {met}; one reader: {one_reader}")
    assert (met.bare, met.wrong) == (0, 0)
    assert set(met.errors) <= {"ENOTCONN", "ECONNABORTED"}
    assert met.reads > 0
    assert kit.beneath(machine, "/srv/crashed") == []
    assert len(kit.workers(machine)) == 1
    machine.run("find /srv/crashed -name 'hammer-*' -delete")


def test_a_sync_tool_never_takes_the_folder_for_an_empty_one(machine: Machine) -> None:
    kit.configure(machine, _waiting("source", wait_limit="30s"))
    [one] = kit.wait_ok(machine, "source")
    machine.run("rm -rf /root/copy && cp -r /srv/source /root/copy")
    _away(machine)
    kit.kill(machine, one["pid"])
    _called_for(machine, "source")
    mirror = machine.popen([kit.PYTHON, "-c", MIRROR, "/srv/source", "/root/copy"], stdout=subprocess.PIPE)
    kit.wait_for(machine, "source", state="waiting")
    assert mirror.poll() is None, "it did not wait"
    machine.run("systemctl start weed.service")
    assert mirror.communicate(timeout=30)[0] == b"deleted []\n"
    assert machine.read("/root/copy/hello.txt") == HELLO


# What rsync --delete does with a source: all that is not in it goes.
MIRROR = """
import os, sys
there = os.listdir(sys.argv[1])
gone = [name for name in os.listdir(sys.argv[2]) if name not in there]
for name in gone:
    os.unlink(sys.argv[2] + "/" + name)
print("deleted", gone)
"""


def test_what_waits_is_unmounted_like_anything(machine: Machine) -> None:
    _away(machine)
    kit.configure(machine, _waiting("leaving"))
    _called_for(machine, "leaving")
    with _callers(machine, "/srv/leaving/hello.txt", 1) as callers:
        machine.run("s3mountctl stop --no-wait leaving")
        assert "not connected" in callers.answers(5)[0]
    machine.wait_until(lambda: kit.mounts_on(machine, "/srv/leaving") == [], 5, "the folder is plain")
    assert _stored(machine) == 0


def test_another_choice_by_reload_frees_those_who_wait(machine: Machine) -> None:
    _away(machine)
    kit.configure(machine, _waiting("changing"))
    _called_for(machine, "changing")
    with _callers(machine, "/srv/changing/hello.txt", 1) as callers:
        kit.configure(machine, kit.mount("changing", start_timeout="2s"))
        assert "not connected" in callers.answers(5)[0]
    kit.configure(machine, _waiting("changing"))
    _called_for(machine, "changing")
    with _callers(machine, "/srv/changing/hello.txt", 1) as callers:
        kit.configure(machine, _waiting("changing", read_only=True))
        assert "not connected" in callers.answers(5)[0]
    machine.run("systemctl start weed.service")
    kit.wait_ok(machine, "changing")
    assert "Read-only" in machine.run("touch /srv/changing/new", check=False).stderr



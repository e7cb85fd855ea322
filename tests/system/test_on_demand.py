"""Mounts whose worker comes at the first access and goes when nobody uses the folder."""

from __future__ import annotations

import base64
import json
import subprocess
import time

import pytest

from tests.machine import Machine
from tests.machine.kit import ENDPOINT
from tests.system import kit
from tests.system.callers import away as gone

HELLO = "hello from bucket-one\n"
OLD_KERNEL = "[Service]\nEnvironment=S3MOUNTD_SWAP=detach\n"
PART = 8 << 20
BARE = (f"mkdir -p /srv/bare && mount-s3 bucket-one /srv/bare --endpoint-url {ENDPOINT} --force-path-style "
        "--region us-east-1 >/dev/null")
TIMED = """
import subprocess, sys, time
began = time.monotonic()
subprocess.run(sys.argv[1], shell=True, check=True)
with open(sys.argv[2]) as file:
    assert file.read() == "hello from bucket-one\\n"
print(time.monotonic() - began)
"""
# Reads now and then, at times that have nothing to do with those of the daemon; every read has to be right.
NOW_AND_THEN = """
import json, random, sys, time
path, end, said, longest = sys.argv[1], time.monotonic() + float(sys.argv[2]), {}, 0.0
while time.monotonic() < end:
    began = time.monotonic()
    try:
        with open(path) as file:
            what = "right" if file.read() == "hello from bucket-one\\n" else "wrong"
    except OSError as error:
        what = str(error)
    longest = max(longest, time.monotonic() - began)
    said[what] = said.get(what, 0) + 1
    time.sleep(random.choice((0.001, 0.01, 0.1, 1.5, 2.5)))
print(json.dumps([said, longest]))
"""


def _lazy(name: str, idle_unmount: str | None = "1s", **keys: object) -> kit.Document:
    return kit.mount(name, "bucket-one", "", on_demand=True, idle_unmount=idle_unmount, **keys)


def _asleep(machine: Machine, name: str, timeout: float = 20) -> kit.Document:
    one = kit.wait_for(machine, name, timeout, state="waiting", health="ok", code="on-demand")
    machine.wait_until(lambda: not kit.workers(machine) and not kit.spares(machine), 15, "no worker is left")
    return one


def _read(machine: Machine, name: str) -> str:
    return machine.run(["timeout", "15", "cat", f"/srv/{name}/hello.txt"]).stdout


def _timed(machine: Machine, first: str, folder: str) -> float:
    """Seconds of a command and a read in that folder, as the machine counts them."""
    return float(machine.run([kit.PYTHON, "-c", TIMED, first, f"{folder}/hello.txt"]).stdout)


def _starts(machine: Machine, name: str) -> int:
    return machine.journal("-t", "systemd").count(f"Starting s3mount-{name}-")


def test_the_first_access_is_served_and_nothing_before_it_costs_a_worker(machine: Machine) -> None:
    kit.configure(machine, _lazy("lazy", idle_unmount=None))
    _asleep(machine, "lazy")
    assert machine.run("s3mountctl status").returncode == 0
    assert machine.run("s3mountctl wait lazy").returncode == 0
    machine.run("systemctl daemon-reload; s3mountctl check lazy; s3mountctl reload; findmnt /srv/lazy; ls /srv",
                check=False)
    machine.run("systemctl restart s3mountd.service")
    _asleep(machine, "lazy")
    assert _starts(machine, "lazy") == 0
    served, bare = _timed(machine, "true", "/srv/lazy"), _timed(machine, BARE, "/srv/bare")
    machine.run("umount /srv/bare")
    [one] = kit.wait_ok(machine, "lazy")
    print(f"first access answered after {served:.2f} s; a bare mount-s3 started and read: {bare:.2f} s")
    assert one["restarts"] == 0
    assert one["last_outage"] is None
    assert len(kit.mounts_on(machine, "/srv/lazy")) == 1


def test_an_idle_worker_goes_and_comes_back(machine: Machine) -> None:
    kit.configure(machine, _lazy("idle"))
    for turn in range(1, 4):
        _asleep(machine, "idle")
        assert _read(machine, "idle") == HELLO
        kit.wait_for(machine, "idle", state="mounted")
        assert _starts(machine, "idle") >= turn
    one = _asleep(machine, "idle")
    assert (one["restarts"], one["last_outage"], one["pid"]) == (0, None, 0)
    assert kit.beneath(machine, "/srv/idle") == []
    assert "no outage" in machine.run("s3mountctl history idle").stdout


@pytest.mark.once
def test_an_open_file_and_a_working_directory_keep_the_worker(machine: Machine) -> None:
    kit.configure(machine, _lazy("held"))
    with kit.opened(machine, "/srv/held/hello.txt", "r") as reader:
        [one] = kit.wait_ok(machine, "held")
        with pytest.raises(TimeoutError):
            machine.wait_until(lambda: kit.look(machine, "held")["pid"] != one["pid"], 6, "it goes all the same")
        assert reader.ask("read", 0) != ""
    _asleep(machine, "held")
    inside = machine.popen(["sh", "-c", "cd /srv/held && exec sleep 100"])
    [one] = kit.wait_ok(machine, "held")
    with pytest.raises(TimeoutError):
        machine.wait_until(lambda: kit.look(machine, "held")["pid"] != one["pid"], 6, "it goes all the same")
    machine.run("pkill -x sleep", check=False)
    inside.wait(5)
    _asleep(machine, "held")


@pytest.mark.once
def test_an_upload_is_never_cut(machine: Machine) -> None:
    kit.configure(machine, _lazy("upload"))
    with kit.opened(machine, "/srv/upload/slow", "w") as writer:
        for _ in range(3):
            assert writer.ask("write", PART) == "ok"
            time_up = time.monotonic() + 2.5
            machine.wait_until(lambda: time.monotonic() > time_up, 5, "longer than idle_unmount")  # noqa: B023
        assert writer.ask("close") == "ok"
    _asleep(machine, "upload")
    body = kit.store(machine, "get_object", Bucket="bucket-one", Key="slow")["Body"]
    assert base64.b64decode(body) == b"x" * (3 * PART)
    kit.store(machine, "delete_object", Bucket="bucket-one", Key="slow")


@pytest.mark.once
def test_while_s3_is_away_the_first_caller_waits_for_one_try_then_when_away_counts(machine: Machine) -> None:
    kit.configure(machine, _lazy("away", start_timeout="3s"))
    _asleep(machine, "away")
    gone(machine)
    told = machine.run("timeout 20 cat /srv/away/hello.txt", check=False)
    assert "not connected" in told.stderr
    one = kit.wait_for(machine, "away", state="waiting", health="down")
    assert one["reason"]["code"] != "on-demand"
    machine.run("systemctl start weed.service; s3mountctl start --no-wait away")
    kit.wait_ok(machine, "away")
    _asleep(machine, "away")
    assert _read(machine, "away") == HELLO


@pytest.mark.once
def test_asleep_over_a_reboot_and_a_crash_of_the_daemon(own_machine: Machine) -> None:
    machine = own_machine
    kit.configure(machine, _lazy("over"))
    _asleep(machine, "over")
    waiting = machine.popen(["cat", "/srv/over/hello.txt"], stdout=subprocess.PIPE)
    pid = int(kit.show(machine, "s3mountd.service", "MainPID"))
    kit.kill(machine, pid)
    assert waiting.communicate(timeout=20)[0].decode() == HELLO
    _asleep(machine, "over")
    machine.reboot()
    _asleep(machine, "over")
    assert _read(machine, "over") == HELLO
    assert kit.beneath(machine, "/srv/over") == []


@pytest.mark.once
@pytest.mark.parametrize("swap", ["beneath", "detach"])
def test_many_rounds_under_somebody_who_reads_now_and_then(machine: Machine, swap: str) -> None:
    if swap == "detach":
        machine.write("/run/systemd/system/s3mountd.service.d/swap.conf", OLD_KERNEL)
        machine.run("systemctl daemon-reload && systemctl restart s3mountd.service")
    rounds = 15 if swap == "beneath" else 6
    kit.configure(machine, _lazy("rounds"))
    _asleep(machine, "rounds")
    reading = machine.popen([kit.PYTHON, "-c", NOW_AND_THEN, "/srv/rounds/hello.txt", str(rounds * 4)],
                            stdout=subprocess.PIPE)
    for _ in range(rounds):
        assert _read(machine, "rounds") == HELLO
        kit.wait_for(machine, "rounds", 60, state="waiting", code="on-demand")
        if reading.poll() is not None:
            break
    said, longest = json.loads(reading.communicate(timeout=rounds * 5)[0])
    starts = _starts(machine, "rounds")
    print(f"{swap}: {starts} starts, {said}, longest read {longest:.2f} s")
    assert set(said) <= {"right"} | ({"[Errno 107] Transport endpoint is not connected: '/srv/rounds/hello.txt'"}
                                     if swap == "detach" else set())
    assert starts >= rounds // 3
    assert kit.beneath(machine, "/srv/rounds") == []

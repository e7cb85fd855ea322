"""Every command as a person or a script types it, on a machine where things go well and where they do not."""

from __future__ import annotations

import json
import os
import re
import signal
import statistics
import subprocess
import time

import pytest

from tests.machine import Machine
from tests.machine.inside import Result
from tests.system.kit import (
    CONFIG,
    alive,
    configure,
    kill,
    look,
    misbehave,
    mount,
    mounts_on,
    show,
    standin,
    toml,
    wait_for,
    wait_ok,
)

pytestmark = pytest.mark.once("13")

BUS = "org.s3mountd1 /org/s3mountd1 org.s3mountd1.Manager"
ONE, TWO = mount("one"), mount("two", "bucket-two")
WRONG = mount("wrong", "no-such-bucket")
AWAY = mount("away", "bucket-three")
OFF = mount("off", enabled=False)
# What the stand-in worker says: the real one takes half a minute to find out that nobody listens.
REFUSED = {"exit_status": 1, "stderr": "Error: Failed to create S3 client\n\nCaused by:\n    Unknown CRT error: "
           "CRT error 1047: aws-c-io: AWS_IO_SOCKET_CONNECTION_REFUSED, socket connection refused.\n"}
MISSING = {"exit_status": 1, "stderr": "Error: Failed to create S3 client\n\nCaused by:\n"
           "    0: initial ListObjectsV2 failed for bucket no-such-bucket in region us-east-1\n"
           "    1: Service error: The bucket does not exist\n"}
FAULTS = {"bucket_three": REFUSED, "no_such_bucket": MISSING}
APP = """[Unit]
Requires=s3mount-wait@away.service
After=s3mount-wait@away.service
[Service]
Type=oneshot
ExecStart=/bin/cp /srv/away/hello.txt /run/app-was-here
"""


def _ctl(machine: Machine, words: str, user: str | None = None) -> Result:
    return machine.run(f"s3mountctl {words}", check=False, user=user)


@pytest.mark.parametrize(("mounts", "code"), [
    ((), 0), ((ONE,), 0), ((ONE, OFF), 0), ((ONE, AWAY), 1), ((ONE, WRONG), 2), ((AWAY, WRONG), 2),
], ids=["nothing", "well", "disabled", "waiting", "failed", "worst"])
def test_the_exit_status_of_status_is_the_worst_mounts(machine: Machine, mounts: tuple[dict[str, object], ...],
                                                       code: int) -> None:
    with standin(machine, **FAULTS):
        configure(machine, *mounts)
        for one in mounts:
            settled = {"one": "mounted", "off": "disabled", "away": "waiting", "wrong": "failed"}[str(one["name"])]
            wait_for(machine, str(one["name"]), state=settled)
        machine.wait_until(lambda: _ctl(machine, "status").returncode == code, 5, f"status ends with {code}")
        assert _ctl(machine, "status --json").returncode == code
        assert _ctl(machine, "list").returncode == 0


@pytest.mark.parametrize("words", ["", "stat", "status --jsn", "start", "start --all one", "wait", "logs", "logs a b",
                                   "-x", "wait one --timeout soon", "explain no-such-code", "status nix", "stop nix",
                                   "version x"])
def test_what_is_typed_wrong_ends_with_64_and_a_hint(machine: Machine, words: str) -> None:
    ended = _ctl(machine, words)
    assert (ended.returncode, ended.stdout) == (64, ""), ended
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.splitlines()) >= 2 or "did you mean" in ended.stderr


@pytest.mark.parametrize("words", ["status", "status --json", "status one", "list", "plan", "start one", "stop one",
                                   "restart one", "reload", "wait one --timeout 1s"])
def test_without_a_daemon_everything_that_needs_it_ends_with_3(machine: Machine, words: str) -> None:
    machine.run("systemctl stop s3mountd")
    ended = _ctl(machine, words)
    assert (ended.returncode, ended.stdout) == (3, ""), ended
    assert "systemctl status s3mountd" in ended.stderr


def test_what_needs_no_daemon_works_without(machine: Machine) -> None:
    machine.run("systemctl stop s3mountd")
    assert _ctl(machine, "check").returncode == 0
    assert _ctl(machine, "explain bucket-missing").returncode == 0
    assert _ctl(machine, "--version").returncode == 0
    version = _ctl(machine, "version")
    assert version.returncode == 0
    assert re.search(r"^mount-s3 +1\.\d+", version.stdout, re.MULTILINE)
    assert re.search(r"^s3mountd +unknown", version.stdout, re.MULTILINE)


def test_what_is_printed_for_machines_is_json(machine: Machine) -> None:
    configure(machine, ONE, WRONG)
    wait_ok(machine, "one")
    wait_for(machine, "wrong", state="failed")
    for words in ("status", "status one", "list", "plan", "check", "version", "explain", "explain stopped", "reload",
                  "stop one", "start one", "restart one", "wait one", "wait one wrong --timeout 1s"):
        ended = _ctl(machine, f"{words} --json")
        json.loads(ended.stdout)
        assert ended.returncode in (0, 1, 2), ended
    for line in _ctl(machine, "logs one --json").stdout.splitlines():
        assert json.loads(line)["S3MOUNT_NAME"] == "one"


def test_json_is_the_very_text_of_the_bus(machine: Machine) -> None:
    configure(machine, ONE, WRONG)
    wait_ok(machine, "one")
    wait_for(machine, "wrong", state="failed")

    def same() -> bool:
        by_bus = machine.run(f"busctl --json=short call {BUS} Status").stdout
        texts = _ctl(machine, "status --json").stdout, json.loads(by_bus)["data"][0] + "\n"
        first, second = (re.sub(r'"generated_at":"[^"]*"', "", text) for text in texts)
        return len(first) > 500 and first == second

    machine.wait_until(same, 5, "the same bytes (but for the time) on both ways")


def test_stop_start_and_restart_do_what_they_say_and_wait_for_it(machine: Machine) -> None:
    configure(machine, ONE, TWO)
    first, kept = (one["pid"] for one in wait_ok(machine, "one", "two"))
    assert _ctl(machine, "stop one").returncode == 0
    assert look(machine, "one")["state"] == "stopped"
    assert not alive(machine, first)
    assert mounts_on(machine, "/srv/one") == []
    machine.run("systemctl restart s3mountd")
    assert look(machine, "one")["state"] == "stopped", "it stays so over a restart"
    assert _ctl(machine, "start one").returncode == 0
    second = look(machine, "one")
    assert (second["state"], second["health"]) == ("mounted", "ok")
    assert _ctl(machine, "restart one").returncode == 0
    third = look(machine, "one")
    assert (third["state"], third["health"]) == ("mounted", "ok")
    assert third["pid"] not in (first, second["pid"])
    assert look(machine, "two")["pid"] == kept
    assert _ctl(machine, "stop --all").returncode == 0
    assert _ctl(machine, "start --all").returncode == 0
    wait_ok(machine, "one", "two")


def test_wait_ends_when_it_is_there_when_time_is_over_and_when_waiting_is_no_use(machine: Machine) -> None:
    with standin(machine, **FAULTS):
        configure(machine, ONE, AWAY, WRONG)
        assert _ctl(machine, "wait one").returncode == 0
        wait_for(machine, "away", state="waiting")
        began = time.monotonic()
        assert _ctl(machine, "wait one away --timeout 2s").returncode == 1
        assert 2.0 <= time.monotonic() - began < 10.0
        wait_for(machine, "wrong", state="failed")
        began = time.monotonic()
        ended = _ctl(machine, "wait wrong --timeout 60s")
        assert (ended.returncode, "no-such-bucket" in ended.stdout) == (2, True), ended
        assert time.monotonic() - began < 30.0
        _ctl(machine, "stop one")
        assert _ctl(machine, "wait one").returncode == 2
        _ctl(machine, "start one")
        assert _ctl(machine, "wait one").returncode == 0


def test_wait_is_ended_by_control_c(machine: Machine) -> None:
    with standin(machine, **FAULTS):
        configure(machine, AWAY)
        wait_for(machine, "away", state="waiting")
        waiting = machine.popen(["timeout", "--preserve-status", "--signal=INT", "2", "s3mountctl", "wait", "away"],
                                stderr=subprocess.PIPE)
        said = waiting.communicate(timeout=20)[1].decode()
    assert waiting.returncode == 130, said
    assert "interrupted" in said
    assert "Traceback" not in said


def test_another_unit_starts_only_when_its_mount_is_there(machine: Machine) -> None:
    machine.run("rm -f /run/app-was-here")
    machine.write("/run/systemd/system/app.service", APP)
    machine.run("systemctl daemon-reload")
    with standin(machine, **FAULTS):
        configure(machine, AWAY)
        wait_for(machine, "away", state="waiting", code="connection-refused")
        machine.run("systemctl start --no-block app.service")
        machine.wait_until(lambda: show(machine, "s3mount-wait@away", "ActiveState") == "activating", 5, "it waits")
        assert show(machine, "app", "ActiveState") == "inactive"
        misbehave(machine)
        machine.wait_until(lambda: machine.read("/run/app-was-here").startswith("hello"), 30, "the unit has run")
    assert show(machine, "s3mount-wait@away", "ActiveState") == "active"
    machine.run("systemctl stop s3mount-wait@away; rm /run/systemd/system/app.service /run/app-was-here")


def test_logs_tell_one_story_over_all_workers(machine: Machine) -> None:
    configure(machine, ONE, TWO)
    (one, _) = wait_ok(machine, "one", "two")
    kill(machine, one["pid"])
    machine.wait_until(lambda: look(machine, "one")["pid"] not in (0, one["pid"]), 10, "another worker")
    fresh = wait_ok(machine, "one")[0]
    machine.run("journalctl --sync")
    told = _ctl(machine, "logs one -n 1000").stdout
    for pid in (one["pid"], fresh["pid"]):
        assert f"mount-s3[{pid}]" in told
    assert "s3mountd[" in told
    assert "SIGKILL" in told
    assert "bucket-two" not in told
    assert len(_ctl(machine, "logs one -n 3").stdout.splitlines()) == 3
    follow = machine.popen("exec s3mountctl logs one -f -n 0", stdout=subprocess.PIPE)
    machine.run("systemd-cat -t tester echo unrelated; s3mountctl stop one; journalctl --sync")
    assert follow.stdout is not None
    heard = [follow.stdout.readline()]
    while b"one: stopped" not in heard[-1]:
        heard.append(follow.stdout.readline())
    assert not any(b"unrelated" in line for line in heard)
    os.killpg(follow.pid, signal.SIGKILL)
    follow.wait(10)


def _seconds_of_status(machine: Machine) -> float:
    script = "TIMEFORMAT=%R; for i in 1 2 3 4 5 6 7; do time s3mountctl status >/dev/null; done"
    return statistics.median(map(float, machine.run(["bash", "-c", script], check=False).stderr.split()))


def test_status_answers_while_a_worker_does_not(machine: Machine) -> None:
    configure(machine, ONE, TWO)
    pid = wait_ok(machine, "one", "two")[0]["pid"]
    usual = _seconds_of_status(machine)
    machine.run(["kill", "-STOP", str(pid)])
    try:
        machine.wait_until(lambda: "\nState:\tT" in machine.read(f"/proc/{pid}/status"), 5, "the worker is stopped")
        assert machine.run("timeout -s KILL 1 stat -f /srv/one", check=False).returncode != 0, "a caller does hang"
        took = _seconds_of_status(machine)
        print(f"status: {usual * 1000:.0f} ms, with one worker stopped {took * 1000:.0f} ms (medians of seven)")
        assert took < 3 * usual + 0.3
        assert look(machine, "two")["health"] == "ok"
        assert machine.read("/srv/two/hello.txt") == "hello from bucket-two\n"
    finally:
        machine.run(["kill", "-CONT", str(pid)], check=False)
    wait_ok(machine, "one")


def test_the_sequence_of_a_change_as_the_manual_tells_it(machine: Machine) -> None:
    configure(machine, ONE)
    wait_ok(machine, "one")
    machine.write(CONFIG, toml([{**ONE, "read_only": True}, TWO]))
    assert _ctl(machine, "check").stdout == "2 mounts, no faults.\n"
    planned = _ctl(machine, "plan")
    assert (planned.returncode, "one" in planned.stdout, "two" in planned.stdout) == (0, True, True)
    assert look(machine, "one")["options"].get("read_only") in (None, False), "a plan changes nothing"
    done = _ctl(machine, "reload")
    assert done.returncode == 0
    assert "mounted on /srv/two" in done.stdout
    assert [one["health"] for one in wait_ok(machine, "one", "two")] == ["ok", "ok"]

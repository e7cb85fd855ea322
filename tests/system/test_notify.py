"""Desktop notifications of a real daemon: the user's own unit in his session, a STAND-IN of a notification server."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.machine import Machine
from tests.system import kit

pytestmark = pytest.mark.once("13")

SERVER = (Path(__file__).parents[1] / "bus/notification_server.py").read_text()
SESSION = {"XDG_RUNTIME_DIR": "/run/user/1000", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/1000/bus"}
"""What a login of rob gives to his programs."""


@contextmanager
def _desktop(machine: Machine, tmp_path: Path) -> Iterator[Path]:
    """rob is logged in and has enabled the unit; the file has what his notification server was asked to show."""
    shown = tmp_path / "shown"
    machine.run("systemctl start user@1000.service")
    with shown.open("wb") as out:
        server = machine.popen([kit.PYTHON, "-c", SERVER], user="rob", env=SESSION, stdout=out)
    try:
        machine.wait_until(lambda: "ready" in shown.read_text(), 10, "a notification server")
        _user(machine, "enable --now s3mountd-notify")
        yield shown
        assert _user(machine, "is-active s3mountd-notify") == "active\n"
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        _user(machine, "disable s3mountd-notify")
        machine.run("systemctl stop user@1000.service")


def _user(machine: Machine, words: str) -> str:
    """rob's own service manager."""
    return machine.run(f"systemctl --user {words}", user="rob", env=SESSION, check=False).stdout


def _shown(log: Path) -> list[kit.Document]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def test_what_a_user_sees(machine: Machine, tmp_path: Path) -> None:
    kit.configure(machine, kit.mount("one", grace="1s"), kit.mount("two", grace="1s"))
    ones = kit.wait_ok(machine, "one", "two")
    with _desktop(machine, tmp_path) as log:
        machine.run("systemctl stop weed.service")
        for one in ones:
            kit.kill(machine, one["pid"])
        machine.wait_until(lambda: _shown(log), 30, "a notification")
        assert machine.run("cat /srv/one/hello.txt", check=False).returncode != 0, "there is no outage"
        machine.wait_until(lambda: "2 S3 folders" in _shown(log)[-1]["summary"] or len(_shown(log)) > 1, 90, "both")
        out = _shown(log)
        assert out[0]["summary"].endswith(("is not well", "are not well")), out
        machine.run("systemctl start weed.service && s3mountctl start one && s3mountctl start two")
        kit.wait_ok(machine, "one", "two")
        machine.wait_until(lambda: "well again" in _shown(log)[-1]["summary"], 20, "the recovery")
        assert _shown(log)[-1]["replaces"] in {one["id"] for one in out}
        count = len(_shown(log))
        machine.run("s3mountctl stop one")
        kit.wait_for(machine, "one", state="stopped")
        kit.configure(machine, kit.mount("two", bucket="bucket-nobody", grace="1s"))
        machine.wait_until(lambda: len(_shown(log)) > count, 20, "who has to act is told")
        (needs,) = _shown(log)[count:]
        assert needs["summary"] == "The S3 folder two needs you"
        assert "there is no bucket bucket-nobody" in needs["body"] and "make the bucket" in needs["body"]
        assert (needs["hints"]["urgency"], needs["expires"]) == (2, 0)


def test_a_store_that_is_away_is_told_though_the_mounts_stay(machine: Machine, tmp_path: Path) -> None:
    often = {"interval": "5s", "timeout": "2s", "failures": 1}
    kit.configure(machine, kit.mount("one", grace="1s", check=often), kit.mount("two", grace="1s", check=often))
    pids = [one["pid"] for one in kit.wait_ok(machine, "one", "two")]
    with _desktop(machine, tmp_path) as log:
        machine.run("systemctl stop weed.service")
        machine.wait_until(lambda: _shown(log), 40, "a notification")
        away = [kit.wait_for(machine, name, 40, state="mounted", health="degraded") for name in ("one", "two")]
        assert [one["pid"] for one in away] == pids
        machine.run("systemctl start weed.service")
        kit.wait_ok(machine, "one", "two", timeout=40)
        machine.wait_until(lambda: "well again" in _shown(log)[-1]["summary"], 40, "the recovery")
        shown = _shown(log)
        assert {one["id"] for one in shown} == {shown[0]["id"]}, "one cause, one notification"


def test_a_restarted_daemon_is_no_news(machine: Machine, tmp_path: Path) -> None:
    kit.configure(machine, kit.mount("one", grace="0s"))
    kit.wait_ok(machine, "one")
    with _desktop(machine, tmp_path) as log:
        machine.run("systemctl restart s3mountd")
        kit.wait_ok(machine, "one")
        kit.configure(machine, kit.mount("one", bucket="bucket-nobody", grace="0s"))
        machine.wait_until(lambda: _shown(log), 20, "it listens to the new daemon")
        assert [one["summary"] for one in _shown(log)] == ["The S3 folder one needs you"]


def test_the_unit_is_installed_and_small_and_nobodys_until_asked_for(machine: Machine, tmp_path: Path) -> None:
    assert machine.run(["systemctl", "--global", "is-enabled", "s3mountd-notify"], check=False).stdout == "disabled\n"
    kit.configure(machine, kit.mount("one", bucket="bucket-nobody", grace="0s"))
    with _desktop(machine, tmp_path) as log:
        machine.wait_until(lambda: _shown(log), 20, "it works")
        pid = _user(machine, "show --value -p MainPID s3mountd-notify").strip()
        kib = int(machine.run(f"grep VmRSS /proc/{pid}/status").stdout.split()[1])
        print(f"RSS of s3mountd-notify: {kib} kB")
        assert kib < 40_000
        assert "NoNewPrivs:\t1" in machine.read(f"/proc/{pid}/status")

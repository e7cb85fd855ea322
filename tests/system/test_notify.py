"""Desktop notifications of a real daemon: the user's own unit, a session bus, a STAND-IN of a notification server."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.machine import Machine
from tests.system import kit

SERVER = (Path(__file__).parents[1] / "bus/notification_server.py").read_text()
BUS = "/tmp/session-bus"
UNIT = "/usr/lib/systemd/user/s3mountd-notify.service"


@contextmanager
def _desktop(machine: Machine, tmp_path: Path) -> Iterator[Path]:
    """rob's session bus, a notification server and s3mountd-notify on it; the file has what was shown."""
    shown = tmp_path / "shown"
    env = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={BUS}"}
    words = ["dbus-daemon", "--session", "--nofork", "--nopidfile", f"--address=unix:path={BUS}"]
    bus = machine.popen(words, user="rob", stderr=subprocess.DEVNULL)
    children = [bus]
    try:
        machine.wait_until(lambda: machine.run(f"test -S {BUS}", check=False).returncode == 0, 10, "a session bus")
        with shown.open("wb") as out:
            children.append(machine.popen([kit.PYTHON, "-c", SERVER], user="rob", env=env, stdout=out))
        machine.wait_until(lambda: "ready" in shown.read_text(), 10, "a notification server")
        children.append(machine.popen(["/usr/libexec/s3mountd/s3mountd-notify"], user="rob", env=env))
        yield shown
    finally:
        for child in reversed(children):
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        machine.run(["rm", "-f", BUS])


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


def test_a_restarted_daemon_is_no_news(machine: Machine, tmp_path: Path) -> None:
    kit.configure(machine, kit.mount("one", grace="0s"))
    kit.wait_ok(machine, "one")
    with _desktop(machine, tmp_path) as log:
        machine.run("systemctl restart s3mountd")
        kit.wait_ok(machine, "one")
        kit.configure(machine, kit.mount("one", bucket="bucket-nobody", grace="0s"))
        machine.wait_until(lambda: _shown(log), 20, "it listens to the new daemon")
        assert [one["summary"] for one in _shown(log)] == ["The S3 folder one needs you"]


def test_the_unit_is_installed_and_not_enabled(machine: Machine) -> None:
    assert machine.run(["systemctl", "--global", "is-enabled", "s3mountd-notify"], check=False).stdout == "disabled\n"
    machine.run(["systemd-analyze", "verify", "--user", UNIT], user="rob", env={"XDG_RUNTIME_DIR": "/tmp"})
    said = machine.run(f"systemd-analyze security --offline=yes --no-pager {UNIT}", check=False).stdout
    found = re.search(r"Overall exposure level for .*: ([\d.]+)", said)
    print(f"exposure of s3mountd-notify, counted as if it were root's: {found and found[1]}")
    machine.run("systemctl --global enable s3mountd-notify")
    assert machine.run(["systemctl", "--global", "is-enabled", "s3mountd-notify"]).stdout == "enabled\n"
    machine.run("systemctl --global disable s3mountd-notify")

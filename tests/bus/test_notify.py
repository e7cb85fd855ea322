"""s3mountd-notify as a process: a private bus for both ends, a FAKE daemon, a STAND-IN of a notification server."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bus.private_bus import PYTHON, Bus, document

SERVER = Path(__file__).with_name("notification_server.py")
ORDER = ["dbus-send", "--session", "--print-reply", "--dest=org.s3mountd1", "/org/s3mountd1"]
AWAY = {"state": "waiting", "health": "down", "grace": 0,
        "reason": {"code": "unreachable", "text": "https://s3.example.org <b>cannot</b> be reached", "hint": "wait"}}


def until(holds: Callable[[], Any], limit: float = 20.0) -> Any:
    ends = time.monotonic() + limit
    while not (found := holds()):
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.02)
    return found


class Desktop:
    """Both ends of a session."""

    def __init__(self, bus: Bus, folder: Path) -> None:
        self.bus, self._log = bus, folder / "shown"
        self.environment = {**bus.environment, "DBUS_SESSION_BUS_ADDRESS": bus.address}

    def server(self, *capabilities: str) -> "subprocess.Popen[str]":
        with self._log.open("a") as out:
            child = subprocess.Popen([PYTHON, SERVER, *capabilities], env=self.environment, stdout=out, text=True)
        self.bus.children.append(child)
        ready = self._log.read_text().count("ready")
        until(lambda: self._log.read_text().count("ready") > ready)
        return child

    def notify(self) -> "subprocess.Popen[str]":
        child = subprocess.Popen([PYTHON, "-m", "mountd.surfaces.notify.main"], env=self.environment, text=True,
                                 stderr=subprocess.PIPE)
        self.bus.children.append(child)
        return child

    def shown(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]

    def turn(self, name: str) -> None:
        """The fake daemon's mount becomes what ``--after`` says."""
        subprocess.run([*ORDER, "org.s3mountd1.Manager.Restart", f"string:{name}"], env=self.environment, check=True,
                       capture_output=True)


@pytest.fixture
def desktop(bus: Bus, tmp_path: Path) -> Desktop:
    return Desktop(bus, tmp_path)


def healthy() -> str:
    return str(json.loads(document("healthy"))["mounts"][0]["name"])


def test_outage_and_recovery_are_one_notification(desktop: Desktop) -> None:
    name = healthy()
    daemon = desktop.bus.manager("healthy", "--after", json.dumps({name: AWAY}))
    desktop.server("body", "body-markup")
    desktop.notify()
    until(lambda: desktop.bus.ctl("status").status == 0)
    desktop.turn(name)
    out = until(desktop.shown)[-1]
    assert (out["app"], out["replaces"], out["hints"]["urgency"]) == ("s3mountd", 0, 1)
    assert out["summary"] == f"The S3 folder {name} is not well"
    assert out["body"] == "https://s3.example.org &lt;b&gt;cannot&lt;/b&gt; be reached"
    daemon.kill()
    daemon.wait()
    count = len(desktop.shown())
    desktop.bus.manager("healthy")
    back = until(lambda: desktop.shown()[count:])[0]
    assert (back["summary"], back["replaces"]) == (f"The S3 folder {name} is well again", out["id"])


def test_what_another_user_has_mounted_is_not_told(desktop: Desktop) -> None:
    name, other, *_ = [str(one["name"]) for one in json.loads(document("healthy"))["mounts"]]
    desktop.bus.manager("healthy", "--after", json.dumps({name: AWAY, other: {**AWAY, "owner": "somebody-else"}}))
    desktop.server()
    desktop.notify()
    until(lambda: desktop.bus.ctl("status").status == 0)
    desktop.turn(other)
    until(lambda: desktop.bus.ctl("status").status == 1)
    desktop.turn(name)
    until(lambda: any(name in one["summary"] for one in desktop.shown()))
    assert not any(other in one["summary"] for one in desktop.shown())


def test_needs_you_is_urgent_and_stays(desktop: Desktop) -> None:
    desktop.bus.manager("sick")
    desktop.server()
    desktop.notify()
    sick = [one for one in until(desktop.shown) if one["hints"]["urgency"] == 2]
    assert sick
    assert {one["expires"] for one in sick} == {0}
    assert "need" in sick[0]["summary"]


def test_it_waits_for_a_server_and_tells_a_new_one_again(desktop: Desktop) -> None:
    desktop.bus.manager("sick")
    child = desktop.notify()
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(1.0)
    first = desktop.server()
    shown = len(until(desktop.shown))
    first.kill()
    first.wait()
    desktop.server()
    again = until(lambda: desktop.shown()[shown:])
    assert again[0]["replaces"] == 0


def test_without_a_session_bus_it_ends_well(desktop: Desktop, tmp_path: Path) -> None:
    desktop.environment["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={tmp_path}/nobody"
    child = desktop.notify()
    _out, err = child.communicate(timeout=20)
    assert child.returncode == 0
    assert err.startswith("s3mountd-notify: there is no session bus, so nobody to notify")


def test_it_ends_with_its_session_and_at_a_word(bus: Bus, desktop: Desktop, tmp_path: Path) -> None:
    address = f"--address=unix:path={tmp_path}/s"
    words = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address", address]
    session = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert session.stdout is not None
    desktop.environment["DBUS_SESSION_BUS_ADDRESS"] = session.stdout.readline().strip()
    desktop.server()
    children = [desktop.notify(), desktop.notify()]
    bus.children.append(session)
    until(lambda: all(_sockets(child.pid) >= 2 for child in children))
    children[0].terminate()
    assert children[0].wait(10) == 0
    session.kill()
    session.wait()
    assert children[1].wait(10) == 0


def _sockets(pid: int) -> int:
    folder = f"/proc/{pid}/fd"
    return sum(os.readlink(f"{folder}/{name}").startswith("socket:") for name in os.listdir(folder))


def test_it_is_small(desktop: Desktop) -> None:
    desktop.bus.manager("sick")
    desktop.server()
    child = desktop.notify()
    until(desktop.shown)
    status = Path(f"/proc/{child.pid}/status").read_text("ascii")
    kib = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))
    print(f"RSS of s3mountd-notify: {kib} kB")
    assert kib < 40_000

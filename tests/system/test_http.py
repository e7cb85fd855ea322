"""The status pages on a booted machine: there when configured, true when the daemon hangs, gone when taken out."""

from __future__ import annotations

import json
import re

import pytest

from tests.machine import Machine
from tests.system import kit

pytestmark = pytest.mark.once("13")

ADDRESS = "127.0.0.1:9787"
UNIT = "s3mountd-http.service"


def _code(machine: Machine, path: str) -> str:
    return machine.run(f"curl -s -m 5 -o /dev/null -w %{{http_code}} http://{ADDRESS}{path}", check=False).stdout


def _wait(machine: Machine, path: str, code: str) -> None:
    machine.wait_until(lambda: _code(machine, path) == code, 15, f"{path} answers {code}")


def test_pages_come_and_go_with_the_configuration(machine: Machine) -> None:
    assert _code(machine, "/livez") == "000"
    kit.configure(machine, kit.mount("one"), http=ADDRESS)
    kit.wait_ok(machine, "one")
    _wait(machine, "/readyz", "200")
    shown = json.loads(machine.run(f"curl -s http://{ADDRESS}/status.json").stdout)
    assert [(mount["name"], mount["health"]) for mount in shown["mounts"]] == [("one", "ok")]
    metrics = machine.run(f"curl -s http://{ADDRESS}/metrics").stdout
    assert re.search(r'^s3mountd_mount_ok\{.*"one".*\} 1', metrics, re.MULTILINE), metrics
    said = machine.run(["systemd-analyze", "security", "--no-pager", UNIT]).stdout
    found = re.search(r"Overall exposure level for .*: ([\d.]+)", said)
    assert found is not None and float(found[1]) <= 1.5, said
    kit.configure(machine, kit.mount("one"))
    _wait(machine, "/livez", "000")


def test_a_mount_that_fails_is_not_ready(machine: Machine) -> None:
    kit.configure(machine, kit.mount("one"), kit.mount("lost", bucket="bucket-nobody"), http=ADDRESS)
    kit.wait_ok(machine, "one")
    kit.wait_for(machine, "lost", state="failed")
    _wait(machine, "/readyz", "503")
    assert (_code(machine, "/readyz?mount=one"), _code(machine, "/readyz?mount=lost")) == ("200", "503")
    assert _code(machine, "/livez") == "200"


def test_a_daemon_that_hangs_is_not_alive(machine: Machine) -> None:
    kit.configure(machine, kit.mount("one"), http=ADDRESS)
    _wait(machine, "/livez", "200")
    pid = int(kit.show(machine, "s3mountd.service", "MainPID"))
    machine.run(["kill", "-STOP", str(pid)])
    try:
        assert machine.run(f"grep -q '^State:.T' /proc/{pid}/status", check=False).returncode == 0
        _wait(machine, "/livez", "503")
    finally:
        machine.run(["kill", "-CONT", str(pid)])
    _wait(machine, "/livez", "200")

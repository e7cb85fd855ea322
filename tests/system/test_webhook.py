"""The webhook: told in order, again when it fails, and its URL is nowhere to be seen."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.machine import Machine
from tests.machine.kit import ENDPOINT
from tests.system import kit

pytestmark = pytest.mark.once("13")

PORT = 9780
SECRET = "planted-secret-T0B0xyz"
URL = f"http://127.0.0.1:{PORT}/services/{SECRET}?token={SECRET}"
UNIT = "s3mountd-webhook.service"
_RECEIVER = (Path(__file__).parent / "receiver.py").read_text()


@contextmanager
def _receiver(machine: Machine, tmp_path: Path, failures: int) -> Iterator[Path]:
    """The server inside; the file has what it prints."""
    log = tmp_path / "got"
    with log.open("wb") as out:
        process = machine.popen([kit.PYTHON, "-c", _RECEIVER, str(PORT), str(failures)], stdout=out,
                                stderr=subprocess.STDOUT)
    try:
        machine.wait_until(lambda: "listening" in log.read_text(), 10, "the receiver listens")
        yield log
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _requests(log: Path) -> list[kit.Document]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def _told(log: Path) -> list[kit.Document]:
    """What was accepted."""
    return [one["body"] for one in _requests(log) if one["status"] == 200]


def _configure(machine: Machine, *names: str) -> None:
    machine.write("/root/.aws/credentials", kit.KEYS, 0o600)
    machine.write(kit.CONFIG, kit.toml([kit.mount(name, grace="1s") for name in names], webhook=URL), 0o600)
    machine.run("s3mountctl reload --no-wait")


def _everything_shown(machine: Machine) -> str:
    """All that anybody, root included, could read of it outside of the file and of memory."""
    return machine.run("""
cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'
systemctl show '*'
journalctl --no-pager --output=json
s3mountctl status --json; s3mountctl plan --json; s3mountctl check
cat /run/s3mountd/*.json /run/s3mountd/mounts/* /run/systemd/transient/*
""", check=False, timeout=120).stdout


def test_told_again_in_order_and_without_a_trace_of_the_url(machine: Machine, tmp_path: Path) -> None:
    with _receiver(machine, tmp_path, failures=2) as log:
        _configure(machine, "one", "two")
        ones = kit.wait_ok(machine, "one", "two")
        machine.run("systemctl stop weed.service")
        for one in ones:
            kit.kill(machine, one["pid"])

        def events(event: str) -> set[str]:
            return {told["mount"]["name"] for told in _told(log) if told["event"] == event}

        machine.wait_until(lambda: events("outage") == {"one", "two"}, 30, "both outages are told")
        assert machine.run("cat /srv/one/hello.txt", check=False).returncode != 0, "there is no outage"
        machine.run("systemctl start weed.service && s3mountctl start one && s3mountctl start two")
        machine.wait_until(lambda: events("recovery") == {"one", "two"}, 30, "both recoveries are told")
        requests = _requests(log)
        assert [one["status"] for one in requests][:3] == [503, 503, 200]
        assert requests[0]["body"] == requests[1]["body"] == requests[2]["body"], "it was not told again"
        assert all(one["type"] == "application/json" and SECRET in one["path"] for one in requests)
        for name in ("one", "two"):
            mine = [told for told in _told(log) if told["mount"]["name"] == name]
            assert [told["at"] for told in mine] == sorted(told["at"] for told in mine)
            loud = [told["event"] for told in mine if told["event"] != "change"]
            # A store that has just come up may fail once more: another outage, with its own recovery.
            assert loud == ["outage", "recovery"] * (len(loud) // 2), loud
        pid = kit.show(machine, UNIT, "MainPID")
        assert pid != "0", "the process that posts has gone, and with it what could be looked at"
        shown = _everything_shown(machine)
        assert UNIT in shown and '"schema":1' in shown
        assert SECRET not in shown
        said = machine.run(["systemd-analyze", "security", "--no-pager", UNIT]).stdout
        found = re.search(r"Overall exposure level for .*: ([\d.]+)", said)
        print(f"exposure of the process that posts: {found and found[1]}, "
              + machine.run(f"grep VmRSS /proc/{pid}/status").stdout.strip())
        assert found is not None and float(found[1]) <= 1.5, said


def test_a_webhook_that_refuses_is_one_line_without_the_url(machine: Machine, tmp_path: Path) -> None:
    machine.write("/root/.aws/credentials", kit.KEYS, 0o600)
    # The store of the machine is a server that takes no such post.
    url = f"{ENDPOINT}/{SECRET}/x?uploads={SECRET}"
    machine.write(kit.CONFIG, kit.toml([kit.mount("one")], webhook=url), 0o600)
    machine.run("s3mountctl reload --no-wait")
    kit.wait_ok(machine, "one")

    def said() -> list[str]:
        return [line for line in machine.journal("-o", "cat").splitlines() if "the webhook at" in line]

    machine.wait_until(said, 20, "the refusal is said")
    assert re.fullmatch(r"one: the webhook at 127\.0\.0\.1 was not told: it answered 4\d\d", said()[0]), said()
    machine.run("s3mountctl stop one")
    kit.wait_for(machine, "one", state="stopped")
    assert len(said()) == 1
    machine.write(kit.CONFIG, kit.toml([]))
    machine.run("s3mountctl reload --no-wait")
    journal = machine.journal("-o", "json")
    assert SECRET not in "\n".join(line for line in journal.splitlines() if '"s3mountd' in line)


def test_everybody_can_read_the_file_is_a_note(machine: Machine) -> None:
    machine.write(kit.CONFIG, kit.toml([], webhook=URL), 0o644)
    ran = machine.run("s3mountctl check")
    assert f"chmod 600 {kit.CONFIG}" in " ".join(ran.stderr.split())
    assert SECRET not in ran.stdout + ran.stderr
    machine.run(["chmod", "600", kit.CONFIG])
    assert machine.run("s3mountctl check").stderr == ""


def test_a_wrong_url_is_refused_and_not_repeated(machine: Machine) -> None:
    machine.write(kit.CONFIG, kit.toml([], webhook=f"https://rob:{SECRET}@hooks.example.org/"), 0o600)
    ran = machine.run("s3mountctl reload", check=False)
    assert ran.returncode != 0
    assert "must not carry a user or a password" in " ".join(ran.stderr.split())
    assert SECRET not in _everything_shown(machine)

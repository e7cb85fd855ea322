"""`s3mountctl check-health` as a monitoring system runs it: as nobody in particular, by exit status and first line."""

from __future__ import annotations

import re

import pytest

from tests.machine import Machine
from tests.machine.inside import Result
from tests.system import kit

pytestmark = pytest.mark.once("13")


def _check(machine: Machine, *words: str) -> Result:
    return machine.run(["s3mountctl", "check-health", *words], user="rob", check=False)


def test_exit_statuses_and_figures(machine: Machine) -> None:
    kit.configure(machine, kit.mount("one"), kit.mount("two", "bucket-two"))
    kit.wait_ok(machine, "one", "two")
    ran = _check(machine)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("S3MOUNTD OK - 2 mounts, 2 ok | mounts=2;;;0 ok=2;;;0 idle=0;;;0 'one restarts'=0c ")
    assert re.search(r"'one probe_age'=[\d.]+s;;;0 'one availability'=100.0000%;;;0;100 'two restarts'=0c", ran.stdout)
    machine.run("s3mountctl stop two")
    assert [_check(machine, *names).returncode for names in ((), ("one",), ("two",))] == [0, 0, 1]
    kit.configure(machine, kit.mount("one"), kit.mount("two", "bucket-two"), kit.mount("lost", "bucket-nobody"))
    kit.wait_for(machine, "lost", state="failed")
    ran = _check(machine)
    assert ran.returncode == 2
    assert ran.stdout.startswith("S3MOUNTD CRITICAL - 3 mounts, 1 ok, 1 not in use | ")
    assert "\nlost (failed): there is no bucket bucket-nobody at " in ran.stdout
    unknown = _check(machine, "nobody")
    assert (unknown.returncode, unknown.stderr) == (3, "")
    assert unknown.stdout.startswith("S3MOUNTD UNKNOWN - there is no mount called 'nobody'")


def test_without_a_daemon_nothing_is_known(machine: Machine) -> None:
    machine.run("systemctl stop s3mountd.service")
    ran = _check(machine)
    assert ran.returncode == 3
    assert ran.stdout == "S3MOUNTD UNKNOWN - the daemon does not answer on D-Bus: s3mountd is not running\n"

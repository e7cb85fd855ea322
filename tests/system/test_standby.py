"""A second worker beside the one that serves: it takes over in milliseconds, and costs what it says."""

from __future__ import annotations

import statistics

import pytest

from tests.bench import rig
from tests.machine import Machine
from tests.system import kit

KILLS = 20
SPELL = 2.1
"""Seconds that a worker serves before it is killed."""
SANE = 0.5
"""Seconds that no take-over costs, however busy this machine is; the goal of 0.05 is held by `make bench`."""


def _ready(machine: Machine, name: str, timeout: float = 20) -> kit.Document:
    return kit.wait_for(machine, name, timeout, state="mounted", health="ok", standby=True)


def test_a_standby_takes_over_from_a_killed_worker_in_milliseconds(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    rig.prepare(machine)
    folders = rig.mounted(machine, 1, "standby = true\n")
    found = rig.gauge(machine, "kills", folders=folders, cycles=KILLS, spell=SPELL, standby=True)
    gap, cold = statistics.median(found["gaps"]), statistics.median(found["cold"])
    looker, reader = found["seen"]["looker"], found["seen"]["reader"]
    with capsys.disabled():
        print(f"\n    {KILLS} kills: gap {gap * 1000:.0f} ms (max {max(found['gaps']) * 1000:.0f}), {gap / cold:.2f} x "
              f"a bare cold start of {cold * 1000:.0f} ms; {looker['good']} looks, {reader['good']} reads", end=" ")
    assert found["killed"] == KILLS
    assert (looker["bare"], reader["bare"], found["beneath"]) == (0, 0, [])
    assert kit.look(machine, "m0")["restarts"] == KILLS
    assert gap < min(SANE, cold), "a worker that has begun already is there sooner than one that has to start"


@pytest.mark.once
def test_the_worker_that_takes_over_is_the_standby_and_another_one_stands_by(machine: Machine) -> None:
    kit.configure(machine, kit.mount("pair", standby=True, grace=0))
    one = _ready(machine, "pair")
    [(unit, pid)] = kit.standbys(machine).items()
    assert one["standby_unit"] == unit and list(kit.workers(machine)) == [one["unit"]]
    kit.kill(machine, one["pid"])
    again = kit.wait_for(machine, "pair", 5, state="mounted", health="ok", restarts=1)
    assert (again["unit"], again["pid"]) == (unit, pid)
    assert again["last_outage"]["code"] == "worker-crashed"
    assert _ready(machine, "pair")["standby_unit"] not in (unit, one["unit"], "")
    shown = machine.run("s3mountctl status pair").stdout
    assert "ready" in shown and "MB of memory (RSS)" in shown


@pytest.mark.once
def test_a_standby_comes_and_goes_with_the_configuration_and_the_worker_stays(machine: Machine) -> None:
    kit.configure(machine, kit.mount("asked"))
    [one] = kit.wait_ok(machine, "asked")
    kit.configure(machine, kit.mount("asked", standby=True))
    _ready(machine, "asked")
    [beside] = kit.standbys(machine).values()
    kit.configure(machine, kit.mount("asked"))
    assert kit.wait_for(machine, "asked", 5, standby=False)["pid"] == one["pid"]
    machine.wait_until(lambda: not kit.alive(machine, beside), 5, "the standby is gone")
    assert kit.look(machine, "asked")["restarts"] == 0


@pytest.mark.once
def test_a_standby_that_dies_is_replaced_and_nobody_notices(machine: Machine) -> None:
    kit.configure(machine, kit.mount("calm", standby=True))
    one = _ready(machine, "calm")
    [(unit, beside)] = kit.standbys(machine).items()
    with kit.hammer(machine, "/srv/calm") as met:
        kit.kill(machine, beside)
        machine.wait_until(lambda: unit not in kit.standbys(machine), 5, "its death is known")
        again = _ready(machine, "calm")
    assert (again["pid"], again["restarts"], again["last_outage"]) == (one["pid"], 0, None)
    assert met.errors == {} and met.bare == 0 and met.reads > 0


@pytest.mark.once
def test_a_standby_that_cannot_come_up_is_tried_less_and_less_often(machine: Machine) -> None:
    with kit.standin(machine, bucket_one={}):
        kit.configure(machine, kit.mount("alone", standby=True))
        one = kit.wait_for(machine, "alone", state="mounted", health="ok")
        kit.misbehave(machine, bucket_one={"die_before_init": True})
        for pid in kit.standbys(machine).values():
            machine.run(["kill", "-KILL", str(pid)], check=False)
        machine.wait_until(lambda: "no standby" in machine.journal("-u", "s3mountd", "-o", "cat"), 10, "it is told")
        shown = kit.look(machine, "alone")
        assert (shown["pid"], shown["state"], shown["standby"]) == (one["pid"], "mounted", False)

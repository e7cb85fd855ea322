"""Workers killed a hundred times under a reader and a writer; twenty mounts at a boot.

What must never happen is asserted. Figures are printed as ratios to bare mount-s3 in the same run, and only bounded
generously: this machine may be busy with something else (`make bench` holds them against the goals).
"""

from __future__ import annotations

import statistics
import time

import pytest

from tests.bench import rig
from tests.machine import Machine

KILLS = {"12": 100, "13": 20}
FOLDERS = 5
SPELL = 2.1
"""Seconds that a worker serves before it is killed: mountd.core.backoff.STABLE_SECONDS and a bit."""

MANY = 20
SANE = 10.0
"""No ratio of a machine that works is larger, however busy it is."""

LOOK = """
import json, time
from gauge import kills, polling
with polling.Crowd(["/srv/none"]) as crowd:
    time.sleep(0.3)
print(json.dumps([vars(crowd.seen["looker"]), kills.beneath(["/srv/none"])]))
"""


def shown(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """A figure is for whoever watches the run."""
    with capsys.disabled():
        print(f"\n    {text}", end=" ", flush=True)


def test_no_kill_lets_anybody_onto_the_bare_folder(
    machine: Machine, release: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rig.prepare(machine)
    folders = rig.mounted(machine, FOLDERS)
    found = rig.gauge(machine, "kills", folders=folders, cycles=KILLS[release], spell=SPELL)
    gap, cold = statistics.median(found["gaps"]), statistics.median(found["cold"])
    looker, reader, writer = (found["seen"][user] for user in ("looker", "reader", "writer"))
    shown(capsys, f"{found['killed']} kills: gap {gap * 1000:.0f} ms (max {max(found['gaps']) * 1000:.0f}), "
                  f"{gap / cold:.2f} x a bare cold start of {cold * 1000:.0f} ms; "
                  f"{looker['good']} looks, {reader['good']} reads, {writer['good']} writes, "
                  f"{reader['refused']} + {writer['refused']} refused")
    assert found["killed"] == len(found["gaps"]) == KILLS[release]
    assert (looker["bare"], reader["bare"], found["beneath"]) == (0, 0, [])
    assert reader["good"] > 10 * KILLS[release] and writer["good"] > KILLS[release], "the folders were in use"
    assert reader["refused"] + writer["refused"] > 0, "somebody noticed that workers died"
    assert gap / cold < SANE


def test_what_tells_the_bare_folder_from_a_mount_does_tell(machine: Machine) -> None:
    """The judge of the test above, before a folder without any mount."""
    rig.prepare(machine)
    machine.run("mkdir -p /srv/none && touch /srv/none/hello.txt")
    answer = machine.run(["/usr/bin/python3", "-c", LOOK], env={"PYTHONPATH": rig.INSIDE}).stdout
    assert '"good": 0' in answer and '"bare": 0' not in answer and "written-1" in answer
    machine.run("rm -r /srv/none")


def test_many_mounts_are_up_soon_and_cost_little(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    rig.prepare(machine)
    folders = rig.mounted(machine, MANY)
    found = rig.gauge(machine, "many", folders=folders, rounds=3)
    ours, bare, memory = statistics.median(found["ours"]), statistics.median(found["bare"]), found["memory"]
    shown(capsys, f"{MANY} mounts up {ours:.2f} s after the daemon's start, {ours / bare:.2f} x {MANY} bare ones in "
                  f"parallel ({bare:.2f} s); RSS {memory['daemon_rss']:.1f} MB, with the helper "
                  f"{memory['daemon_rss'] + memory['helper_rss']:.1f} MB (PSS {memory['daemon_pss']:.1f}, "
                  f"{memory['daemon_pss'] + memory['helper_pss']:.1f}); status {found['status'] * 1000:.0f} ms, with "
                  f"a stopped worker {found['status_stopped'] * 1000:.0f} ms; adopted in "
                  f"{found['adopted']['seconds']:.2f} s")
    assert found["adopted"]["same"], "a new daemon touched a worker"
    assert memory["daemon_rss"] < 60
    assert found["status_stopped"] < 5 * found["status"] + 0.3, "a stopped worker must not hold up status"
    assert ours / bare < SANE


def test_many_mounts_come_back_after_a_reboot_that_nobody_holds_up(
    own_machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    rig.prepare(own_machine)
    folders = rig.mounted(own_machine, MANY)
    began = time.monotonic()
    own_machine.reboot()
    booted = time.monotonic() - began
    names = " ".join(f"m{number}" for number in range(MANY))
    own_machine.run(f"s3mountctl wait --timeout 60s {names}", timeout=90)
    up = time.monotonic() - began
    shown(capsys, f"down and booted in {booted:.1f} s, all {MANY} mounts back after {up:.1f} s")
    own_machine.run(["sh", "-ec", 'for folder; do grep -q hello "$folder/hello.txt"; done', "read", *folders])
    before = own_machine.run("journalctl --boot=-1 --no-pager").stdout
    assert "System is rebooting" in before
    assert [line for line in before.splitlines() if "ordering cycle" in line or "timed out. Killing" in line] == []

"""Outages as they are remembered: what counts as one, through daemon restarts, reboots and removals."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from tests.machine import Machine
from tests.system import kit
from tests.system.kit import Document

pytestmark = pytest.mark.once("13")

OFF = "systemctl stop weed.service; ! systemctl is-active --quiet weed.service"


def _history(machine: Machine, name: str) -> Document:
    """The one mount of the history document, as everybody may read it."""
    out = machine.run(f"s3mountctl history --json {name}", user="rob").stdout
    [one] = json.loads(out)["mounts"]
    return dict(one)


def _seconds(outage: Document) -> float:
    return (datetime.fromisoformat(outage["to"]) - datetime.fromisoformat(outage["from"])).total_seconds()


def _crash(machine: Machine, name: str, **wanted: object) -> Document:
    """Kill its worker; gives its status once it is as wanted."""
    kit.kill(machine, kit.look(machine, name)["pid"])
    return kit.wait_for(machine, name, 20, code=None, **wanted)


def test_a_crash_is_a_blip_or_an_outage_as_grace_says(machine: Machine) -> None:
    kit.configure(machine, kit.mount("strict", grace=0), kit.mount("calm", "bucket-two"))
    kit.wait_ok(machine, "strict", "calm")
    assert _history(machine, "strict")["outages"] == []
    for name in ("strict", "calm"):
        _crash(machine, name, state="mounted", health="ok", restarts=1)
    [strict], [calm] = (_history(machine, name)["outages"] for name in ("strict", "calm"))
    for one in (strict, calm):
        assert (one["code"], one["done"]) == ("worker-crashed", "new worker")
        assert 0 < one["seconds"] < 5
        assert abs(one["seconds"] - _seconds(one)) < 0.002, "times are shown to the millisecond"
    assert (strict["blip"], calm["blip"]) == (False, True)
    assert kit.look(machine, "strict")["last_outage"]["from"] == strict["from"]
    assert kit.look(machine, "calm")["last_outage"] is None
    assert _history(machine, "strict")["availability"]["24h"] < 1 == _history(machine, "calm")["availability"]["24h"]
    shown = machine.run("s3mountctl history").stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "worker-crashed  new worker" in shown
    assert "and 1 blip" in shown


def test_an_outage_passes_for_one_when_grace_is_over_and_goes_on_over_a_restart_of_the_daemon(machine: Machine) -> None:
    kit.configure(machine, kit.mount("one", grace="2s", start_timeout="2s"))
    kit.wait_ok(machine, "one")
    machine.run(OFF)
    _crash(machine, "one", health="down")
    machine.wait_until(lambda: kit.look(machine, "one")["last_outage"], 5, "it passes for an outage")
    assert kit.look(machine, "one")["last_outage"]["to"] is None
    [before] = _history(machine, "one")["outages"]
    machine.run("systemctl restart s3mountd.service")
    kit.wait_for(machine, "one", state="waiting")
    machine.run("systemctl start weed.service && s3mountctl start --no-wait one")
    kit.wait_ok(machine, "one")
    [after] = _history(machine, "one")["outages"]
    assert (after["from"], after["blip"]) == (before["from"], False)
    assert 2 < after["seconds"] <= _seconds(after)


def test_a_store_that_is_away_under_a_live_worker_is_an_outage_without_a_new_worker(machine: Machine) -> None:
    check = {"interval": "5s", "timeout": "2s", "failures": 1}
    kit.configure(machine, kit.mount("one", grace=0, check=check))
    [one] = kit.wait_ok(machine, "one")
    machine.run(OFF)
    sick = kit.wait_for(machine, "one", 30, state="mounted", health="degraded")
    assert sick["last_outage"]["to"] is None
    machine.run("systemctl start weed.service")
    well = kit.wait_for(machine, "one", 30, state="mounted", health="ok")
    assert (well["unit"], well["restarts"]) == (one["unit"], 0)
    [outage] = _history(machine, "one")["outages"]
    # Refused connections at first, then checks that the worker does not answer: it is called by what took longer.
    assert outage["code"] in (sick["reason"]["code"], "no-answer")
    assert outage["done"] == "came back by itself"
    assert f"{outage['code']}  came back by itself" in machine.run("s3mountctl history one").stdout


def test_what_an_operator_takes_away_is_no_outage(machine: Machine) -> None:
    kit.configure(machine, kit.mount("one", grace=0))
    kit.wait_ok(machine, "one")
    machine.run("s3mountctl stop one && s3mountctl start one && s3mountctl restart one")
    assert _history(machine, "one")["outages"] == []
    assert _history(machine, "one")["availability"]["24h"] == 1


def test_a_mount_that_is_removed_is_remembered_by_its_name(machine: Machine) -> None:
    kit.configure(machine, kit.mount("gone", grace=0), kit.mount("here", "bucket-two"))
    kit.wait_ok(machine, "gone", "here")
    _crash(machine, "gone", state="mounted", health="ok", restarts=1)
    [crash] = _history(machine, "gone")["outages"]
    kit.configure(machine, kit.mount("here", "bucket-two"))
    machine.wait_until(lambda: kit.mounts_on(machine, "/srv/gone") == [], 10, "it is away")
    machine.wait_until(lambda: _history(machine, "gone")["outages"] == [crash], 5, "its history is on disk")
    assert "gone" not in machine.run("s3mountctl history").stdout
    unknown = machine.run("s3mountctl history never", check=False)
    assert (unknown.returncode, unknown.stdout) == (64, "")
    kit.configure(machine, kit.mount("gone", grace=0), kit.mount("here", "bucket-two"))
    kit.wait_ok(machine, "gone")
    assert _history(machine, "gone")["outages"] == [crash]


def test_history_survives_a_reboot_and_a_power_cut(own_machine: Machine) -> None:
    machine = own_machine
    kit.configure(machine, kit.mount("well", "bucket-two", grace=0), kit.mount("out", grace=0, start_timeout="2s"))
    kit.wait_ok(machine, "well", "out")
    _crash(machine, "well", state="mounted", health="ok", restarts=1)
    [crash] = _history(machine, "well")["outages"]
    machine.run("systemctl disable --quiet weed.service; " + OFF)
    _crash(machine, "out", health="down")
    [lasting] = _history(machine, "out")["outages"]
    assert lasting["to"] is None
    kept = "/var/lib/s3mountd/history/out.json"
    machine.wait_until(lambda: json.loads(machine.read(kept))["open"] is not None, 5, "it is on disk")
    machine.run("sync")
    boot = machine.read("/proc/sys/kernel/random/boot_id")
    machine.power_cut()
    machine.boot()
    assert machine.read("/proc/sys/kernel/random/boot_id") != boot
    machine.run("systemctl enable --quiet --now weed.service && s3mountctl start well out", check=False)
    kit.wait_ok(machine, "well", "out", timeout=30)
    [ended] = _history(machine, "out")["outages"]
    assert (ended["from"], ended["done"]) == (lasting["from"], "reboot")
    assert 0 < ended["seconds"] < _seconds(ended), "the time without power counts"
    machine.reboot()
    kit.wait_ok(machine, "well", "out", timeout=30)
    # A store that comes up later than the daemon may be one, and has its code; the boot alone is none.
    first, *more = _history(machine, "out")["outages"]
    assert first["from"] == lasting["from"]
    assert all(one["code"] for one in more), more
    assert crash in _history(machine, "well")["outages"]

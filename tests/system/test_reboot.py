"""Mounts after a reboot, after a power cut, and before their store is there."""

from __future__ import annotations

import re
import time

from tests.machine import Machine
from tests.system import kit

GOOD = {"one": "bucket-one", "two": "bucket-two", "three": "bucket-three", "again": "bucket-one"}


def _five(machine: Machine) -> None:
    """Four mounts that can come and one that cannot, proven to be so."""
    mounts = [kit.mount(name, bucket) for name, bucket in GOOD.items()]
    kit.configure(machine, *mounts, kit.mount("never", "bucket-nowhere"))
    kit.wait_ok(machine, *GOOD)
    kit.wait_for(machine, "never", state="failed", code="bucket-missing")


def _back(machine: Machine) -> None:
    """All four are there again, the fifth says why it is not, and nothing was written below."""
    kit.wait_ok(machine, *GOOD)
    kit.wait_for(machine, "never", state="failed", code="bucket-missing")
    for name, bucket in GOOD.items():
        assert machine.read(f"/srv/{name}/hello.txt") == f"hello from {bucket}\n"
    touched = machine.run("touch /srv/never/x", check=False)
    assert "endpoint is not connected" in touched.stderr
    assert [path for name in (*GOOD, "never") for path in kit.beneath(machine, f"/srv/{name}")] == []


def test_a_mount_that_cannot_come_holds_neither_boot_nor_the_others(own_machine: Machine) -> None:
    _five(own_machine)
    boot = own_machine.read("/proc/sys/kernel/random/boot_id")
    own_machine.reboot()
    assert own_machine.read("/proc/sys/kernel/random/boot_id") != boot
    assert own_machine.failed_units == ()
    assert own_machine.run("systemctl is-system-running").stdout == "running\n"
    shutdown = own_machine.journal("-b", "-1", "-u", "s3mountd", "-u", "s3mount-*")
    assert "Stopped s3mountd.service" in shutdown
    sick = [line for line in shutdown.splitlines() if "Failed with" in line or "timed out" in line]
    assert [line for line in sick if "s3mount-never-" not in line] == []
    _back(own_machine)
    took = own_machine.run("systemd-analyze").stdout
    blame = own_machine.run("systemd-analyze blame --no-pager | grep s3mountd.service").stdout.strip()
    print(f"{took.splitlines()[0]}; of it {blame}")
    found = re.search(r"(?:(\d+)s|([\d.]+)s|(\d+)ms) s3mountd.service", blame)
    assert found is not None and "min" not in blame
    assert float(found[1] or found[2] or 0) < 3.0, "boot waited for mounts"


def test_a_power_cut_is_survived(own_machine: Machine) -> None:
    _five(own_machine)
    own_machine.run("s3mountctl stop two; sync")
    with kit.opened(own_machine, "/srv/one/half", "w") as writer:
        assert writer.ask("write", 9 << 20) == "ok"
        own_machine.power_cut()
    own_machine.boot()
    assert own_machine.failed_units == ()
    assert kit.wait_for(own_machine, "two", state="stopped")["pid"] == 0
    own_machine.run("s3mountctl start two")
    _back(own_machine)
    assert own_machine.run("ls /srv/one/half", check=False).returncode != 0, "half a file was stored"


def test_a_store_that_comes_up_late_is_waited_for_without_a_person(own_machine: Machine) -> None:
    mounts = [kit.mount(name, bucket, start_timeout="3s") for name, bucket in GOOD.items()]
    kit.configure(own_machine, *mounts)
    kit.wait_ok(own_machine, *GOOD)
    own_machine.run("systemctl disable --quiet weed.service")
    own_machine.reboot()
    assert own_machine.run("systemctl is-system-running").stdout == "running\n"
    assert own_machine.run("systemctl is-active weed", check=False).stdout == "inactive\n"
    for name in GOOD:
        kit.wait_for(own_machine, name, state="waiting", health="down")
        assert "not connected" in own_machine.run(f"ls /srv/{name}", check=False).stderr
        assert kit.beneath(own_machine, f"/srv/{name}") == []
    own_machine.run("systemctl start weed.service")
    kit.wait_ok(own_machine, *GOOD, timeout=15)


def test_a_worker_that_cannot_reach_its_store_holds_up_no_shutdown(own_machine: Machine) -> None:
    away = kit.mount("away", endpoint_url="http://127.0.0.1:9999")
    kit.configure(own_machine, away)
    own_machine.wait_until(lambda: any("away" in unit for unit in kit.workers(own_machine)), 10, "a worker that starts")
    began = time.monotonic()
    own_machine.reboot()
    lasted = time.monotonic() - began
    print(f"reboot with a worker that is starting: {lasted:.1f} s")
    # mount-s3 itself would try for half a minute and longer before it ends.
    assert lasted < 25

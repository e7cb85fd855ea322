"""Memory and caches of workers. No machine here has a memory controller: unit tests show what is said of its kills."""

from __future__ import annotations

import re

import pytest

from mountd.core.shares import share
from tests.machine import Machine
from tests.system import kit

pytestmark = pytest.mark.once


def _target(machine: Machine, pid: int) -> int:
    """MiB that the worker was told to plan with, 0 when it was told nothing."""
    found = re.search(r"--memory-target=(\d+)", machine.run(f"tr '\\0' ' ' </proc/{pid}/cmdline").stdout)
    return int(found[1]) if found else 0


def _memory(machine: Machine) -> int:
    pages, size = machine.run("getconf _PHYS_PAGES; getconf PAGE_SIZE").stdout.split()
    return int(pages) * int(size) >> 20


def test_workers_share_half_of_the_memory_and_a_new_mount_restarts_nobody(machine: Machine) -> None:
    total = _memory(machine)
    one, two, own = kit.mount("one"), kit.mount("two", "bucket-two"), kit.mount("own", memory_target=600)
    kit.configure(machine, one)
    [first] = kit.wait_ok(machine, "one")
    assert _target(machine, first["pid"]) == share(total, 1)
    kit.configure(machine, one, two, own)
    again, second, third = kit.wait_ok(machine, "one", "two", "own")
    assert again["pid"] == first["pid"]
    assert (_target(machine, second["pid"]), _target(machine, third["pid"])) == (share(total, 3), 600)


def test_limits_are_those_of_the_unit_and_a_change_of_them_needs_a_new_worker(machine: Machine) -> None:
    kit.configure(machine, kit.mount("held", memory_high=700, memory_max=900))
    [one] = kit.wait_ok(machine, "held")
    shown = {name: kit.show(machine, one["unit"], name) for name in ("MemoryHigh", "MemoryMax", "OOMPolicy")}
    assert shown == {"MemoryHigh": str(700 << 20), "MemoryMax": str(900 << 20), "OOMPolicy": "stop"}
    assert machine.read(f"/proc/{one['pid']}/oom_score_adj").strip() == "100"
    assert _target(machine, one["pid"]) == share(_memory(machine), 1, 700, 900) < 700
    kit.configure(machine, kit.mount("held", memory_max=900))
    machine.wait_until(lambda: kit.look(machine, "held")["unit"] not in ("", one["unit"]), 20, "a new worker")
    kit.wait_ok(machine, "held")


def test_a_full_disk_under_a_cache_is_named_and_the_bucket_serves_all_the_same(machine: Machine) -> None:
    machine.run("mkdir -p /srv/disk && mount -t tmpfs -o size=2m small /srv/disk")
    try:
        machine.run("head -c 2000000 /dev/zero >/srv/disk/theirs")
        kit.configure(machine, kit.mount("cached", cache="/srv/disk"))
        kit.wait_ok(machine, "cached")
        assert machine.read("/srv/cached/hello.txt").startswith("hello")
        said = machine.journal("-u", "s3mountd", "-o", "cat")
        assert "cached: less than 5 % of the disk of /srv/disk is free" in said
        kit.configure(machine)
        machine.wait_until(lambda: not machine.run("ls /srv/disk/s3mountd").stdout, 10, "the cache folder is swept")
    finally:
        machine.run("umount --lazy /srv/disk")


def test_caches_that_a_power_cut_left_are_swept_also_of_mounts_that_are_no_more(machine: Machine) -> None:
    both = [kit.mount(name, cache="/srv") for name in ("stays", "goes")]
    kit.configure(machine, *both)
    kit.wait_ok(machine, "stays", "goes")
    machine.run("systemctl stop s3mountd")
    for pid in kit.running(machine).values():
        machine.run(["kill", "-KILL", str(pid)], check=False)
    machine.wait_until(lambda: not kit.running(machine), 5, "nobody is left")
    left = set(machine.run("ls /srv/s3mountd").stdout.split())
    assert len(left) >= 2, "nobody was there to sweep them"
    machine.run("touch -d '2 hours ago' /srv/s3mountd/goes-*")
    machine.write(kit.CONFIG, kit.toml(both[:1]))
    machine.run("systemctl start s3mountd")
    kit.wait_ok(machine, "stays")
    machine.wait_until(lambda: not left & set(machine.run("ls /srv/s3mountd").stdout.split()), 5, "they are swept")
    assert machine.read("/srv/stays/hello.txt").startswith("hello")

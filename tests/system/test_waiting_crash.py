"""Crashes with when_away = "wait": nobody sees a bare or an empty folder, and whoever comes is served."""

from __future__ import annotations

import subprocess

import pytest

from tests.machine import Machine
from tests.system import kit
from tests.system.callers import away, called_for, waiting_mount

HELLO = "hello from bucket-one\n"
OLD_KERNEL = "[Service]\nEnvironment=S3MOUNTD_SWAP=detach\n"
# Reads again and again; says of what went wrong how often, and how long folders were not connected at the longest.
READ_ON = """
import errno, sys, time
path, end, wrong, longest, began, last = sys.argv[1], time.monotonic() + float(sys.argv[2]), {}, 0.0, None, 0.0
while time.monotonic() < end:
    try:
        with open(path) as file:
            said = "good" if file.read().startswith("hello") else "wrong bytes"
        began = None
    except OSError as error:
        said, now = errno.errorcode[error.errno], time.monotonic()
        began = began or now
        longest = max(longest, now - began)
    wrong[said] = wrong.get(said, 0) + 1
print(wrong, longest)
"""


@pytest.fixture(params=["beneath", "detach"])
def swap(machine: Machine, request: pytest.FixtureRequest) -> str:
    """Both ways to exchange a mount, as in test_guard_swap."""
    if request.param == "detach":
        machine.write("/run/systemd/system/s3mountd.service.d/swap.conf", OLD_KERNEL)
        machine.run("systemctl daemon-reload && systemctl restart s3mountd.service")
    return str(request.param)


@pytest.mark.parametrize("spare", [True, False])
def test_after_a_crash_callers_wait_and_never_see_the_bare_folder(machine: Machine, swap: str, spare: bool) -> None:
    kit.configure(machine, waiting_mount("crashed", allow_delete=True))
    [one] = kit.wait_ok(machine, "crashed")
    if spare:
        machine.wait_until(lambda: kit.spares(machine), 5, "a spare waits")
    reading = machine.popen([kit.PYTHON, "-c", READ_ON, "/srv/crashed/hello.txt", "3"], stdout=subprocess.PIPE)
    with kit.hammer(machine, "/srv/crashed", readers=1, writers=1) as met:
        kit.kill(machine, one["pid"])
        kit.wait_for(machine, "crashed", state="mounted", health="ok", restarts=1)
    one_reader = reading.communicate(timeout=10)[0].decode()
    print(f"{swap}, {'spare' if spare else 'no spare'}: {met}; one reader: {one_reader}")
    assert (met.bare, met.wrong) == (0, 0)
    assert set(met.errors) <= {"ENOTCONN", "ECONNABORTED"}
    assert met.reads > 0
    assert kit.beneath(machine, "/srv/crashed") == []
    assert len(kit.workers(machine)) == 1
    machine.run("find /srv/crashed -name 'hammer-*' -delete")


@pytest.mark.once
def test_a_sync_tool_never_takes_the_folder_for_an_empty_one(machine: Machine) -> None:
    kit.configure(machine, waiting_mount("source", wait_limit="30s"))
    [one] = kit.wait_ok(machine, "source")
    machine.run("rm -rf /root/copy && cp -r /srv/source /root/copy")
    away(machine)
    kit.kill(machine, one["pid"])
    called_for(machine, "source")
    mirror = machine.popen([kit.PYTHON, "-c", MIRROR, "/srv/source", "/root/copy"], stdout=subprocess.PIPE)
    kit.wait_for(machine, "source", state="waiting")
    assert mirror.poll() is None, "it did not wait"
    machine.run("systemctl start weed.service")
    assert mirror.communicate(timeout=30)[0] == b"deleted []\n"
    assert machine.read("/root/copy/hello.txt") == HELLO


# What rsync --delete does with a source: all that is not in it goes.
MIRROR = """
import os, sys
there = os.listdir(sys.argv[1])
gone = [name for name in os.listdir(sys.argv[2]) if name not in there]
for name in gone:
    os.unlink(sys.argv[2] + "/" + name)
print("deleted", gone)
"""

"""A stop that waits for open files, one that does not wait for ever, and ends without the daemon."""

from __future__ import annotations

import base64

import pytest

from tests.machine import Machine
from tests.system import kit

PART = 8 << 20
SLOW = "s3mount-.service.d/slow.conf"

# Keeps a file of the mount open until it is told to stop; then it writes the rest and closes.
WRITER = """
import signal, sys
def finish(*_):
    file.write(b"y" * 1000)
    file.close()
    open("/root/writer-said", "w").write("closed")
    sys.exit(0)
file = open("/srv/closing/late", "wb")
file.write(b"x" * (9 << 20))
file.flush()
signal.signal(signal.SIGTERM, finish)
open("/run/writer-open", "w").close()
signal.pause()
"""
WRITER_UNIT = """[Service]
ExecStart=/usr/bin/python3 /root/writer.py
TimeoutStopSec=30
"""
# The S3 server of a test machine lies in the machine itself: it must outlive the last upload.
WEED_LAST = "[Unit]\nBefore=s3mount.slice\n"


def _length(machine: Machine, key: str, bucket: str = "bucket-one") -> int:
    return int(kit.store(machine, "head_object", Bucket=bucket, Key=key)["ContentLength"])


def _plain(machine: Machine, folder: str) -> bool:
    return kit.mounts_on(machine, folder) == []


def test_a_stop_lets_a_writer_finish(machine: Machine) -> None:
    kit.configure(machine, kit.mount("drained"))
    [one] = kit.wait_ok(machine, "drained")
    with kit.opened(machine, "/srv/drained/slow", "w") as writer:
        assert writer.ask("write", PART + 1) == "ok"
        machine.run("s3mountctl stop --no-wait drained")
        kit.wait_for(machine, "drained", 5, state="draining")
        assert _plain(machine, "/srv/drained")
        assert kit.alive(machine, one["pid"])
        assert writer.ask("write", PART) == "ok"
        assert kit.look(machine, "drained")["state"] == "draining"
        assert writer.ask("close") == "ok"
        kit.wait_for(machine, "drained", 5, state="stopped")
    assert not kit.alive(machine, one["pid"])
    assert kit.workers(machine) == {}
    body = kit.store(machine, "get_object", Bucket="bucket-one", Key="slow")["Body"]
    assert base64.b64decode(body) == b"x" * (2 * PART + 1)
    said = machine.journal("-u", one["unit"])
    assert "SIGKILL" not in said
    assert "Failed with result" not in said


def test_a_writer_that_does_not_finish_is_named_when_it_is_cut_off(machine: Machine) -> None:
    kit.configure(machine, kit.mount("cut", stop_timeout="2s"))
    [one] = kit.wait_ok(machine, "cut")
    with kit.opened(machine, "/srv/cut/never", "w") as writer:
        assert writer.ask("write", 1000) == "ok"
        machine.run("s3mountctl stop cut")
        kit.wait_for(machine, "cut", 6, state="stopped")
        assert not kit.alive(machine, one["pid"])
        said = machine.journal("-u", "s3mountd", "S3MOUNT_NAME=cut")
        line = next(line for line in said.splitlines() if "had not finished" in line)
        assert f"python3 ({writer.pid}) /srv/cut/never" in line
        assert writer.ask("close") == "ENOTCONN"
    kit.wait_for(machine, "cut", state="stopped")
    listing = kit.store(machine, "list_objects_v2", Bucket="bucket-one", Prefix="never")
    assert listing["KeyCount"] == 0, "half a file was stored"


def test_a_new_daemon_goes_on_with_a_drain_and_names_who_is_cut_off(machine: Machine) -> None:
    kit.configure(machine, kit.mount("inherited", stop_timeout="3s"))
    [one] = kit.wait_ok(machine, "inherited")
    with kit.opened(machine, "/srv/inherited/lost", "w") as writer:
        assert writer.ask("write", 1000) == "ok"
        machine.run("s3mountctl stop --no-wait inherited; systemctl restart s3mountd")
        kit.wait_for(machine, "inherited", 5, state="draining")
        assert kit.alive(machine, one["pid"])
        kit.wait_for(machine, "inherited", 10, state="stopped")
        assert not kit.alive(machine, one["pid"])
        said = machine.journal("-u", "s3mountd", "S3MOUNT_NAME=inherited")
        line = next(line for line in said.splitlines() if "had not finished" in line)
        assert f"python3 ({writer.pid}) /srv/inherited/lost" in line


def test_started_again_while_it_drains_it_is_mounted_beside_the_drain(machine: Machine) -> None:
    kit.configure(machine, kit.mount("again"))
    [old] = kit.wait_ok(machine, "again")
    with kit.opened(machine, "/srv/again/begun-before", "w") as writer:
        assert writer.ask("write", 1000) == "ok"
        machine.run("s3mountctl stop --no-wait again")
        kit.wait_for(machine, "again", 5, state="draining")
        machine.run("s3mountctl start again")
        [new] = kit.wait_ok(machine, "again")
        assert kit.alive(machine, old["pid"])
        assert new["pid"] != old["pid"]
        assert (writer.ask("write", 1000), writer.ask("close")) == ("ok", "ok")
    machine.wait_until(lambda: not kit.alive(machine, old["pid"]), 5, "the old worker has ended by itself")
    assert _length(machine, "begun-before") == 2000
    assert kit.look(machine, "again")["pid"] == new["pid"]


def test_what_is_stopped_stays_so_until_it_is_started(own_machine: Machine) -> None:
    kit.configure(own_machine, kit.mount("held"), kit.mount("other", "bucket-two"))
    kit.wait_ok(own_machine, "held", "other")
    own_machine.run("s3mountctl stop held")
    own_machine.run("systemctl restart s3mountd")
    kit.wait_ok(own_machine, "other")
    assert kit.look(own_machine, "held")["state"] == "stopped"
    own_machine.run("s3mountctl reload")
    assert kit.look(own_machine, "held")["state"] == "stopped"
    own_machine.reboot()
    kit.wait_ok(own_machine, "other")
    assert kit.look(own_machine, "held")["state"] == "stopped"
    assert _plain(own_machine, "/srv/held")
    own_machine.run("s3mountctl start held")
    kit.wait_ok(own_machine, "held")
    own_machine.run("systemctl restart s3mountd")
    kit.wait_ok(own_machine, "held", "other")


def test_without_the_daemon_a_worker_detaches_its_own_mount(machine: Machine) -> None:
    kit.configure(machine, kit.mount("all-alone", folder="/srv/alone"), kit.mount("beside", "bucket-two"))
    [one, beside] = kit.wait_ok(machine, "all-alone", "beside")
    # systemd then reads again what it has written of the unit, and may have written what it cannot read.
    machine.run("systemctl stop s3mountd; systemctl daemon-reload")
    with kit.opened(machine, "/srv/alone/on-stop", "w") as writer:
        assert writer.ask("write", 1000) == "ok"
        machine.run(["systemctl", "stop", "--no-block", one["unit"]])
        machine.wait_until(lambda: _plain(machine, "/srv/alone"), 5, "its own mount is detached")
        assert kit.alive(machine, one["pid"]), "it did not wait for the open file"
        assert writer.ask("write", 1000) == "ok"
        assert writer.ask("close") == "ok"
    machine.wait_until(lambda: not kit.alive(machine, one["pid"]), 5, "the worker has ended by itself")
    assert _length(machine, "on-stop") == 2000
    assert kit.alive(machine, beside["pid"])
    assert machine.read("/srv/beside/hello.txt") == "hello from bucket-two\n"


def test_without_the_daemon_a_worker_leaves_a_newer_mount_alone(machine: Machine) -> None:
    kit.configure(machine, kit.mount("newer"))
    [old] = kit.wait_ok(machine, "newer")
    with kit.opened(machine, "/srv/newer/hello.txt", "r"):
        machine.run("s3mountctl restart newer")
        [new] = kit.wait_ok(machine, "newer")
        assert kit.alive(machine, old["pid"])
        assert old["pid"] != new["pid"]
        machine.run("systemctl stop s3mountd")
        machine.run(["systemctl", "stop", "--no-block", old["unit"]])
        machine.wait_until(lambda: kit.show(machine, old["unit"], "ActiveState") == "deactivating", 5, "it is stopping")
    machine.wait_until(lambda: not kit.alive(machine, old["pid"]), 5, "the old worker has ended")
    assert kit.mounts_on(machine, "/srv/newer") == ["fuse.mount-s3 s3://bucket-one"]
    assert machine.read("/srv/newer/hello.txt") == "hello from bucket-one\n"
    assert kit.alive(machine, new["pid"])


def test_a_shutdown_waits_for_a_service_that_writes(own_machine: Machine) -> None:
    own_machine.write("/etc/systemd/system/weed.service.d/last.conf", WEED_LAST)
    own_machine.write("/root/writer.py", WRITER)
    own_machine.write("/etc/systemd/system/writer.service", WRITER_UNIT)
    kit.configure(own_machine, kit.mount("closing"))
    kit.wait_ok(own_machine, "closing")
    own_machine.run("systemctl daemon-reload; systemctl start writer")
    own_machine.wait_until(lambda: own_machine.run("test -e /run/writer-open").returncode == 0, 5, "it writes")
    own_machine.reboot()
    ended = own_machine.journal("-b", "-1", "S3MOUNT_NAME=closing", "+", "_PID=1")
    assert "s3mount-closing-1.service: Deactivated successfully" in ended
    assert "timed out" not in ended
    assert own_machine.read("/root/writer-said") == "closed"
    assert _length(own_machine, "late") == (9 << 20) + 1000
    kit.wait_ok(own_machine, "closing")
    assert kit.beneath(own_machine, "/srv/closing") == []


@pytest.mark.once
def test_units_that_are_ending_already_are_waited_for_and_heard_of(machine: Machine) -> None:
    """The daemon's end is that of its spares: who unmounts everything just then finds them without a process."""
    machine.write(f"/run/systemd/system/{SLOW}", "[Service]\nExecStopPost=/bin/sleep 3\n")
    machine.run("systemctl daemon-reload")
    try:
        kit.configure(machine, kit.mount("one"), kit.mount("two"))
        kit.wait_ok(machine, "one", "two")
        machine.wait_until(lambda: len(kit.spares(machine)) == 2, 20, "spares")
        machine.run("systemctl stop s3mountd")
        listing = "systemctl list-units --plain --no-legend --state=deactivating 's3mount-*.service'"
        machine.wait_until(lambda: "stop-post" in machine.run(listing).stdout, 5, "a spare is ending")
        machine.run("timeout 30 /usr/libexec/s3mountd/s3mountd --unmount-all", timeout=60)
        assert kit.running(machine) == {}
        assert _plain(machine, "/srv/one") and _plain(machine, "/srv/two")
    finally:
        machine.run(f"rm /run/systemd/system/{SLOW}; systemctl daemon-reload")

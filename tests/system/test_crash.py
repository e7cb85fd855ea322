"""Workers that die in every way, mounts that somebody takes away, and mounts of others on our folders."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from tests.machine import Machine
from tests.system import kit

HELLO = "hello from bucket-one\n"


def _said(machine: Machine, name: str) -> list[str]:
    """The daemon's lines on that mount since the test began, without time and process, from the first outcome on."""
    lines = machine.journal("-u", "s3mountd", f"S3MOUNT_NAME={name}", "-o", "cat").splitlines()
    return [line for line in lines if line.startswith(f"{name}:") and line != f"{name}: mounting"]


@pytest.mark.parametrize("signal", ["KILL", "SEGV", "ABRT"])
def test_a_worker_that_is_killed_is_replaced_at_once(machine: Machine, signal: str) -> None:
    kit.configure(machine, kit.mount("killed", grace=0))
    [one] = kit.wait_ok(machine, "killed")
    if signal == "SEGV":
        # A program in Rust takes the first one for an overflow of its stack and lets the fault happen again.
        machine.run(f"kill -SEGV {one['pid']}")
    kit.kill(machine, one["pid"], signal)
    again = kit.wait_for(machine, "killed", 5, state="mounted", health="ok", restarts=1)
    assert again["pid"] not in (0, one["pid"])
    assert again["unit"] != one["unit"]
    assert again["last_outage"]["code"] == "worker-crashed"
    assert again["last_outage"]["to"] is not None
    assert machine.read("/srv/killed/hello.txt") == HELLO
    assert kit.beneath(machine, "/srv/killed") == []
    assert _said(machine, "killed") == [
        "killed: mounted",
        f"killed: mounting: mount-s3 was ended by SIG{signal}",
        "killed: mounted",
    ]


def test_an_open_file_of_a_dead_worker_says_so_and_a_new_one_can_be_opened(machine: Machine) -> None:
    kit.configure(machine, kit.mount("handles"))
    [one] = kit.wait_ok(machine, "handles")
    with kit.opened(machine, "/srv/handles/lost", "w") as writer:
        assert writer.ask("write", 1000) == "ok"
        kit.kill(machine, one["pid"])
        kit.wait_for(machine, "handles", state="mounted", restarts=1)
        assert writer.ask("write", 1000) in ("ENOTCONN", "ECONNABORTED")
    assert kit.store(machine, "list_objects_v2", Bucket="bucket-one", Prefix="lost")["KeyCount"] == 0
    with kit.opened(machine, "/srv/handles/found", "w") as writer:
        assert (writer.ask("write", 1000), writer.ask("close")) == ("ok", "ok")
    assert kit.store(machine, "head_object", Bucket="bucket-one", Key="found")["ContentLength"] == 1000


def test_a_worker_that_ends_by_itself_is_replaced(machine: Machine) -> None:
    with kit.standin(machine, bucket_one={"exit_after_seconds": 3.0, "exit": {"status": 7}}):
        kit.configure(machine, kit.mount("leaving", grace=0))
        one = kit.wait_for(machine, "leaving", unit="s3mount-leaving-1.service", state="mounted")
        machine.wait_until(lambda: not kit.alive(machine, one["pid"]), 5, "the worker has ended")
        assert "status=7" in machine.journal("-u", one["unit"])
        kit.misbehave(machine)
        again = kit.wait_for(machine, "leaving", 10, state="mounted", health="ok", restarts=1)
        assert again["last_outage"]["code"] == "worker-ended"
        assert any("status 7" in line for line in _said(machine, "leaving"))


def test_a_worker_that_ends_without_a_fault_was_not_unmounted_by_somebody(machine: Machine) -> None:
    with kit.standin(machine, bucket_one={"exit_after_seconds": 0.5, "exit": {"status": 0}}):
        kit.configure(machine, kit.mount("quiet", grace=0))
        kit.wait_for(machine, "quiet", state="mounted")
        machine.wait_until(lambda: len(_said(machine, "quiet")) > 1, 5, "its end is told")
        kit.misbehave(machine)
        again = kit.wait_for(machine, "quiet", 10, state="mounted", health="ok")
        assert again["last_outage"]["code"] == "worker-ended"
        assert "somebody unmounted" not in "".join(_said(machine, "quiet"))


def _starts(machine: Machine, name: str) -> list[float]:
    """When each of its workers was started, in seconds."""
    lines = machine.journal("-o", "short-unix", "-t", "systemd").splitlines()
    return [float(line.split()[0]) for line in lines if re.search(rf"Started .*s3mount-{name}-\d+\.service", line)]


def test_a_worker_that_always_dies_is_tried_less_and_less_often_and_told_less_and_less(machine: Machine) -> None:
    words = "thread 'main' panicked at src/main.rs:7: nothing works"
    with kit.standin(machine, bucket_one={"stderr": f"{words}\n", "exit_status": 101}):
        kit.configure(machine, kit.mount("loop"), kit.mount("calm", "bucket-two"))
        [calm] = kit.wait_ok(machine, "calm")
        kit.wait_for(machine, "loop", 20, state="failed", health="down", code="crash-loop")
        machine.wait_until(lambda: "likely cause" in kit.look(machine, "loop")["reason"]["text"], 5, "it is told why")
        times = _starts(machine, "loop")
        gaps = [later - earlier for earlier, later in pairwise(times)]
        print("seconds between starts: " + " ".join(f"{gap:.1f}" for gap in gaps))
        assert len(times) == 5 and gaps[3] > gaps[2] > gaps[1]
        shown = kit.look(machine, "loop")
        assert "5 times in a row" in shown["reason"]["text"] and words in shown["reason"]["text"]
        assert "likely cause: a fault in mount-s3 itself" in shown["reason"]["text"]
        assert shown["next_try"] is not None, "it is tried again all the same"
        said = _said(machine, "loop")
        told = [found[1] for line in said if (found := re.search(r"\((\d+) times in a row\)", line))]
        assert told == ["2", "4"]
        assert len(said) <= 6, said
        assert kit.look(machine, "calm")["pid"] == calm["pid"]
        assert kit.beneath(machine, "/srv/loop") == []
        kit.misbehave(machine)
        machine.run("s3mountctl start loop")
        assert kit.wait_ok(machine, "loop")[0]["reason"] is None


def test_a_worker_that_dies_as_soon_as_it_serves_is_a_crash_loop_too(machine: Machine) -> None:
    with kit.standin(machine, bucket_one={"exit_after_seconds": 0.2, "exit": {"signal": "SIGABRT"}}):
        kit.configure(machine, kit.mount("brief"))
        failed = kit.wait_for(machine, "brief", 30, state="failed", code="crash-loop")
        assert "SIGABRT" in failed["reason"]["text"]
        assert kit.mounts_on(machine, "/srv/brief") != [], "guarded"
        kit.misbehave(machine)
        machine.run("s3mountctl start brief")
        kit.wait_ok(machine, "brief")


TAKE_AWAY = ("umount {folder}", "umount --lazy {folder}", "fusermount3 -u {folder}", "systemctl stop {unit}")


@pytest.mark.parametrize("how", TAKE_AWAY, ids=[how.partition(" {")[0] for how in TAKE_AWAY])
def test_a_mount_that_somebody_takes_away_is_back_and_told(machine: Machine, how: str) -> None:
    kit.configure(machine, kit.mount("taken", grace=0))
    [one] = kit.wait_ok(machine, "taken")
    machine.run(how.format(folder="/srv/taken", unit=one["unit"]))
    again = kit.wait_for(machine, "taken", 5, state="mounted", health="ok", restarts=1)
    assert again["unit"] != one["unit"]
    assert again["last_outage"]["code"] == "unmounted-outside"
    assert machine.read("/srv/taken/hello.txt") == HELLO
    assert len(kit.mounts_on(machine, "/srv/taken")) == 1
    machine.wait_until(lambda: not kit.alive(machine, one["pid"]), 5, "the old worker is gone")
    assert any("somebody unmounted /srv/taken" in line for line in _said(machine, "taken"))
    assert kit.look(machine, "taken")["restarts"] == 1


def test_a_lazy_unmount_under_an_open_writer_loses_nothing(machine: Machine) -> None:
    kit.configure(machine, kit.mount("busy"))
    [one] = kit.wait_ok(machine, "busy")
    with kit.opened(machine, "/srv/busy/kept", "w") as writer:
        assert writer.ask("write", 1000) == "ok"
        machine.run("umount --lazy /srv/busy")
        kit.wait_for(machine, "busy", 5, state="mounted", health="ok", restarts=1)
        assert kit.alive(machine, one["pid"])
        assert (writer.ask("write", 1000), writer.ask("close")) == ("ok", "ok")
    machine.wait_until(lambda: not kit.alive(machine, one["pid"]), 5, "the old worker has ended by itself")
    assert kit.store(machine, "head_object", Bucket="bucket-one", Key="kept")["ContentLength"] == 2000


def test_a_mount_of_somebody_else_on_the_folder_is_left_alone(machine: Machine) -> None:
    kit.configure(machine, kit.mount("covered"))
    [one] = kit.wait_ok(machine, "covered")
    machine.run("mount -t tmpfs theirs /srv/covered && echo theirs >/srv/covered/note")
    covered = kit.wait_for(machine, "covered", 5, state="foreign", health="down", code="foreign-mount")
    assert "tmpfs theirs" in covered["reason"]["text"]
    assert "umount /srv/covered" in covered["reason"]["hint"]
    machine.run("s3mountctl reload; s3mountctl restart --no-wait covered; systemctl restart s3mountd")
    kit.wait_for(machine, "covered", 5, state="foreign")
    assert machine.read("/srv/covered/note") == "theirs\n"
    assert kit.alive(machine, one["pid"])
    machine.run("umount /srv/covered")
    kit.wait_ok(machine, "covered", timeout=5)
    assert machine.read("/srv/covered/hello.txt") == HELLO
    assert len(kit.mounts_on(machine, "/srv/covered")) == 1


def test_a_mount_of_somebody_else_that_was_there_first_is_left_alone(machine: Machine) -> None:
    machine.run("mkdir -p /srv/theirs && mount -t tmpfs theirs /srv/theirs")
    kit.configure(machine, kit.mount("theirs"))
    kit.wait_for(machine, "theirs", 5, state="foreign", code="foreign-mount")
    assert kit.workers(machine) == {}
    assert kit.mounts_on(machine, "/srv/theirs") == ["tmpfs theirs"]
    machine.run("umount /srv/theirs")
    kit.wait_ok(machine, "theirs", timeout=5)


def test_a_mount_that_cannot_come_up_keeps_no_spare_from_the_others(machine: Machine) -> None:
    kit.configure(machine, kit.mount("erdos"), kit.mount("away", "bucket-two", endpoint_url="http://127.0.0.1:9999"))
    kit.wait_ok(machine, "erdos")
    machine.wait_until(lambda: any("erdos" in unit for unit in kit.spares(machine)), 10, "the spare of erdos")
    assert kit.look(machine, "away")["state"] == "mounting"

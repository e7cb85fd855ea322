"""Reload: a bad file changes nothing, a good one only what it changes, and no reader sees it happen."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.machine import Machine
from tests.machine.inside import Result
from tests.system.kit import (
    CONFIG,
    Document,
    alive,
    configure,
    hammer,
    look,
    mount,
    mounts_on,
    opened,
    show,
    status,
    store,
    toml,
    wait_for,
    wait_ok,
    workers,
)

ONE, TWO = mount("one"), mount("two", "bucket-two")
DAEMON = "s3mountd.service"


def _by_client(machine: Machine) -> Result:
    return machine.run("s3mountctl reload --no-wait", check=False)


def _by_systemctl(machine: Machine) -> Result:
    return machine.run("systemctl reload s3mountd", check=False)


def _by_signal(machine: Machine) -> Result:
    return machine.run("kill -HUP $(systemctl show --value -p MainPID s3mountd)", check=False)


WAYS = pytest.mark.parametrize("reload", [_by_client, _by_systemctl, _by_signal])
Way = Callable[[Machine], Result]


def _both(machine: Machine) -> dict[str, int]:
    configure(machine, ONE, TWO)
    wait_ok(machine, "one", "two")
    found = workers(machine)
    assert len(found) == 2
    return found


def _plan(machine: Machine) -> list[tuple[str, str]]:
    """What a reload would do, by the daemon's own word: each mount's name and its change."""
    document = json.loads(machine.run("s3mountctl plan --json", check=False).stdout)
    return [(change["name"], change["change"]) for change in document["changes"]]


def _pid(machine: Machine, name: str) -> int:
    return int(look(machine, name)["pid"])


def _take(machine: Machine, *mounts: Document) -> None:
    machine.write(CONFIG, toml(mounts))


@WAYS
def test_a_file_with_faults_is_refused_whole_and_changes_nothing(machine: Machine, reload: Way) -> None:
    before = _both(machine)
    digest = status(machine)["daemon"]["config_digest"]
    _take(machine, {**ONE, "read_only": True, "prefixx": "a/"}, {**TWO, "folder": "not/absolute"})
    ended = reload(machine)
    faults = [f"{CONFIG}:10", f"{CONFIG}:15"]
    if reload is _by_client:
        assert ended.returncode == 2
        assert all(fault in ended.stdout + ended.stderr for fault in faults), ended
    elif reload is _by_systemctl:
        assert ended.returncode != 0
    machine.wait_until(lambda: len(status(machine)["daemon"]["problems"]) == 2, 5, "the faults are in the status")
    document = status(machine)
    assert [problem.split(": ")[0] for problem in document["daemon"]["problems"]] == faults
    assert document["daemon"]["config_digest"] == digest
    assert workers(machine) == before
    assert machine.run(f"touch /srv/one/still-writable{reload.__name__}", check=False).returncode == 0
    told = machine.journal()
    assert all(fault in told for fault in faults), told
    machine.wait_until(lambda: "2 faults" in show(machine, DAEMON, "StatusText"), 5, "systemctl status says so")
    shown = machine.run("s3mountctl status", check=False)
    assert shown.returncode == 1
    assert all(fault in shown.stdout for fault in faults)
    _take(machine, ONE, TWO)
    assert reload(machine).returncode == 0
    machine.wait_until(lambda: not status(machine)["daemon"]["problems"], 5, "the faults are gone")
    machine.wait_until(lambda: "fault" not in show(machine, DAEMON, "StatusText"), 5, "from systemctl status too")
    assert machine.run("s3mountctl status", check=False).returncode == 0
    assert workers(machine) == before


@WAYS
def test_only_the_mount_that_changed_gets_a_new_worker(machine: Machine, reload: Way) -> None:
    _both(machine)
    old, kept = _pid(machine, "one"), _pid(machine, "two")
    _take(machine, {**ONE, "read_only": True}, TWO)
    assert _plan(machine) == [("one", "remount")]
    with hammer(machine, "/srv/one") as met:
        assert reload(machine).returncode == 0
        machine.wait_until(lambda: _pid(machine, "one") != old, 10, "a new worker")
        wait_ok(machine, "one", "two")
        machine.wait_until(lambda: not alive(machine, old), 10, "the old worker is gone")
    assert (met.errors, met.bare, met.wrong) == ({}, 0, 0)
    assert met.reads > 50
    print(f"{met.reads} reads over the swap, longest gap {met.longest_gap * 1000:.0f} ms")
    assert _pid(machine, "two") == kept
    assert machine.run("touch /srv/one/new", check=False).returncode != 0
    assert _plan(machine) == []


def test_what_only_looks_different_is_no_change(machine: Machine) -> None:
    before = _both(machine)
    machine.write(CONFIG, "# a comment\n" + toml([TWO, {key: ONE[key] for key in reversed(ONE)}]))
    assert _plan(machine) == []
    assert "othing" in machine.run("s3mountctl plan").stdout
    machine.run("s3mountctl reload")
    assert workers(machine) == before


def test_moved_removed_and_added_mounts_in_one_reload(machine: Machine) -> None:
    stay = mount("stay", "bucket-three")
    configure(machine, ONE, TWO, stay)
    wait_ok(machine, "one", "two", "stay")
    kept, moved, removed = (_pid(machine, name) for name in ("stay", "one", "two"))
    _take(machine, {**ONE, "folder": "/srv/elsewhere"}, stay, mount("new", "bucket-two"))
    assert sorted(_plan(machine)) == [("new", "add"), ("one", "move"), ("two", "remove")]
    with opened(machine, "/srv/two/moved-late", "w") as upload, hammer(machine, "/srv/stay") as met:
        assert upload.ask("write", 5) == "ok"
        machine.run("s3mountctl reload --no-wait")
        wait_ok(machine, "one", "new", "stay")
        machine.wait_until(lambda: not mounts_on(machine, "/srv/one") + mounts_on(machine, "/srv/two"), 10, "plain")
        assert machine.run("ls -A /srv/one /srv/two").stdout == "/srv/one:\n\n/srv/two:\n"
        assert alive(machine, removed), "it has a file open"
        assert upload.ask("write", 5) == "ok"
        assert upload.ask("close") == "ok"
    for pid in (moved, removed):
        machine.wait_until(lambda pid=pid: not alive(machine, pid), 10, "the old workers end")  # type: ignore[misc]
    assert store(machine, "head_object", Bucket="bucket-two", Key="moved-late")["ContentLength"] == 10
    assert machine.read("/srv/elsewhere/hello.txt") == "hello from bucket-one\n"
    assert _pid(machine, "stay") == kept
    assert (met.errors, met.bare, met.wrong) == ({}, 0, 0)
    assert len(workers(machine)) == 3


def test_a_mount_that_is_renamed_stays_on_its_folder(machine: Machine) -> None:
    _both(machine)
    before = _pid(machine, "one")
    with opened(machine, "/srv/one/renamed-late", "w") as upload:
        assert upload.ask("write", 5) == "ok"
        _take(machine, {**ONE, "name": "uno"}, TWO)
        with hammer(machine, "/srv/one") as met:
            machine.run("s3mountctl reload --no-wait")
            wait_ok(machine, "uno")
            machine.wait_until(lambda: _pid(machine, "uno") not in (0, before), 10, "the new worker has come")
            first = _pid(machine, "uno")
            assert upload.ask("close") == "ok"
            machine.wait_until(lambda: len(workers(machine)) == 2, 10, "the old worker has drained")
            wait_ok(machine, "uno")
    assert _pid(machine, "uno") == first
    assert (met.bare, met.wrong) == (0, 0), met
    assert store(machine, "head_object", Bucket="bucket-one", Key="renamed-late")["ContentLength"] == 5


def test_mounts_that_change_places_do(machine: Machine) -> None:
    _both(machine)
    _take(machine, {**ONE, "folder": "/srv/two"}, {**TWO, "folder": "/srv/one"})
    with hammer(machine, "/srv/one") as met:
        machine.run("s3mountctl reload", check=False)
        wait_ok(machine, "one", "two")
        machine.wait_until(lambda: len(workers(machine)) == 2, 10, "the old workers have drained")
        wait_ok(machine, "one", "two")
    assert machine.read("/srv/two/hello.txt") == "hello from bucket-one\n"
    assert machine.read("/srv/one/hello.txt") == "hello from bucket-two\n"
    assert (met.bare, met.wrong) == (0, 0), met


def test_a_change_that_cannot_come_up_leaves_the_old_worker_serving(machine: Machine) -> None:
    _both(machine)
    old = _pid(machine, "one")
    _take(machine, {**ONE, "bucket": "no-such-bucket"}, TWO)
    with hammer(machine, "/srv/one") as met:
        ended = machine.run("s3mountctl reload", check=False)
        wait_for(machine, "one", state="mounted", health="degraded", code="bucket-missing", pid=old)
        assert ended.returncode == 1, ended
        shown = machine.run("s3mountctl status", check=False)
        assert (shown.returncode, "no-such-bucket" in shown.stdout) == (1, True), shown.stdout
        _take(machine, ONE, TWO)
        machine.run("s3mountctl reload")
        wait_for(machine, "one", state="mounted", health="ok", pid=old)
        assert look(machine, "one")["reason"] is None
    assert (met.errors, met.bare, met.wrong) == ({}, 0, 0)
    machine.wait_until(lambda: len(workers(machine)) == 2, 10, "no other worker is left")


def test_a_stopped_mount_that_is_taken_out_comes_back_as_a_new_one(machine: Machine) -> None:
    _both(machine)
    machine.run("s3mountctl stop one")
    _take(machine, TWO)
    machine.run("s3mountctl reload")
    _take(machine, ONE, TWO)
    machine.run("s3mountctl reload")
    wait_ok(machine, "one")
    machine.run("systemctl restart s3mountd")
    wait_ok(machine, "one", "two")

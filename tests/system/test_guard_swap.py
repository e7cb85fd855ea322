"""What callers meet while there is no worker, and while one worker takes over from another."""

from __future__ import annotations

import base64

import pytest

from tests.machine import Machine
from tests.system import kit

# What becomes of four ways to touch a folder: the errno's name, or what was seen.
TOUCH = """
import errno, os, sys
folder = sys.argv[1]
for touch in (os.listdir, os.stat, lambda f: open(f + "/hello.txt"), lambda f: open(f + "/written", "w").close(),
              lambda f: os.mkdir(f + "/made")):
    try:
        seen = touch(folder)
        print(sorted(seen) if isinstance(seen, list) else "ok")
    except OSError as error:
        print(errno.errorcode[error.errno])
"""
CLOSED = ["ENOTCONN"] * 5
EMPTY = ["[]", "ok", "ENOENT", "EROFS", "EROFS"]
OLD_KERNEL = "[Service]\nEnvironment=S3MOUNTD_SWAP=detach\n"
PART = 8 << 20


def _touched(machine: Machine, folder: str, user: str | None = None) -> list[str]:
    return machine.run([kit.PYTHON, "-c", TOUCH, folder], user=user).stdout.splitlines()


def _away(machine: Machine) -> None:
    machine.run("systemctl stop weed.service")
    assert machine.run("curl -s -m 2 http://127.0.0.1:9400/", check=False).returncode == 7, "S3 still answers"


def test_while_the_bucket_is_away_the_folder_answers_not_connected_to_everybody(machine: Machine) -> None:
    _away(machine)
    machine.run("install -d -o rob /srv/away")
    kit.configure(machine, kit.mount("away", start_timeout="2s"))
    machine.wait_until(lambda: _touched(machine, "/srv/away") == CLOSED, 5, "root is kept out")
    assert _touched(machine, "/srv/away", user="rob") == CLOSED
    with kit.hammer(machine, "/srv/away", readers=1, writers=2) as met:
        one = kit.wait_for(machine, "away", state="waiting")
        assert one["health"] == "down"
        assert one["reason"]["code"] in ("connection-refused", "start-timeout")
        assert one["next_try"]
    assert (met.reads, met.writes, met.bare) == (0, 0, 0)
    assert set(met.errors) == set(met.write_errors) == {"ENOTCONN"}
    assert met.write_errors["ENOTCONN"] > 100
    assert kit.beneath(machine, "/srv/away") == []
    machine.run("systemctl start weed.service")
    kit.wait_ok(machine, "away")
    assert machine.read("/srv/away/hello.txt") == "hello from bucket-one\n"


def test_an_empty_guard_is_empty_and_read_only_and_can_be_changed_by_reload(machine: Machine) -> None:
    _away(machine)
    guarded = kit.mount("shown", start_timeout="2s")
    kit.configure(machine, {**guarded, "when_away": "empty"})
    machine.wait_until(lambda: _touched(machine, "/srv/shown") == EMPTY, 5, "an empty folder is shown")
    kit.configure(machine, guarded)
    machine.wait_until(lambda: _touched(machine, "/srv/shown") == CLOSED, 5, "the folder is closed")
    kit.configure(machine, {**guarded, "when_away": "empty"})
    machine.wait_until(lambda: _touched(machine, "/srv/shown") == EMPTY, 5, "an empty folder is shown again")
    assert kit.beneath(machine, "/srv/shown") == []
    assert len(kit.mounts_on(machine, "/srv/shown")) == 1
    machine.run("systemctl start weed.service")
    kit.wait_ok(machine, "shown")
    assert kit.mounts_on(machine, "/srv/shown") == ["fuse.mount-s3 s3://bucket-one"]


def test_changing_the_guard_of_a_live_mount_touches_nothing(machine: Machine) -> None:
    kit.configure(machine, kit.mount("calm"))
    kit.wait_ok(machine, "calm")
    before = kit.workers(machine), kit.mounts_on(machine, "/srv/calm")
    kit.configure(machine, kit.mount("calm", when_away="empty"))
    [one] = kit.wait_ok(machine, "calm")
    assert (kit.workers(machine), kit.mounts_on(machine, "/srv/calm")) == before
    _away(machine)
    kit.kill(machine, one["pid"])
    machine.wait_until(lambda: _touched(machine, "/srv/calm") == EMPTY, 5, "the new guard counts")
    assert kit.beneath(machine, "/srv/calm") == []


def test_a_guard_that_somebody_takes_away_is_put_back(machine: Machine) -> None:
    _away(machine)
    kit.configure(machine, kit.mount("stubborn", start_timeout="1s"))
    kit.wait_for(machine, "stubborn", state="waiting")
    for _ in range(3):
        machine.run("umount --lazy /srv/stubborn")
        machine.wait_until(lambda: _touched(machine, "/srv/stubborn") == CLOSED, 1.0, "the folder is closed again")
    machine.run("rm -rf /srv/stubborn/*", check=False)


def test_a_folder_is_guarded_also_while_its_keys_are_missing(machine: Machine) -> None:
    kit.configure(machine, kit.mount("keyless", credentials={"user": "rob"}))
    kit.wait_for(machine, "keyless", state="failed", code="no-credentials")
    assert _touched(machine, "/srv/keyless") == CLOSED
    assert kit.beneath(machine, "/srv/keyless") == []
    machine.run("install -d -o rob -m 0700 /home/rob/.aws")
    machine.write("/home/rob/.aws/credentials", kit.KEYS, 0o600)
    machine.run("chown rob /home/rob/.aws/credentials; s3mountctl start keyless")
    kit.wait_ok(machine, "keyless")
    machine.run("rm -r /home/rob/.aws")


def test_a_folder_with_files_is_refused_untouched(machine: Machine) -> None:
    machine.run("rm -rf /srv/full && mkdir /srv/full && echo mine >/srv/full/notes")
    kit.configure(machine, kit.mount("full"))
    one = kit.wait_for(machine, "full", state="failed", code="folder-not-empty")
    assert "notes" in one["reason"]["text"]
    assert "nonempty" in one["reason"]["hint"]
    assert kit.mounts_on(machine, "/srv/full") == []
    assert machine.read("/srv/full/notes") == "mine\n"
    kit.configure(machine, kit.mount("full", nonempty="hide"))
    kit.wait_ok(machine, "full")
    assert machine.run("ls /srv/full/notes", check=False).returncode != 0
    assert kit.beneath(machine, "/srv/full") == ["notes"]
    kit.configure(machine)
    machine.wait_until(lambda: kit.mounts_on(machine, "/srv/full") == [], 10, "the folder is plain")
    assert machine.read("/srv/full/notes") == "mine\n"


def test_a_missing_folder_is_made_for_its_owner(machine: Machine) -> None:
    machine.run("rm -rf /srv/new /srv/fresh /home/rob/new")
    kit.configure(
        machine,
        kit.mount("named", folder="/srv/new/deep", user="rob"),
        kit.mount("inherited", folder="/home/rob/new/er", bucket="bucket-two"),
        kit.mount("sibling", folder="/srv/new/er", user="rob", bucket="bucket-three"),
        kit.mount("plain", folder="/srv/fresh/folder"),
    )
    kit.wait_ok(machine, "named", "inherited", "sibling", "plain")
    kit.configure(machine)
    machine.wait_until(lambda: not kit.workers(machine), 10, "all is unmounted")
    folders = "/srv/new/deep /home/rob/new /home/rob/new/er /srv/fresh/folder"
    shown = machine.run(f"stat -c '%U %G %a' {folders}").stdout.splitlines()
    assert shown == ["rob rob 755", "rob rob 755", "rob rob 755", "root root 755"]


@pytest.fixture(params=["beneath", "detach"])
def swap(machine: Machine, request: pytest.FixtureRequest) -> str:
    """Both ways to exchange a mount: that of Linux 6.5, and that before it, forced by the daemon's switch."""
    if request.param == "detach":
        machine.write("/run/systemd/system/s3mountd.service.d/swap.conf", OLD_KERNEL)
        machine.run("systemctl daemon-reload && systemctl restart s3mountd.service")
        pid = kit.show(machine, "s3mountd.service", "MainPID")
        assert "S3MOUNTD_SWAP=detach" in machine.read(f"/proc/{pid}/environ")
    return str(request.param)


def test_readers_handles_and_uploads_outlive_a_swap(machine: Machine, swap: str) -> None:
    kit.configure(machine, kit.mount("swapped"))
    kit.wait_ok(machine, "swapped")
    machine.run(f"head -c {2 * PART} /dev/urandom >/srv/swapped/big-{swap}")
    tail = machine.run(f"tail -c 8 /srv/swapped/big-{swap} | od -An -v -tx1").stdout.replace(" ", "").strip()
    with (
        kit.opened(machine, f"/srv/swapped/big-{swap}", "r") as reader,
        kit.opened(machine, f"/srv/swapped/upload-{swap}", "w") as writer,
        kit.hammer(machine, "/srv/swapped") as met,
    ):
        assert writer.ask("write", PART + 1) == "ok"
        seen = [kit.look(machine, "swapped")["pid"]]
        for _ in range(3):
            machine.run("s3mountctl restart swapped")
            seen.append(kit.look(machine, "swapped")["pid"])
        assert len(set(seen)) == 4, "no new worker came"
        assert reader.ask("read", 2 * PART - 8) == tail
        assert writer.ask("write", PART) == "ok"
        assert writer.ask("close") == "ok"
    print(f"{swap}: {met.reads} reads over 3 swaps, longest gap {met.longest_gap * 1000:.0f} ms, errors {met.errors}")
    assert set(met.errors) <= ({"ENOTCONN"} if swap == "detach" else set())
    assert (met.bare, met.wrong) == (0, 0)
    assert met.reads > 200
    body = kit.store(machine, "get_object", Bucket="bucket-one", Key=f"upload-{swap}")["Body"]
    assert base64.b64decode(body) == b"x" * (2 * PART + 1)
    assert kit.beneath(machine, "/srv/swapped") == []
    machine.wait_until(lambda: len(kit.workers(machine)) == 1, 10, "the old workers have ended by themselves")
    guard = [] if swap == "beneath" else ["fuse.s3mountd-guard s3mountd-guard:swapped"]
    assert kit.mounts_on(machine, "/srv/swapped") == [*guard, "fuse.mount-s3 s3://bucket-one"]


def test_the_bare_folder_is_not_seen_through_kills_and_changes(machine: Machine, swap: str) -> None:
    kit.configure(machine, kit.mount("tried"))
    kit.wait_ok(machine, "tried")
    with kit.hammer(machine, "/srv/tried", readers=2, writers=1) as met:
        for turn in range(1, 5):
            kit.kill(machine, kit.look(machine, "tried")["pid"])
            kit.wait_for(machine, "tried", state="mounted", restarts=turn)
        kit.configure(machine, kit.mount("tried", allow_delete=True))
        kit.wait_for(machine, "tried", options={**kit.look(machine, "tried")["options"], "allow_delete": True})
        kit.wait_ok(machine, "tried")
    print(f"{swap}: {met}")
    assert (met.bare, met.wrong) == (0, 0)
    # A call that is under way when its worker dies is aborted by the kernel.
    assert {"ENOTCONN"} <= set(met.errors) <= {"ENOTCONN", "ECONNABORTED"}
    assert met.reads > 100
    assert kit.beneath(machine, "/srv/tried") == []
    machine.run("rm -f /srv/tried/hammer-*")


def test_removed_on_an_old_kernel_the_folder_is_plain(machine: Machine, swap: str) -> None:
    kit.configure(machine, kit.mount("leaving"))
    kit.wait_ok(machine, "leaving")
    kit.configure(machine)
    machine.wait_until(lambda: kit.mounts_on(machine, "/srv/leaving") == [], 10, f"plain by {swap}")
    machine.wait_until(lambda: not kit.workers(machine), 10, "the worker has ended")

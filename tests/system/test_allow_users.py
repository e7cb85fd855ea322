"""Users who mount buckets in their own homes by themselves, and users who try to get more than that by it."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine import Machine
from tests.machine.kit import ENDPOINT
from tests.s3.seaweed import ADMIN
from tests.system import kit
from tests.system.kit import KEYS, PYTHON, configure, look, mount, mounts_on, status, wait_for, wait_ok

pytestmark = pytest.mark.once("13")

STORE = f"--provider seaweedfs --endpoint-url {ENDPOINT}"
USERS = "/etc/s3mountd/users.d"
HOMES = ("rob", "eve")
SWAPPER = (Path(__file__).parent / "swapper.py").read_text()
CLEAN = "rm -rf --one-file-system /home/{0}/.aws /home/{0}/.s3cfg /home/{0}/[a-z]*"


@pytest.fixture
def allowed(machine: Machine) -> Iterator[Machine]:
    """rob and eve with keys of their own, a mount of the administrator's, and users may."""
    machine.run("id eve 2>/dev/null || useradd --create-home eve")
    for user in HOMES:
        machine.run(CLEAN.format(user), check=False)
        machine.write(f"/home/{user}/.aws/credentials", KEYS, 0o600)
        machine.run(f"chown -R {user}: /home/{user}/.aws; chmod 755 /home/{user}")
    configure(machine, mount("adm"), allow_users=True)
    wait_ok(machine, "adm")
    yield machine
    machine.run(f"rm -rf {USERS}; s3mountctl reload --no-wait")
    machine.wait_until(lambda: " /home/" not in machine.read("/proc/1/mountinfo"), 30, "nothing is mounted at home")
    for user in HOMES:
        machine.run(CLEAN.format(user), check=False)


def section(**keys: object) -> str:
    usual = {"bucket": "bucket-one", "folder": "/home/rob/data", "provider": "seaweedfs", "endpoint_url": ENDPOINT}
    return kit.toml([{**usual, **keys}]).removeprefix("[daemon]\n")


def call(machine: Machine, user: str, method: str, word: str) -> str:
    """What the daemon answers to a call on the bus by that user, past the checks of the command line."""
    words = ["busctl", "call", "org.s3mountd1", "/org/s3mountd1", "org.s3mountd1.Manager", method, "s", word]
    done = machine.run(words, user=user, check=False)
    return done.stdout + done.stderr


def lists(machine: Machine) -> str:
    return machine.run(f"cat {USERS}/*.toml", check=False).stdout


def unharmed(machine: Machine, before: kit.Document) -> None:
    """The administrator's mount has the worker that it had, the daemon lives, its configuration has no fault."""
    now = status(machine)
    assert (now["daemon"]["pid"], now["daemon"]["problems"]) == (before["daemon"]["pid"], [])
    adm, was = (next(one for one in document["mounts"] if one["name"] == "adm") for document in (now, before))
    assert [adm[key] for key in ("state", "unit", "pid", "restarts")] == [
        was[key] for key in ("state", "unit", "pid", "restarts")]


def test_a_user_mounts_steers_and_removes_without_sudo(allowed: Machine) -> None:
    machine, before = allowed, status(allowed)
    machine.run("mkdir /home/rob/full && touch /home/rob/full/file", user="rob")
    full = machine.run(f"s3mountctl add s3://bucket-one /home/rob/full {STORE}", user="rob", check=False)
    assert (full.returncode, "folder-not-empty" in full.stderr, lists(machine)) == (2, True, "")
    done = machine.run(f"s3mountctl add s3://bucket-one /home/rob/data {STORE} --allow-delete", user="rob")
    assert "rob.data: mounted on /home/rob/data" in done.stdout
    assert machine.run("cat /home/rob/data/hello.txt", user="rob").stdout == "hello from bucket-one\n"
    assert machine.run("stat -c %U /home/rob/data /home/rob/data/hello.txt").stdout == "rob\nrob\n"
    assert machine.run(f"stat -c '%U %a' {USERS} {USERS}/rob.toml").stdout == "root 755\nroot 644\n"
    assert look(machine, "rob.data")["owner"] == "rob"
    # The role of the machine is not the user's.
    unit = look(machine, "rob.data")["unit"]
    assert "AWS_EC2_METADATA_DISABLED=true" in kit.show(machine, unit, "Environment")
    assert kit.show(machine, unit, "MemoryMax") == str(2048 << 20)
    assert "who manages it without sudo" in machine.run("s3mountctl status rob.data", user="eve").stdout
    for command in ("stop", "start", "restart"):
        machine.run(f"s3mountctl {command} rob.data", user="rob")
    for command in ("stop rob.data", "restart rob.data", "remove rob.data", "stop adm", "remove adm"):
        refused = machine.run(f"s3mountctl {command}", user="eve" if "rob" in command else "rob", check=False)
        assert refused.returncode == 2, command
    for method in ("Stop", "RemoveMount", "Check", "Restart"):
        assert "you may not do this" in call(machine, "eve", method, "rob.data")
        assert "you may not do this" in call(machine, "rob", method, "adm")
    wait_ok(machine, "rob.data", "adm")
    assert machine.run("s3mountctl doctor rob.data", user="rob", check=False).returncode in (0, 1)
    # A new daemon goes on with it.
    machine.run("systemctl restart s3mountd")
    unit = wait_ok(machine, "rob.data")[0]["unit"]
    machine.run("s3mountctl remove rob.data", user="rob")
    assert mounts_on(machine, "/home/rob/data") == []
    machine.wait_until(lambda: machine.run(f"systemctl is-active {unit}", check=False).returncode, 10, "it has ended")
    assert lists(machine) == ""
    unharmed(machine, {**before, "daemon": status(machine)["daemon"]})


def edit(machine: Machine, user: str, script: str) -> tuple[int, str]:
    """What comes of rob.data being edited by that user: exit status, and all that is said."""
    done = machine.run("s3mountctl edit rob.data", user=user, env=kit.editor(machine, script), check=False)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_a_user_edits_a_mount_and_nobody_elses(allowed: Machine) -> None:
    machine, before = allowed, status(allowed)
    machine.run(f"s3mountctl add s3://bucket-one /home/rob/data {STORE}", user="rob")
    [was] = wait_ok(machine, "rob.data")
    with kit.hammer(machine, "/home/rob/data", readers=1) as met:
        assert edit(machine, "rob", "$ a read_only = true") == (0, "rob.data: mounted on /home/rob/data")
        [now] = wait_ok(machine, "rob.data")
    assert (met.errors, met.bare, met.wrong) == ({}, 0, 0)
    assert (now["can"]["write"], now["pid"] != was["pid"]) == (False, True)
    kept = lists(machine)
    assert kept.count("[[mount]]") == 1
    assert edit(machine, "rob", "$ a # only a remark") == (0, "rob.data: mounted on /home/rob/data")
    for user, script, says in (
            ("rob", "$ a cache = \"/etc\"", "only the administrator may set it"),
            ("rob", "s,^folder = .*,folder = \"/etc\",", "must lie in your home"),
            ("rob", "s/^name/n ame/", "nothing was changed"),
            ("rob", "d", "say one [[mount]]"),
            ("eve", "$ a allow_delete = true", "only rob can change it"),
            ("root", "$ a allow_delete = true", "only rob can change it")):
        done = edit(machine, user, script)
        assert done[0] != 0 and says in done[1], (user, script, done)
    assert "you may not do this" in machine.run(
        ["busctl", "call", "org.s3mountd1", "/org/s3mountd1", "org.s3mountd1.Manager", "ChangeMount", "ss", "rob.data",
         section()], user="eve", check=False).stderr
    assert (lists(machine), look(machine, "rob.data")["pid"]) == (kept, now["pid"])
    unharmed(machine, before)


def test_only_where_it_is_allowed_and_no_longer(allowed: Machine) -> None:
    machine = allowed
    machine.run(f"s3mountctl add s3://bucket-one /home/rob/data {STORE}", user="rob")
    configure(machine, mount("adm"), allow_users=False)
    machine.wait_until(lambda: mounts_on(machine, "/home/rob/data") == [], 20, "it is unmounted")
    refused = machine.run(f"s3mountctl add s3://bucket-one /home/rob/more {STORE}", user="rob", check=False)
    assert refused.returncode == 2
    assert "allow_users = true below [daemon] in /etc/s3mountd/mounts.toml" in " ".join(refused.stderr.split())
    assert "allow_users = true" in call(machine, "rob", "AddMount", section(name="more", folder="/home/rob/more"))
    assert "you may not do this" in call(machine, "root", "AddMount", section())
    assert [one["name"] for one in status(machine)["mounts"]] == ["adm"]
    configure(machine, mount("adm"), allow_users=True)
    wait_ok(machine, "rob.data")
    machine.run("s3mountctl remove rob.data")
    assert lists(machine) == ""


TRIED = (
    {"folder": "/etc"}, {"folder": "/etc/cron.d"}, {"folder": "/home/eve/data"}, {"folder": "/home/rob"},
    {"folder": "/home/rob/../eve/data"}, {"folder": "/srv/adm/x"}, {"folder": "/root/x"},
    {"folder": "/home/rob/to-etc"}, {"folder": "/home/rob/to-etc/x"}, {"folder": "/home/rob/to-eve/x"},
    {"cache": "/etc"}, {"ca_bundle": "/etc/shadow"}, {"proxy": "http://127.0.0.1:1"}, {"on_change": ["/bin/sh"]},
    {"user": "root"}, {"uid": 1}, {"nonempty": "hide"}, {"when_away": "wait"}, {"memory_max": 99999}, {"standby": True},
    {"on_sleep": "abort"}, {"write_safety": "trust"}, {"log_metrics": True}, {"otlp_endpoint": "http://127.0.0.1:1"},
    {"credentials": {"user": "eve"}}, {"credentials": {"user": "root"}}, {"credentials": {"role": "instance"}},
    {"credentials": {"assume_role": "arn:aws:iam::111122223333:role/lab"}},
    {"credentials": {"systemd_credential": "lab"}}, {"credentials": {"web_identity": "/etc/shadow"}},
    {"credentials": {"s3cfg": "/etc/shadow"}}, {"credentials": {"s3cfg": "/home/eve/.s3cfg"}},
    {"bucket": 'b"\n[daemon]\non_change = ["/bin/sh"]\nx = "'}, {"name": 'x"\n[[mount]]\nfolder = "/etc'},
    {"name": "../../cron.d/x"}, {"name": "a.b"}, {"name": "adm/../x"}, {"prefix": "a\u2028b"},
    {"bucket": "-o"}, {"endpoint_url": "file:///etc/shadow"},
)


def test_whatever_is_asked_for_nothing_of_the_hosts_is_had(allowed: Machine) -> None:
    machine, before = allowed, status(allowed)
    machine.run("ln -s /etc /home/rob/to-etc; ln -s /home/eve /home/rob/to-eve", user="rob")
    for keys in TRIED:
        said = call(machine, "rob", "AddMount", section(**keys))
        assert "Call failed" in said, (keys, said)
        assert lists(machine) == "", keys
    for text in ("#" * 100_000, "[daemon]\nallow_users = true\n" + section(),
                 section() + section(name="two", folder="/home/rob/two"), "x = " + "[" * 9000):
        assert "Call failed" in call(machine, "rob", "AddMount", text)
    assert any("too many changes" in call(machine, "rob", "AddMount", "x") for _ in range(30))
    assert lists(machine) == ""
    unharmed(machine, before)
    assert [one["name"] for one in status(machine)["mounts"]] == ["adm"]


def test_a_link_gets_nothing_at_any_moment(allowed: Machine) -> None:
    machine, before = allowed, status(allowed)
    machine.run("mkdir -p /srv/victim/x; chmod 700 /srv/victim; ls -ld --time-style=+ /srv/victim/x >/run/victim")
    machine.run(f"mkdir -p /home/rob/race/x && s3mountctl add s3://bucket-one /home/rob/race/x {STORE}", user="rob")
    machine.run("s3mountctl stop rob.x", user="rob")
    words = ["setpriv", "--reuid=rob", "--regid=rob", "--clear-groups", PYTHON, "-c", SWAPPER]
    swapper = machine.popen([*words, "/home/rob", "race", "/srv/victim"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for number in range(20):
        call(machine, "root", "Start", "rob.x")
        call(machine, "root", "Restart", "rob.x")
        if number % 5 == 4:
            machine.run("s3mountctl reload --no-wait")
        assert mounts_on(machine, "/srv/victim/x") == []
        call(machine, "root", "Stop", "rob.x")
        assert mounts_on(machine, "/srv/victim/x") == []
    assert int(swapper.communicate(b"", timeout=30)[0]) > 100
    assert machine.run("ls -ld --time-style=+ /srv/victim/x").stdout == machine.run("cat /run/victim").stdout
    assert machine.run("ls -A /srv/victim/x").stdout == ""
    unharmed(machine, before)
    machine.run("s3mountctl reload --no-wait; s3mountctl stop --no-wait rob.x")
    machine.wait_until(lambda: mounts_on(machine, "/home/rob/race/x") == [], 20, "it is unmounted")
    # When all is quiet again, a link that stays is told, and the folder itself serves.
    machine.run("rm -r /home/rob/race && ln -s /srv/victim /home/rob/race && chown -h rob: /home/rob/race")
    machine.run("s3mountctl reload --no-wait")
    assert "a link leads away" in status(machine)["daemon"]["users_problems"][0]
    machine.run("rm /home/rob/race; s3mountctl reload --no-wait; s3mountctl start rob.x")
    wait_ok(machine, "rob.x")


def test_folders_that_are_not_all_the_users_are_not_used(allowed: Machine) -> None:
    machine = allowed
    machine.run("mkdir -p /home/rob/theirs/deep /home/rob/roots /home/rob/bound /srv/bound/x; "
                "mount --bind /srv/bound /home/rob/bound; "
                "chown rob: /srv/bound /srv/bound/x")
    for name, folder, says in (
            ("one", "/home/rob/roots", "does not belong to rob"), ("two", "/home/rob/theirs/new", "does not belong to"),
            ("three", "/home/rob/bound/x", "is mounted itself")):
        call(machine, "rob", "AddMount", section(name=name, folder=folder))
        found = wait_for(machine, f"rob.{name}", code="folder-unusable")
        assert says in found["reason"]["text"]
        assert mounts_on(machine, folder) == []
    assert machine.run("ls -A /home/rob/theirs").stdout == "deep\n"
    machine.run("umount /home/rob/bound")


def test_the_keys_are_the_users_own_and_what_gets_them_runs_as_that_user(allowed: Machine) -> None:
    machine = allowed
    keys = json.dumps({"Version": 1, "AccessKeyId": ADMIN.access_key, "SecretAccessKey": ADMIN.secret_key})
    who = "/home/rob/.aws/cli/cache/who"
    machine.write("/home/rob/get-keys", f"#!/bin/sh\nid -u >>{who}\necho {shlex.quote(keys)}\n", 0o755)
    machine.write("/home/rob/.aws/config", "[profile prog]\ncredential_process = /home/rob/get-keys\n", 0o600)
    machine.run("mkdir -p /home/rob/.aws/cli/cache; chown -R rob: /home/rob/.aws /home/rob/get-keys")
    machine.run(f"s3mountctl add s3://bucket-one /home/rob/data {STORE} --profile prog", user="rob")
    wait_ok(machine, "rob.data")
    assert set(machine.read(who).split()) == {machine.run("id -u rob").stdout.strip()}
    # A profile that only somebody else has, and files that are not rob's though they lie in rob's home.
    machine.write("/home/eve/.aws/credentials", KEYS.replace("default", "lab"), 0o600)
    call(machine, "rob", "AddMount", section(name="lab", folder="/home/rob/lab", credentials={"profile": "lab"}))
    wait_for(machine, "rob.lab", code="profile-missing")
    s3cfg = f"[default]\naccess_key = {ADMIN.access_key}\nsecret_key = {ADMIN.secret_key}\n"
    machine.write("/home/rob/.s3cfg", s3cfg, 0o600)
    call(machine, "rob", "AddMount",
         section(name="cfg", folder="/home/rob/cfg", credentials={"s3cfg": "/home/rob/.s3cfg"}))
    wait_for(machine, "rob.cfg", code="no-credentials")
    machine.run("chown rob: /home/rob/.s3cfg; s3mountctl start rob.cfg")
    wait_ok(machine, "rob.cfg")
    machine.run("chown root: /home/eve/.aws/credentials")
    call(machine, "eve", "AddMount", section(folder="/home/eve/data", name="data"))
    wait_for(machine, "eve.data", code="no-credentials")


def test_the_administrator_comes_first_and_a_user_who_goes_harms_nobody(allowed: Machine) -> None:
    machine = allowed
    for number in range(9):
        said = call(machine, "eve", "AddMount", section(name=f"n{number}", folder=f"/home/eve/n{number}"))
    assert "a user may have 8 mounts" in said
    wait_ok(machine, *(f"eve.n{number}" for number in range(8)), timeout=60)
    configure(machine, mount("adm"), mount("other", folder="/home/eve/n0"), mount("eve.n1"), allow_users=True)
    wait_ok(machine, "other", "eve.n1", "eve.n2")
    told = status(machine)["daemon"]
    assert (told["problems"], len(told["users_problems"])) == ([], 2)
    assert look(machine, "eve.n1")["folder"] == "/srv/eve.n1"
    assert "/home/eve/n0, which mount" in told["users_problems"][0].replace('"', "")
    assert machine.run("cat /home/eve/n0/hello.txt").stdout == "hello from bucket-one\n"
    # What is in the way of the administrator's can be taken off the list by its owner, and by nobody else's word.
    assert "you may not do this" in call(machine, "rob", "RemoveMount", "eve.n0")
    machine.run("s3mountctl remove eve.n0", user="eve")
    assert len(status(machine)["daemon"]["users_problems"]) == 1
    configure(machine, mount("adm"), allow_users=True)
    before = status(machine)
    machine.run("mv /home/eve /home/gone && s3mountctl restart --no-wait eve.n2; sleep 1; mv /home/gone /home/eve",
                check=False)
    machine.run("userdel --force eve; s3mountctl reload --no-wait")
    machine.wait_until(lambda: mounts_on(machine, "/home/eve/n2") == [], 30, "eve's mounts are gone")
    assert "there is no user eve" in status(machine)["daemon"]["users_problems"][0]
    assert status(machine)["daemon"]["pid"] == before["daemon"]["pid"]
    machine.run("systemctl restart s3mountd")
    wait_ok(machine, "adm")
    assert [one["name"] for one in status(machine)["mounts"]] == ["adm"]
    machine.run("rm -rf /home/eve")

"""The configuration on a real host: what is refused and how it is mended, drop-ins, links, a start with a bad file."""

from __future__ import annotations

import re

import pytest

from tests.machine import Machine
from tests.system.kit import (
    CONFIG,
    KEYS,
    configure,
    kill,
    look,
    mount,
    mounts_on,
    show,
    status,
    toml,
    wait_for,
    wait_ok,
    workers,
)

pytestmark = pytest.mark.once("13")

DROPIN = "/etc/s3mountd/mounts.d/20-two.toml"
ONE, TWO = mount("one"), mount("two", "bucket-two")


def _faults(machine: Machine) -> list[str]:
    """What ``s3mountctl check`` says of the installed configuration; it must find something."""
    ended = machine.run("s3mountctl check", check=False)
    assert ended.returncode == 2, ended
    return ended.stdout.splitlines()


def test_every_fault_of_every_file_is_said_at_once_and_without_a_daemon(machine: Machine) -> None:
    machine.run("systemctl stop s3mountd")
    machine.write(CONFIG, toml([{**ONE, "alow_delete": True}, mount("home", folder="~/data")]))
    aws = mount("aws", "Not_A_Bucket", provider="aws", endpoint_url=None, region="uswest-2")
    machine.write(DROPIN, toml([{**TWO, "name": "one"}, aws]).replace("[daemon]\n", ""))
    found = "\n".join(_faults(machine))
    for place, words in ((f"{CONFIG}:9", "allow_delete"), (f"{DROPIN}:11", "Not_A_Bucket"), (f"{CONFIG}:14", "~/data"),
                         (f"{DROPIN}:3", f"{CONFIG}:4"), (f"{DROPIN}:14", "us-west-2")):
        assert re.search(rf"^{place}: .*{re.escape(words)}", found, re.MULTILINE), found


@pytest.mark.parametrize(("spoil", "mends"), [
    (f"chmod 666 {CONFIG}", f"chmod go-w {CONFIG}"),
    (f"chmod 664 {CONFIG}", f"chmod go-w {CONFIG}"),
    (f"chown rob {CONFIG}", f"chown root: {CONFIG}"),
    ("chmod 777 /etc/s3mountd", "chmod go-w /etc/s3mountd"),
    ("chown rob /etc/s3mountd/mounts.d", "chown root: /etc/s3mountd/mounts.d"),
    (f"chmod o+w {DROPIN}", f"chmod go-w {DROPIN}"),
])
def test_what_others_could_have_written_is_refused_with_the_command_that_mends_it(
    machine: Machine, spoil: str, mends: str
) -> None:
    machine.write(DROPIN, toml([TWO]).replace("[daemon]\n", ""))
    configure(machine, ONE)
    wait_ok(machine, "one", "two")
    before = workers(machine)
    machine.run(spoil)
    try:
        (fault,) = _faults(machine)
        assert fault.endswith(f"(run: {mends})")
        ended = machine.run("s3mountctl reload", check=False)
        assert (ended.returncode, mends in " ".join(ended.stderr.split())) == (2, True), ended
        assert workers(machine) == before
    finally:
        machine.run(mends)
    assert machine.run("s3mountctl check").stdout == "2 mounts, no faults.\n"
    machine.run("s3mountctl reload")
    assert workers(machine) == before
    assert status(machine)["daemon"]["problems"] == []


def test_a_folder_that_is_a_link_is_resolved_and_said(machine: Machine) -> None:
    machine.run("mkdir -p /srv/real && ln -sfn /srv/real /srv/link")
    linked = mount("one", folder="/srv/link/deep")
    configure(machine, linked)
    said = machine.run("s3mountctl check")
    assert "note: " in said.stderr
    assert "/srv/real/deep" in said.stderr
    assert re.search(r"s3mountd\[\d+\]: .*/srv/real/deep", machine.journal())
    wait_ok(machine, "one")
    assert look(machine, "one")["folder"] == "/srv/real/deep"
    assert mounts_on(machine, "/srv/real/deep") == ["fuse.mount-s3 s3://bucket-one"]
    assert machine.read("/srv/link/deep/hello.txt") == "hello from bucket-one\n"


def test_drop_ins_are_read_by_name_and_share_the_defaults(machine: Machine) -> None:
    machine.write("/etc/s3mountd/mounts.d/10-defaults.toml", "[defaults]\nread_only = true\n")
    machine.write(DROPIN, toml([TWO]).replace("[daemon]\n", ""))
    machine.write("/etc/s3mountd/mounts.d/30-off.toml.disabled", "nonsense")
    configure(machine, ONE)
    wait_ok(machine, "one", "two")
    assert [one["name"] for one in status(machine)["mounts"]] == ["one", "two"]
    assert all(machine.run(f"touch /srv/{name}/new", check=False).returncode for name in ("one", "two"))
    kept = look(machine, "one")["pid"]
    machine.run(["rm", DROPIN])
    machine.run("s3mountctl reload")
    assert [one["name"] for one in status(machine)["mounts"]] == ["one"]
    assert look(machine, "one")["pid"] == kept
    machine.wait_until(lambda: not mounts_on(machine, "/srv/two"), 10, "the folder is plain")


def test_a_daemon_that_starts_with_a_bad_file_goes_on_with_what_it_accepted_last(machine: Machine) -> None:
    configure(machine, ONE, TWO)
    wait_ok(machine, "one", "two")
    before = workers(machine)
    digest = status(machine)["daemon"]["config_digest"]
    machine.write(CONFIG, toml([{**ONE, "buckett": "x"}]))
    machine.run("systemctl restart s3mountd")
    wait_ok(machine, "one", "two")
    document = status(machine)
    assert workers(machine) == before
    assert document["daemon"]["config_digest"] == digest
    assert [problem.split(": ")[0] for problem in document["daemon"]["problems"]] == [f"{CONFIG}:9"]
    assert machine.run("s3mountctl status", check=False).returncode == 1
    assert "1 fault" in show(machine, "s3mountd", "StatusText")
    old = look(machine, "one")["pid"]
    kill(machine, old)
    machine.wait_until(lambda: look(machine, "one")["pid"] not in (0, old), 10, "the accepted mount is still kept")
    wait_ok(machine, "one")


def test_a_first_start_with_a_bad_file_runs_and_says_what_is_wrong(machine: Machine) -> None:
    machine.run("systemctl stop s3mountd && rm -f /var/lib/s3mountd/accepted.json")
    machine.write(CONFIG, "[[mount]\n")
    machine.run("systemctl start s3mountd")
    document = status(machine)
    assert document["mounts"] == []
    assert document["daemon"]["problems"][0].startswith(f"{CONFIG}:1: not valid TOML")
    assert machine.run("s3mountctl status", check=False).returncode == 1
    configure(machine, ONE)
    wait_ok(machine, "one")
    assert status(machine)["daemon"]["problems"] == []


def test_a_missing_folder_is_made_with_the_owner_of_its_parent(machine: Machine) -> None:
    machine.run("rm -rf /home/rob/data; chown rob: /home/rob")
    configure(machine, mount("home", folder="/home/rob/data/deep"), mount("other", "bucket-two", user="rob"))
    wait_ok(machine, "home", "other")
    assert machine.run("stat -c %U:%G /home/rob/data /home/rob/data/deep /home/rob/data/deep/hello.txt "
                       "/srv/other/hello.txt").stdout.split() == ["rob:rob"] * 4
    assert machine.run("cat /home/rob/data/deep/hello.txt", user="rob").stdout == "hello from bucket-one\n"


def test_a_folder_with_files_is_refused_until_it_is_empty_or_shall_be_hidden(machine: Machine) -> None:
    machine.run("mkdir -p /srv/full && echo precious >/srv/full/file")
    full = mount("full")
    configure(machine, full)
    one = wait_for(machine, "full", state="failed", code="folder-not-empty")
    assert "file" in one["reason"]["text"]
    assert machine.read("/srv/full/file") == "precious\n"
    assert machine.run("s3mountctl status", check=False).returncode == 2
    configure(machine, {**full, "nonempty": "hide"})
    wait_ok(machine, "full")
    assert machine.read("/srv/full/hello.txt") == "hello from bucket-one\n"
    configure(machine)
    machine.wait_until(lambda: not mounts_on(machine, "/srv/full"), 10, "the folder is plain")
    assert machine.read("/srv/full/file") == "precious\n"
    machine.run("rm -r /srv/full")


def test_keys_never_leave_the_files(machine: Machine) -> None:
    configure(machine, ONE)
    wait_ok(machine, "one")
    secret = KEYS.split(" = ")[-1].strip()
    unit, pid = look(machine, "one")["unit"], look(machine, "one")["pid"]
    places = [machine.run(f"systemctl show {unit}; systemctl cat {unit}").stdout, machine.journal(),
              machine.run("s3mountctl status --json; s3mountctl status one").stdout,
              machine.run(f"tr '\\0' '\\n' </proc/{pid}/environ; tr '\\0' '\\n' </proc/{pid}/cmdline").stdout]
    assert all(secret not in place for place in places)
    assert machine.run("cat /run/s3mountd/keys/*/*", user="rob", check=False).returncode != 0
    assert secret in machine.read("/run/s3mountd/keys/one/credentials"), "it was looked for in vain"

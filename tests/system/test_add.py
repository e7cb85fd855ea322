"""Mounts added and removed at the command line, as a new user does it."""

from __future__ import annotations

import json

import pytest

from tests.machine import Machine
from tests.machine.kit import ENDPOINT
from tests.s3.seaweed import ADMIN
from tests.system import kit
from tests.system.dialogue import converse
from tests.system.kit import CONFIG, KEYS, configure, mount, mounts_on, status, wait_ok

pytestmark = pytest.mark.once("13")

STORE = f"--provider seaweedfs --endpoint-url {ENDPOINT}"
DROPINS = "/etc/s3mountd/mounts.d"


@pytest.fixture
def keys(machine: Machine) -> None:
    machine.write("/root/.aws/credentials", KEYS, 0o600)


@pytest.mark.usefixtures("keys")
def test_one_line_adds_a_mount_and_one_removes_it(machine: Machine) -> None:
    words = f"s3://bucket-one /srv/added {STORE} --allow-delete --set check='{{interval=\"5min\"}}'"
    done = machine.run(f"s3mountctl add {words}")
    assert machine.read("/srv/added/hello.txt") == "hello from bucket-one\n"
    written = machine.read(f"{DROPINS}/added.toml")
    assert written in done.stdout
    assert written == (f'[[mount]]\nname = "added"\nbucket = "bucket-one"\nfolder = "/srv/added"\n'
                       f'provider = "seaweedfs"\nendpoint_url = "{ENDPOINT}"\nallow_delete = true\n'
                       f'check = {{ interval = "5min" }}\n')
    machine.run("s3mountctl remove added")
    assert mounts_on(machine, "/srv/added") == []
    assert machine.run(f"ls {DROPINS}").stdout == ""
    assert status(machine)["mounts"] == []


@pytest.mark.usefixtures("keys")
def test_what_cannot_come_is_told_with_its_reason(machine: Machine) -> None:
    refused = machine.run(f"s3mountctl add no-such-bucket /srv/added {STORE}", check=False)
    assert refused.returncode == 2
    assert "there is no bucket no-such-bucket" in refused.stderr
    assert "s3mountctl explain bucket-missing" in refused.stderr
    assert (refused.stdout, machine.run(f"ls {DROPINS}").stdout) == ("", "")
    done = machine.run(f"s3mountctl add no-such-bucket /srv/added {STORE} --no-check", check=False)
    assert done.returncode == 2
    assert "there is no bucket no-such-bucket" in done.stdout
    machine.run("s3mountctl remove added")


@pytest.mark.parametrize(("fault", "says"), [
    (("--endpoint-url", "http://127.0.0.1:9"), "connection"),
    (("--profile", "nobody"), "profile"),
])
@pytest.mark.usefixtures("keys")
def test_a_store_that_says_no_is_told_at_once(machine: Machine, fault: tuple[str, str], says: str) -> None:
    refused = machine.run(f"s3mountctl add bucket-one /srv/added {STORE} {' '.join(fault)}", check=False)
    assert refused.returncode == 2
    assert says in refused.stderr
    assert machine.run(f"ls {DROPINS}").stdout == ""


def test_the_keys_are_those_of_who_will_have_the_folder(machine: Machine) -> None:
    machine.write("/home/rob/.aws/credentials", KEYS, 0o600)
    machine.run("chown -R rob: /home/rob/.aws")
    machine.run(f"s3mountctl add bucket-one /home/rob/deep/bucket {STORE}")
    assert machine.run("cat /home/rob/deep/bucket/hello.txt", user="rob").stdout == "hello from bucket-one\n"
    machine.run("s3mountctl remove bucket")
    machine.run("rm -rf /home/rob/.aws /home/rob/deep")


@pytest.mark.usefixtures("keys")
def test_a_person_is_asked_for_what_is_not_said(machine: Machine) -> None:
    assert machine.run("s3mountctl add </dev/null", check=False).returncode == 64
    status_, seen = converse(machine, "s3mountctl add", [
        ("its URL [1]: ", ENDPOINT), ("A number [1]: ", ""), ("or new [1]: ", "bucket-two"),
        ("[/root/bucket-two]: ", "/srv/asked"), ("[y/N]: ", "n"), ("[Y/n]: ", "y")])
    assert status_ == 0, seen
    assert machine.read("/srv/asked/hello.txt") == "hello from bucket-two\n"
    written = machine.read(f"{DROPINS}/asked.toml")
    assert 'provider = "seaweedfs"' in written, "the store was asked"
    assert 'credentials = { user = "root" }' in written


@pytest.mark.parametrize(("words", "says"), [
    ("s3://bucket-one /srv/added --region us-west-22", 'region: "us-west-22" is not an AWS region'),
    ("s3://bucket-one /srv/added --set standbi=true", 'standbi: unknown key (did you mean "standby"?)'),
    ("s3://bucket-one /etc", 'folder: "/etc" belongs to the system'),
    ("s3://bucket-one /srv/файлы --endpoint-url s3.test:9000", "--endpoint-url s3.test:9000: a URL begins with"),
    ("s3://bucket-one /srv/first/inside", 'lies in the folder of mount "first"'),
    ("s3://bucket-one /srv/other/first", '"first" is also the name of the mount at'),
])
def test_what_would_be_refused_is_not_written(machine: Machine, words: str, says: str) -> None:
    configure(machine, mount("first"))
    done = machine.run(f"s3mountctl add {words}", check=False)
    assert done.returncode == 64
    assert says in done.stderr
    assert machine.run(f"ls {DROPINS}").stdout == ""


@pytest.mark.parametrize(("prepare", "says", "helps"), [
    ("mkdir /srv/added && touch /srv/added/mine", "/srv/added is not empty (it holds mine)", "--set nonempty=hide"),
    ("touch /srv/added", "/srv/added cannot be used: it is not a folder", "name another folder"),
    ("mkdir /srv/added && mount -t tmpfs campus /srv/added", "something else is mounted on /srv/added (tmpfs campus)",
     "s3mountctl import mount-s3 --take-over"),
])
@pytest.mark.usefixtures("keys")
def test_a_folder_that_cannot_be_mounted_on_is_told_before(
        machine: Machine, prepare: str, says: str, helps: str) -> None:
    machine.run(prepare)
    try:
        done = machine.run(f"s3mountctl add bucket-one /srv/added {STORE}", check=False)
        said = " ".join(done.stderr.split())
        assert (done.returncode, says in said, helps in said) == (2, True, True), said
        assert machine.run(f"ls {DROPINS}").stdout == ""
    finally:
        machine.run("umount -q /srv/added; rm -rf /srv/added", check=False)


@pytest.mark.usefixtures("keys")
def test_a_folder_whose_name_has_no_letter_that_a_mount_may_have(machine: Machine) -> None:
    machine.run(f"s3mountctl add bucket-one /srv/файлы {STORE}")
    assert machine.read("/srv/файлы/hello.txt") == "hello from bucket-one\n"
    close = machine.run("s3mountctl remove 'bucket one'", check=False)
    assert "did you mean 'bucket-one'?" in close.stderr
    machine.run("s3mountctl remove bucket-one")


def test_who_may_not_write_is_told_before_any_work(machine: Machine) -> None:
    ended, seen = converse(machine, "s3mountctl add", [], "rob")
    assert (ended, "use sudo" in seen, "Which store" in seen) == (2, True, False), seen
    editor = machine.run("s3mountctl edit", user="rob", check=False, env=kit.editor(machine, "s/a/b/"))
    assert "you may not do this: /etc/s3mountd/mounts.toml" in " ".join(editor.stderr.split())


def test_nothing_is_written_without_rights_or_when_it_is_only_tried(machine: Machine) -> None:
    tried = machine.run(f"s3mountctl add bucket-one /srv/added {STORE} --dry-run")
    assert 'bucket = "bucket-one"' in tried.stdout
    refused = machine.run(f"s3mountctl add bucket-one /srv/added {STORE}", user="rob", check=False)
    assert refused.returncode == 2
    assert "you may not do this" in refused.stderr
    assert "use sudo" in refused.stderr
    assert machine.run(f"ls -A {DROPINS}").stdout == ""


def test_remove_keeps_what_a_person_wrote(machine: Machine) -> None:
    configure(machine, mount("first"), mount("second", "bucket-two"))
    wait_ok(machine, "first", "second")
    text = machine.read(CONFIG).replace("[[mount]]\nname = \"second\"", "# mine\n[[mount]]\nname = \"second\"")
    machine.write(CONFIG, text)
    machine.run("s3mountctl remove first")
    left = machine.read(CONFIG)
    assert "# mine\n[[mount]]\nname = \"second\"" in left
    assert '"first"' not in left
    assert [one["name"] for one in json.loads(machine.run("s3mountctl status --json").stdout)["mounts"]] == ["second"]
    assert machine.run("s3mountctl remove first", check=False).returncode == 64


def test_an_edited_file_is_taken_on(machine: Machine) -> None:
    configure(machine, mount("first"))
    wait_ok(machine, "first")
    done = machine.run("s3mountctl edit first", env=kit.editor(machine, "s/^bucket = .*/bucket = \"bucket-two\"/"))
    assert "bucket: \"bucket-one\" -> \"bucket-two\"" in done.stdout
    assert machine.read("/srv/first/hello.txt") == "hello from bucket-two\n"


def test_a_draft_with_faults_changes_nothing(machine: Machine) -> None:
    configure(machine, mount("first"))
    wait_ok(machine, "first")
    before = machine.read(CONFIG)
    done = machine.run("s3mountctl edit", env=kit.editor(machine, "s/^folder/foldr/"), check=False)
    assert done.returncode == 2
    assert 'foldr: unknown key (did you mean "folder"?)' in done.stderr
    assert "nothing was changed" in done.stderr
    assert machine.read(CONFIG) == before
    assert machine.run("s3mountctl edit", env={"EDITOR": "true"}).stderr == "s3mountctl: nothing was changed\n"
    none = machine.run("s3mountctl edit", env={"EDITOR": "/nonexistent"}, check=False)
    assert (none.returncode, "set EDITOR" in none.stderr) == (64, True)


def test_keys_that_only_the_daemon_gets_at_are_not_missed(machine: Machine) -> None:
    keys = json.dumps({"aws_access_key_id": ADMIN.access_key, "aws_secret_access_key": ADMIN.secret_key})
    machine.run("s3mountctl secret set added", input=keys)
    machine.run(f"s3mountctl add bucket-one /srv/added {STORE} --set 'credentials={{systemd_credential=\"added\"}}'")
    assert machine.read("/srv/added/hello.txt") == "hello from bucket-one\n"

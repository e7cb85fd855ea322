"""Mounts of other tools taken over: what runs by hand, and what fstab says."""

from __future__ import annotations

import json

import pytest

from tests.machine import Machine
from tests.machine.kit import ENDPOINT
from tests.s3.seaweed import ADMIN
from tests.system.kit import KEYS, mounts_on, opened, status, wait_ok

pytestmark = pytest.mark.once("13")

DROPINS = "/etc/s3mountd/mounts.d"
BY_HAND = f"mount-s3 bucket-one /srv/hand --endpoint-url {ENDPOINT} --force-path-style --allow-other --allow-delete"


@pytest.fixture
def by_hand(machine: Machine) -> Machine:
    """A machine on which somebody mounted a bucket without s3mountd."""
    machine.write("/root/.aws/credentials", KEYS, 0o600)
    machine.run("mkdir -p /srv/hand")
    machine.run(BY_HAND)
    assert machine.read("/srv/hand/hello.txt") == "hello from bucket-one\n"
    return machine


def test_what_was_mounted_by_hand_is_taken_over_when_nobody_uses_it(by_hand: Machine) -> None:
    machine = by_hand
    before = mounts_on(machine, "/srv/hand")
    with opened(machine, "/srv/hand/hello.txt", "r") as handle:
        refused = machine.run("s3mountctl import mount-s3 --provider seaweedfs --take-over --timeout 2s", check=False)
        assert handle.ask("read") != "ENOTCONN"
        assert refused.returncode == 2
        assert f"({handle.pid}) /srv/hand/hello.txt" in " ".join(refused.stderr.split())
        assert "nothing was changed" in refused.stderr
        assert machine.run(f"ls {DROPINS}").stdout == ""
        assert (mounts_on(machine, "/srv/hand"), status(machine)["mounts"]) == (before, [])
    done = machine.run("s3mountctl import mount-s3 --provider seaweedfs --take-over")
    assert machine.read(f"{DROPINS}/hand.toml") == (
        '[[mount]]\nname = "hand"\nbucket = "bucket-one"\nfolder = "/srv/hand"\nprovider = "seaweedfs"\n'
        f'endpoint_url = "{ENDPOINT}"\nallow_delete = true\ncredentials = {{ user = "root" }}\n')
    assert "unmounted as soon as no program has anything of it open" in " ".join(done.stderr.split())
    wait_ok(machine, "hand")
    assert mounts_on(machine, "/srv/hand") == ["fuse.mount-s3 s3://bucket-one"]
    assert machine.read("/srv/hand/hello.txt") == "hello from bucket-one\n"
    again = machine.run("s3mountctl import mount-s3")
    assert "there is nothing to import" in again.stderr


def test_without_consent_it_is_left_alone(by_hand: Machine) -> None:
    machine = by_hand
    done = machine.run("s3mountctl import mount-s3 --provider seaweedfs --no-wait --json", check=False)
    assert json.loads(done.stdout)["import"]["mounts"][0]["bucket"] == "bucket-one"
    machine.wait_until(lambda: status(machine)["mounts"][0]["state"] == "foreign", 10, "the daemon keeps away")
    machine.run("umount /srv/hand")
    wait_ok(machine, "hand")


def test_lines_of_fstab(machine: Machine) -> None:
    machine.write("/root/.aws/credentials", KEYS, 0o600)
    machine.write("/srv/fstab", "# mine\n"
                  f"bucket-one /srv/one mount-s3 _netdev,allow-other,ro,endpoint-url={ENDPOINT},force-path-style 0 0\n"
                  f"bucket-two /srv/two fuse.s3fs url={ENDPOINT},use_path_request_style,profile=default,dbglevel=err\n")
    done = machine.run("s3mountctl import fstab /srv/fstab --provider seaweedfs")
    wait_ok(machine, "one", "two")
    assert machine.read(f"{DROPINS}/fstab.toml") in done.stdout
    assert machine.read("/srv/two/hello.txt") == "hello from bucket-two\n"
    assert machine.run("touch /srv/one/new", check=False).returncode == 1
    machine.run("echo new > /srv/two/new && rm /srv/two/new")
    assert "left out: /srv/one is configured already" in machine.run(
        "s3mountctl import fstab /srv/fstab --dry-run", check=False).stderr


def test_the_store_of_s3cmd_with_its_keys_where_they_are(machine: Machine) -> None:
    machine.write("/home/rob/.s3cfg", f"[default]\naccess_key = {ADMIN.access_key}\nsecret_key = {ADMIN.secret_key}\n"
                  f"host_base = {ENDPOINT.removeprefix('http://')}\nuse_https = False\n", 0o600)
    machine.run("chown rob: /home/rob/.s3cfg")
    machine.run("s3mountctl import s3cfg /home/rob/.s3cfg --bucket bucket-one --folder /srv/kopah --provider seaweedfs")
    assert machine.read("/srv/kopah/hello.txt") == "hello from bucket-one\n"
    written = machine.read(f"{DROPINS}/kopah.toml")
    assert 'credentials = { s3cfg = "/home/rob/.s3cfg" }' in written
    assert ADMIN.secret_key not in written
    machine.run("rm /home/rob/.s3cfg")

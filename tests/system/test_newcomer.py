"""Somebody new, with a store, keys and the packages: three commands to the first file, and what a wrong way is told."""

from __future__ import annotations

import base64

import pytest

from tests.machine import Machine
from tests.machine.inside import Result
from tests.machine.newcomer import AWS, CEPH, CEPH_BUCKET, INSTALL, Way, arrive
from tests.system import kit
from tests.system.dialogue import converse

pytestmark = pytest.mark.once("13")


def typed(machine: Machine, command: str, check: bool = True) -> Result:
    """What comes of it in the home of that person."""
    return machine.run(f"cd && {command}", check, 180, user="rob")


def stored(machine: Machine, way: Way) -> str:
    """The first file, as the store has it."""
    answer = kit.store(machine, "get_object", way.endpoint, Bucket=way.bucket, Key="notes.txt")
    return base64.b64decode(answer["Body"]).decode()


def test_from_nothing_to_a_file_in_ceph(bare_machine: Machine) -> None:
    machine = bare_machine
    arrive(machine, CEPH)
    install, add, use = CEPH.commands
    typed(machine, install)
    for wrong, status, says in (
        (add.replace("--ca-bundle campus-ca.pem ", ""), 2, ("its CA is not trusted", "--ca-bundle")),
        (add.replace("--ca-bundle campus-ca.pem", "--ca-bundle campus.pem"), 2, ("campus.pem: No such file",)),
        (add.replace("--s3cfg .s3cfg", ""), 2, ("does not accept the key: SignatureDoesNotMatch", "--profile")),
        (add.replace("--s3cfg .s3cfg", "--profile kopah"), 2, ("the profile is not in the credentials files",)),
        (add.replace(CEPH_BUCKET, "hilbret-1920384756"), 2, (f"did you mean {CEPH_BUCKET}?",)),
        (add.replace("https", "http", 1), 2, ("speaks another protocol: TLS, not plain HTTP",)),
        (add.replace(".test", ".tset"), 2, ("s3.ceph.tset", "does not resolve")),
    ):
        refused = typed(machine, wrong, check=False)
        said = " ".join(refused.stderr.split())
        assert (refused.returncode, [one for one in says if one not in said]) == (status, []), (wrong, said)
        assert machine.run("ls /etc/s3mountd/mounts.d").stdout == "", wrong
    done = typed(machine, add)
    assert 'provider = "ceph"' in done.stdout
    assert "kopah: mounted on /home/rob/kopah" in done.stdout
    typed(machine, use)
    assert stored(machine, CEPH) == "precious data\n"
    assert kit.look(machine, "kopah")["writes"]["way"] == "front"
    typed(machine, "sudo s3mountctl remove kopah")
    ended, seen = converse(machine, "sudo s3mountctl add", [
        ("its URL [1]: ", "2"), ("or Enter for another store: ", "~/campus-ca.pem"), ("A number [1]: ", ""),
        ("or new [1]: ", ""), (f"[/home/rob/{CEPH_BUCKET}]: ", "~/asked"), ("[y/N]: ", ""), ("[Y/n]: ", "")], "rob")
    assert ended == 0, seen
    assert typed(machine, "cat ~/asked/notes.txt").stdout == "precious data\n"


def test_from_nothing_to_a_file_in_aws_with_mount_s3_coming_late(bare_machine: Machine) -> None:
    machine = bare_machine
    arrive(machine, AWS)
    typed(machine, INSTALL.replace("./mount-s3.deb ", ""))
    early = typed(machine, AWS.add, check=False)
    assert early.returncode == 2
    assert "mount-s3 is not installed" in early.stdout
    assert "s3mountctl doctor" in early.stdout
    assert "sudo apt install ./mount-s3.deb" in typed(machine, "s3mountctl doctor", check=False).stdout
    typed(machine, "sudo apt install -y ./mount-s3.deb")
    kit.wait_ok(machine, "bucket", timeout=60)
    typed(machine, AWS.use)
    assert stored(machine, AWS) == "precious data\n"

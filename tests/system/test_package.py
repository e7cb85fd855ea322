"""The package: installed, upgraded and downgraded under load, removed, purged."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.machine import Machine
from tests.machine.cache import REPO
from tests.machine.equip import package
from tests.machine.kit import ENDPOINT
from tests.s3.seaweed import ADMIN
from tests.system import kit

SMOKE = REPO / "packaging/debian/tests/smoke"
KEYS = f"[default]\naws_access_key_id = {ADMIN.access_key}\naws_secret_access_key = {ADMIN.secret_key}\n"
MOUNT = """
[[mount]]
name = "{name}"
bucket = "{bucket}"
folder = "/srv/{name}"
provider = "seaweedfs"
endpoint_url = "{endpoint}"
"""
NEWER, OLDER = "99.0.0", "0.0.1"

# Reads, lists and writes in a folder without a pause until its input ends; a line for each fault, then a count.
LOAD = """
import os, pathlib, sys, threading
folder, rounds = pathlib.Path(sys.argv[1]), 0
asked = threading.Thread(target=sys.stdin.read)
asked.start()
print("begun", flush=True)
while asked.is_alive():
    try:
        text = (folder / "hello.txt").read_text()
        if not text.startswith("hello from"):
            print("fault: wrong bytes", text[:20])
        if "hello.txt" not in os.listdir(folder):
            print("fault: a folder without its files")
        if rounds % 20 == 0:
            (folder / f"load-{rounds}").write_text(str(rounds))
    except OSError as error:
        print("fault:", error)
    rounds += 1
print("rounds", rounds)
"""

# Opens a file in the mount, writes, and closes it only when it is told to by the end of its input.
UPLOAD = """
import sys
with open(sys.argv[1], "w") as file:
    file.write("first half, ")
    file.flush()
    print("open", flush=True)
    sys.stdin.read()
    file.write("second half")
print("closed", flush=True)
"""

FETCH = f"""
import boto3, sys
s3 = boto3.client("s3", endpoint_url="{ENDPOINT}", region_name="us-east-1",
                  aws_access_key_id="{ADMIN.access_key}", aws_secret_access_key="{ADMIN.secret_key}")
print(s3.get_object(Bucket=sys.argv[1], Key=sys.argv[2])["Body"].read().decode())
"""


def _answers(machine: Machine, version: str) -> bool:
    said = machine.run("s3mountctl status --json", check=False)
    return said.returncode != 3 and bool(json.loads(said.stdout)["version"] == version)


def _fetch(machine: Machine, key: str) -> str:
    """What bucket-one has under that key, asked of the store itself."""
    return machine.run(["/usr/bin/python3", "-c", FETCH, "bucket-one", key]).stdout


def _property(machine: Machine, unit: str, name: str) -> str:
    return machine.run(["systemctl", "show", "--value", "-p", name, unit]).stdout.strip()


def _bucket_mounts(machine: Machine) -> str:
    return machine.run("grep -E 'mount-s3|s3mountd-guard' /proc/self/mountinfo", check=False).stdout


def _mount(machine: Machine, *buckets: str) -> None:
    """Mount each bucket on /srv/NAME, NAME being its last word, and wait until all are proven."""
    names = [bucket.rpartition("-")[2] for bucket in buckets]
    pairs = zip(names, buckets, strict=True)
    config = "".join(MOUNT.format(name=name, bucket=bucket, endpoint=ENDPOINT) for name, bucket in pairs)
    machine.write("/root/.aws/credentials", KEYS, 0o600)
    machine.write("/etc/s3mountd/mounts.toml", config)
    machine.run("s3mountctl reload")
    machine.run(["s3mountctl", "wait", "--timeout", "30s", *names])


@contextmanager
def _load(machine: Machine, folder: str) -> Iterator[list[str]]:
    """Readers and writers in the folder all the while; afterwards the list holds what they met."""
    met: list[str] = []
    command = ["/usr/bin/python3", "-c", LOAD, folder]
    process = machine.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    try:
        yield met
        met += process.communicate(b"", timeout=30)[0].decode().splitlines()
    finally:
        process.kill()


def _apt(machine: Machine, *words: str) -> str:
    return machine.run(
        ["apt-get", "-y", *words], env={"DEBIAN_FRONTEND": "noninteractive"}, timeout=180
    ).stdout


def test_installed_it_is_enabled_runs_and_says_that_nothing_is_configured(bare_machine: Machine) -> None:
    bare_machine.install_deb(package())
    assert (
        bare_machine.run("systemctl is-enabled s3mountd; systemctl is-active s3mountd").stdout
        == "enabled\nactive\n"
    )
    assert json.loads(bare_machine.run("s3mountctl status --json").stdout)["mounts"] == []
    example = bare_machine.read("/usr/share/doc/s3mountd/examples/mounts.toml")
    assert bare_machine.read("/etc/s3mountd/mounts.toml") == example
    shown = bare_machine.run("s3mountctl status")
    assert "No mounts are configured" in shown.stdout
    bare_machine.reboot()
    assert bare_machine.failed_units == ()
    assert _property(bare_machine, "s3mountd", "ActiveState") == "active"


def test_the_smoke_test_of_the_package_passes(bare_machine: Machine) -> None:
    bare_machine.install_deb(package())
    bare_machine.copy_in(SMOKE, "/root/smoke", 0o755)
    assert bare_machine.run(["/root/smoke"]).stdout.endswith("smoke: all well\n")


def test_the_daemon_is_sandboxed_and_still_in_the_mount_namespace_of_the_host(bare_machine: Machine) -> None:
    bare_machine.install_deb(package())
    said = bare_machine.run("systemd-analyze security --no-pager s3mountd.service").stdout
    found = re.search(r"Overall exposure level for s3mountd.service: ([\d.]+)", said)
    assert found is not None, said
    print(f"exposure of the daemon's unit: {found[1]}")
    assert float(found[1]) <= 4.5
    daemon = _property(bare_machine, "s3mountd", "MainPID")
    ours, theirs = bare_machine.run(f"readlink /proc/1/ns/mnt /proc/{daemon}/ns/mnt").stdout.split()
    assert ours == theirs
    units = "s3mountd.service s3mount.slice s3mount-wait@x.service"
    verified = bare_machine.run(f"systemd-analyze verify {units}", check=False)
    assert (verified.returncode, verified.stderr) == (0, "")


def test_a_client_does_not_start_a_daemon_that_was_disabled(bare_machine: Machine) -> None:
    bare_machine.install_deb(package())
    bare_machine.run("systemctl disable --quiet --now s3mountd")
    assert bare_machine.run("s3mountctl status", check=False).returncode == 3
    assert _property(bare_machine, "s3mountd", "ActiveState") == "inactive"
    _apt(bare_machine, "install", "--reinstall", bare_machine.share(package()))
    assert bare_machine.run("systemctl is-enabled s3mountd", check=False).stdout == "disabled\n"


def test_upgrade_and_downgrade_under_load_keep_every_worker(own_machine: Machine) -> None:
    _mount(own_machine, "bucket-one", "bucket-two")
    workers = kit.workers(own_machine)
    assert len(workers) == 2
    config = own_machine.read("/etc/s3mountd/mounts.toml")
    daemons = [_property(own_machine, "s3mountd", "MainPID")]
    with _load(own_machine, "/srv/one") as met:
        for version in (NEWER, OLDER):
            own_machine.install_deb(package(version))
            own_machine.wait_until(partial(_answers, own_machine, version), 10, f"{version} answers")
            daemons.append(_property(own_machine, "s3mountd", "MainPID"))
            assert kit.workers(own_machine) == workers
            own_machine.run("s3mountctl wait --timeout 10s one two")
    assert len(set(daemons)) == 3, "the daemon was not exchanged"
    assert [line for line in met if line.startswith("fault")] == []
    rounds = int(met[-1].split()[1])
    assert rounds > 100
    print(f"{rounds} rounds of reads, lists and writes over two exchanges of the package")
    assert own_machine.read("/etc/s3mountd/mounts.toml") == config
    assert _fetch(own_machine, "load-0") == "0\n"


@pytest.mark.parametrize("daemon", ["running", "stopped"])
def test_removed_it_drains_and_unmounts_and_purged_it_leaves_nothing(
    own_machine: Machine, daemon: str
) -> None:
    _mount(own_machine, "bucket-one", "bucket-two")
    if daemon == "stopped":
        own_machine.run("systemctl stop s3mountd")
    assert len(kit.workers(own_machine)) == 2
    command = ["/usr/bin/python3", "-c", UPLOAD, "/srv/one/late"]
    upload = own_machine.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert upload.stdout is not None
    assert upload.stdout.readline() == b"open\n"
    removal = own_machine.popen("exec apt-get -y remove s3mountd 2>&1", stdout=subprocess.PIPE)
    own_machine.wait_until(lambda: not _bucket_mounts(own_machine), 20, "the folders are plain")
    time.sleep(1)  # a removal that does not wait for the upload would be over by now
    assert removal.poll() is None, "it did not wait for the file that is still open"
    assert upload.communicate(b"", 30)[0] == b"closed\n"
    said = removal.communicate(timeout=120)[0].decode()
    assert removal.returncode == 0, said
    assert _fetch(own_machine, "late") == "first half, second half\n"
    assert kit.running(own_machine) == {}
    assert own_machine.run("ls -A /srv/one /srv/two").stdout == "/srv/one:\n\n/srv/two:\n"
    own_machine.read("/etc/s3mountd/mounts.toml")
    _apt(own_machine, "purge", "s3mountd")
    assert own_machine.run("find /etc /var /run /usr -name '*s3mount*'").stdout == ""


def test_a_service_can_be_ordered_after_a_bucket(own_machine: Machine) -> None:
    _mount(own_machine, "bucket-one")
    own_machine.run("systemctl start s3mount-wait@one.service")
    assert _property(own_machine, "s3mount-wait@one.service", "ActiveState") == "active"
    limit = "[Service]\nEnvironment=WAIT_TIMEOUT=2s\n"
    own_machine.write("/etc/systemd/system/s3mount-wait@nobody.service.d/limit.conf", limit)
    own_machine.run("systemctl daemon-reload")
    refused = own_machine.run("systemctl start s3mount-wait@nobody.service", check=False)
    assert refused.returncode != 0
    assert "nobody" in own_machine.journal("--unit", "s3mount-wait@nobody.service")


def test_completions_and_pages_are_found_where_shells_and_man_look(bare_machine: Machine) -> None:
    bare_machine.install_deb(package())
    bare_machine.run("bash -ec '. /usr/share/bash-completion/completions/s3mountctl; complete -p s3mountctl'")
    for page in ("8 s3mountd", "1 s3mountctl", "5 s3mountd.toml"):
        assert bare_machine.run(f"man -w {page}").stdout.startswith("/usr/share/man/man")
    paths = (
        "/usr/share/zsh/vendor-completions/_s3mountctl",
        "/usr/share/fish/vendor_completions.d/s3mountctl.fish",
    )
    bare_machine.run(["test", "-s", paths[0], "-a", "-s", paths[1]])


def test_the_same_sources_give_the_same_package(tmp_path: Path) -> None:
    built = []
    for name in ("first", "second"):
        command = [str(REPO / "packaging/build-deb.sh"), "--version", OLDER, str(tmp_path / name)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        built.append(Path(done.stdout.splitlines()[-1]))
    assert built[0].read_bytes() == built[1].read_bytes()

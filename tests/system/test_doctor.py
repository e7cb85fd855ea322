"""doctor, whoami, bucket and bundle on a machine that has users, mounts, a daemon, and secrets to keep."""

import json
import re
import time
from collections.abc import Iterator

import pytest

from tests.machine import Machine
from tests.machine.kit import ENDPOINT
from tests.s3.seaweed import ADMIN
from tests.system.kim import kim
from tests.system.kit import KEYS, configure, look, mount, store, wait_ok

pytestmark = pytest.mark.once("13")

AS_ROB = "runuser -u rob -- s3mountctl"
PLANTED = "plantedPLANTED0123456789/planted+PLANTED"
HOOK = "https://127.0.0.1:9/services/T0PLANTED0HOOK0123456789"


@pytest.fixture
def rob(machine: Machine) -> Iterator[None]:
    """A user with keys of his own, and a mount "his" in his home beside "one" of root's."""
    machine.run("mkdir -p /home/rob/.aws")
    machine.write("/home/rob/.aws/credentials", KEYS, 0o600)
    machine.run("chown -R rob: /home/rob/.aws")
    configure(machine, mount("one"), mount("his", "bucket-two", "/home/rob/his"))
    wait_ok(machine, "one", "his")
    yield
    machine.run("rm -rf /home/rob/.aws /home/rob/.bashrc.d /root/found")


def lines(machine: Machine, command: str) -> dict[str, dict[str, str]]:
    """What doctor says of its one mount, by name of the line."""
    found = json.loads(machine.run(f"{command} --json", check=False).stdout)
    return {one["name"]: one for one in found["mounts"][0]["findings"]}


@pytest.mark.usefixtures("rob")
def test_who_one_is_and_how_much_there_is(machine: Machine) -> None:
    assert "root: ~/.aws" in machine.run("s3mountctl whoami one").stdout
    assert "rob: ~/.aws" in machine.run("s3mountctl whoami his").stdout
    assert "rob: ~/.aws" in machine.run(f"{AS_ROB} whoami --endpoint-url {ENDPOINT}").stdout
    refused = machine.run(f"{AS_ROB} whoami one", check=False)
    assert (refused.returncode, "use sudo" in refused.stderr) == (2, True)
    made = machine.run(f"{AS_ROB} bucket create robs --yes --json --endpoint-url {ENDPOINT}").stdout
    name = json.loads(made)["bucket"]
    assert name in machine.run(f"{AS_ROB} bucket list --endpoint-url {ENDPOINT}").stdout
    machine.run(f"{AS_ROB} bucket remove {name} --yes --endpoint-url {ENDPOINT}")
    assert look(machine, "one")["size"] is None
    machine.run("s3mountctl bucket size --mount one")
    size = look(machine, "one")["size"]
    sizes = [one["Size"] for one in store(machine, "list_objects_v2", Bucket="bucket-one")["Contents"]]
    assert (size["objects"], size["bytes"]) == (len(sizes), sum(sizes))
    assert re.search(r" in \d+ objects?, counted", machine.run("s3mountctl status one").stdout)
    assert look(machine, "his")["size"] is None


def test_keys_that_only_their_user_and_the_broker_get(machine: Machine) -> None:
    with kim(machine, 3600):
        configure(machine, mount("lab", credentials={"user": "kim", "profile": "lab"}))
        machine.run("rm -r /root/.aws")
        wait_ok(machine, "lab")
        asked = int(machine.read("/home/kim/count"))
        # As root by the broker, which has them; the program is not run again.
        assert "identity    admin" in machine.run("s3mountctl whoami lab").stdout
        found = lines(machine, "s3mountctl doctor lab --write")
        assert {one["level"] for one in found.values()} <= {"ok", "skipped"}, found
        assert found["read"]["text"].startswith("hello.txt")
        assert int(machine.read("/home/kim/count")) == asked
        as_kim = f"runuser -u kim -- s3mountctl whoami --profile lab --endpoint-url {ENDPOINT}"
        assert "kim: ~/.aws, profile lab" in machine.run(as_kim).stdout
        assert int(machine.read("/home/kim/count")) == asked + 1
        configure(machine)


@pytest.mark.usefixtures("rob")
def test_a_sick_mount_and_no_daemon(machine: Machine) -> None:
    assert {one["level"] for one in lines(machine, "s3mountctl doctor one --write").values()} <= {"ok", "skipped"}
    pid = look(machine, "one")["pid"]
    machine.run("systemctl stop s3mountd")
    machine.run(["kill", "-STOP", str(pid)])
    begun = time.monotonic()
    try:
        found = lines(machine, "s3mountctl doctor one")
        assert found["folder"]["level"] == "bad"
        assert "callers hang" in found["folder"]["text"]
        assert (found["state"]["level"], found["list"]["level"]) == ("skipped", "ok")
        assert time.monotonic() - begun < 60
    finally:
        machine.run(["kill", "-CONT", str(pid)])
        machine.run("systemctl start s3mountd")
    wait_ok(machine, "one")


@pytest.mark.usefixtures("rob")
def test_keys_that_lie_open(machine: Machine) -> None:
    machine.run("chmod 644 /home/rob/.aws/credentials; mkdir -p /home/rob/.git; "
                f"echo 'export AWS_SECRET_ACCESS_KEY={PLANTED}' > /home/rob/.zshenv")
    try:
        said = machine.run("s3mountctl doctor --json", check=False)
        host = [one for one in json.loads(said.stdout)["host"] if one["level"] == "warning"]
        told = " ".join(one["text"] for one in host)
        assert "/home/rob/.aws/credentials holds keys and can be read by others (mode 0644)" in told
        assert "lies in the git work tree /home/rob" in told
        assert "/home/rob/.zshenv:1" in told
        assert PLANTED not in said.stdout
    finally:
        machine.run("rm -rf /home/rob/.git /home/rob/.zshenv")


@pytest.mark.usefixtures("rob")
def test_nothing_secret_is_in_a_bundle(machine: Machine) -> None:
    machine.write("/home/rob/.aws/credentials", KEYS + f"[other]\naws_secret_access_key = {PLANTED}\n", 0o600)
    configure(machine, mount("one"), mount("his", "bucket-two", "/home/rob/his"), webhook=HOOK)
    machine.run("echo '# AKIAPLANTEDPLANTED22 was the old key' >> /etc/s3mountd/mounts.toml; s3mountctl reload")
    machine.run(f"systemd-run --wait --unit=s3mountd-planted echo 'the key {PLANTED} of AKIAPLANTEDPLANTED22 {HOOK}'")
    journal = "journalctl -u s3mountd-planted"
    machine.wait_until(lambda: PLANTED in machine.run(journal).stdout, 10, "it is in the journal")
    assert machine.run("s3mountctl bundle -o /root/found.tgz", check=False).returncode == 1
    machine.run("test ! -e /root/found.tgz")
    listed = machine.run("s3mountctl bundle -o /root/found.tgz --yes").stdout
    machine.run("mkdir /root/found && tar -xzf /root/found.tgz --strip-components=1 -C /root/found")
    there = machine.run("ls /root/found").stdout.split()
    assert set(there) >= {"configuration.json", "doctor.json", "journal-s3mountd.txt", "status.json", "units.txt"}
    assert all(name in listed for name in there)
    assert machine.run("stat -c %a /root/found.tgz").stdout.strip() == "600"
    assert "<removed>" in machine.run("grep planted /root/found/journal-s3mountd.txt").stdout
    assert "bucket-one" in machine.read("/root/found/configuration.json")
    assert '"mounted"' in machine.read("/root/found/status.json")
    for secret in (PLANTED, ADMIN.secret_key, ADMIN.access_key, "AKIAPLANTEDPLANTED22", "T0PLANTED0HOOK0123456789"):
        assert machine.run(["grep", "-rFl", secret, "/root/found"], check=False).stdout == "", secret
    machine.run("rm -rf /root/found /root/found.tgz")


@pytest.mark.usefixtures("rob")
def test_a_bundle_with_a_secret_in_it_is_not_written(machine: Machine) -> None:
    configure(machine, mount("one", prefix="AKIAPLANTEDPLANTED22/"), mount("his", "bucket-two", "/home/rob/his"))
    said = machine.run("s3mountctl bundle -o /root/refused.tgz --yes", check=False)
    assert (said.returncode, "status.json: something like a key" in said.stderr) == (2, True)
    assert "AKIAPLANTEDPLANTED22" not in said.stderr
    machine.run("test ! -e /root/refused.tgz")

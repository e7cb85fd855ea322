"""No file is lost on a store that takes a rename for an upload of nothing: Ceph's gateway, as it is, and by a front."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine import Machine, ceph
from tests.machine.ceph import NAME, PORTS, Gateway
from tests.machine.failures import FAILURES, happening, tell
from tests.machine.kit import ENDPOINT
from tests.s3.seaweed import ADMIN
from tests.s3.servers import Authority
from tests.system import kit
from tests.system.kim import expiry, gives, kim

WRITABLE = {"provider": "ceph", "allow_delete": True, "allow_overwrite": True}
VERDICTS = "/var/lib/s3mountd/writes.json"
HAPROXY = "/usr/sbin/haproxy"
BROKER_UNIT = "s3mountd-broker.service"
OTHER = "OTHERKEY000000000001"
BARE = """
mkdir -p /mnt/bare
AWS_EC2_METADATA_DISABLED=true mount-s3 bucket-one /mnt/bare --endpoint-url {endpoint} --force-path-style \
    --region us-east-1 --allow-delete --allow-overwrite
trap 'umount /mnt/bare' EXIT
echo precious >/mnt/bare/old
mv /mnt/bare/old /mnt/bare/new
echo status $?
"""


@pytest.fixture(scope="module")
def rgw18(shared_machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """RGW 18 with two buckets, its CA in /etc/ceph-ca.pem."""
    folder = tmp_path_factory.mktemp("ca")
    authority = Authority.make(folder)
    authority.certify("server", f"DNS:{NAME},IP:127.0.0.1")
    shared_machine.copy_in(folder / "ca.pem", "/etc/ceph-ca.pem", 0o644)
    made = ceph.start(shared_machine, "18", certificate=(folder / "server.pem", folder / "server.key"))
    yield made
    made.stop()


@pytest.fixture
def gateway(machine: Machine, rgw18: Gateway) -> Gateway:
    """Nobody has tried yet to write to it."""
    forget(machine)
    return rgw18


def forget(machine: Machine) -> None:
    """Nothing is known of any store."""
    machine.run(f"systemctl stop s3mountd && rm -f {VERDICTS} && systemctl start s3mountd")


def stored(machine: Machine, gateway: Gateway, key: str, bucket: str = "bucket-one") -> str:
    answer = kit.store(machine, "get_object", gateway.endpoint, Bucket=bucket, Key=key)
    return base64.b64decode(answer["Body"]).decode()


def keys(machine: Machine, gateway: Gateway, bucket: str = "bucket-one") -> list[str]:
    listed = kit.store(machine, "list_objects_v2", gateway.endpoint, Bucket=bucket)
    return [one["Key"] for one in listed.get("Contents", [])]


def front_units(machine: Machine, kind: str = "service") -> list[str]:
    """The fronts' units."""
    listed = machine.run(f"systemctl list-units --plain --no-legend 's3mountd-front-*.{kind}'").stdout
    return [line.split()[0] for line in listed.splitlines()]


def front(machine: Machine, kind: str = "service") -> str:
    """The one front's unit."""
    return front_units(machine, kind)[0]


def status_of(machine: Machine, command: str) -> int:
    return machine.run(command, check=False).returncode


def give_key(gateway: Gateway, access: str, secret: str) -> None:
    """Another key of the gateway's admin."""
    gateway.admin("key", "create", "--uid=admin", "--key-type=s3", f"--access-key={access}", f"--secret-key={secret}")


def ours(gateway: Gateway, **more: object) -> kit.Document:
    return {**kit.mount("ceph"), "endpoint_url": gateway.endpoint, **WRITABLE, **more}


def test_bare_mount_s3_loses_what_is_renamed_and_a_front_does_not(machine: Machine, gateway: Gateway) -> None:
    machine.write("/root/.aws/credentials", kit.KEYS, 0o600)
    assert "status 0" in machine.run(["bash", "-c", BARE.format(endpoint=gateway.endpoint)]).stdout
    assert stored(machine, gateway, "new") == "", "the fault is there: mv has made an empty file and reported success"
    kit.configure(machine, ours(gateway))
    one, = kit.wait_ok(machine, "ceph", timeout=30)
    assert one["writes"] == {"verdict": "rename-unsafe", "way": "front", "policy": "auto",
                             "checked_at": one["writes"]["checked_at"]}
    assert one["reason"] is None
    machine.run("cd /srv/ceph && echo precious >old && echo other >target && cp /bin/bash large")
    assert status_of(machine, "mv /srv/ceph/old /srv/ceph/renamed") != 0
    assert status_of(machine, "mv /srv/ceph/old /srv/ceph/target") != 0
    assert status_of(machine, "sed -i s/precious/gone/ /srv/ceph/old") != 0
    assert [stored(machine, gateway, key) for key in ("old", "target")] == ["precious\n", "other\n"]
    machine.run("cmp /bin/bash /srv/ceph/large")
    assert "renamed" not in keys(machine, gateway)
    assert not [key for key in keys(machine, gateway) if key.startswith(".s3mountd")], "the scratch keys are gone"
    assert "front; the store is rename-unsafe, tried" in machine.run("s3mountctl status ceph").stdout
    rating = machine.run(["systemd-analyze", "security", "--no-pager", front(machine)]).stdout.split("service:")[-1]
    assert float(rating.split()[0]) <= 2.0
    seen = machine.run(f"nsenter -t {one['pid']} -n ip -o address").stdout
    assert {line.split()[1] for line in seen.splitlines()} == {"lo"}, "a worker cannot go around it"
    assert status_of(machine, f"ss -Hltn sport = :{PORTS['18']} | grep -q haproxy") != 0


def test_tls_by_name_with_a_ca_of_its_own(machine: Machine, gateway: Gateway) -> None:
    secure = {"endpoint_url": gateway.named(tls=True), "folder": "/srv/tls"}
    bare = {"endpoint_url": gateway.secret, "folder": "/srv/bare", "ca_bundle": "/etc/ceph-ca.pem"}
    kit.configure(machine, {**ours(gateway, ca_bundle="/etc/ceph-ca.pem", **secure), "name": "tls"},
                  {**ours(gateway, **bare), "name": "bare"},
                  {**ours(gateway, **secure), "name": "untrusted", "folder": "/srv/untrusted"})
    kit.wait_ok(machine, "tls", timeout=30)
    machine.run("echo precious >/srv/tls/file")
    assert status_of(machine, "mv /srv/tls/file /srv/tls/other") != 0
    assert stored(machine, gateway, "file") == "precious\n"
    kit.wait_for(machine, "untrusted", 20, code="tls-failed")
    one = kit.wait_for(machine, "bare", 30, code="no-front", state="mounted", health="degraded")
    assert "haproxy compares no certificate with an address" in one["reason"]["text"]
    assert machine.read("/srv/bare/hello.txt") == "hello from bucket-one\n"
    assert status_of(machine, "touch /srv/bare/file") != 0


def test_a_front_survives_what_happens_to_it(machine: Machine, gateway: Gateway) -> None:
    kit.configure(machine, ours(gateway, check={"interval": "5s"}))
    before, = kit.wait_ok(machine, "ceph", timeout=30)
    pid = int(kit.show(machine, front(machine), "MainPID"))
    machine.run("systemctl restart s3mountd")
    kit.wait_ok(machine, "ceph")
    assert int(kit.show(machine, front(machine), "MainPID")) == pid, "a new daemon takes it over"
    kit.kill(machine, pid)
    assert machine.run("cat /srv/ceph/hello.txt", timeout=20).stdout == "hello from bucket-one\n", "nobody is refused"
    again = int(kit.show(machine, front(machine), "MainPID"))
    machine.run(f"kill -STOP {again}")
    machine.wait_until(lambda: int(kit.show(machine, front(machine), "MainPID")) not in (again, 0), 60,
                       "one that does not answer is ended")
    assert kit.wait_ok(machine, "ceph", timeout=30)[0]["pid"] == before["pid"], "its worker had only to wait"
    machine.run(["systemctl", "stop", front(machine, "socket")])
    machine.wait_until(lambda: kit.look(machine, "ceph")["pid"] not in (before["pid"], 0), 30, "another worker")
    kit.wait_ok(machine, "ceph", timeout=30)
    assert "front-away" in machine.journal("-u", "s3mountd", "-o", "json")
    assert machine.run("cat /srv/ceph/hello.txt").stdout == "hello from bucket-one\n"
    machine.run(f"systemctl stop s3mountd; echo >{kit.CONFIG}")
    assert front_units(machine), "nobody is there to end it"
    machine.run("systemctl start s3mountd")
    machine.wait_until(lambda: not front_units(machine) + front_units(machine, "socket"), 60, "it is ended")
    assert machine.run("ls /run/s3mountd/fronts").stdout == ""


@pytest.mark.once
def test_keys_of_the_broker_are_renewed_behind_a_front(machine: Machine, gateway: Gateway) -> None:
    give_key(gateway, OTHER, OTHER)
    with kim(machine, 45):
        kit.configure(machine, ours(gateway, credentials={"user": "kim", "profile": "lab"}))
        machine.run("rm -r /root/.aws")
        before, = kit.wait_ok(machine, "ceph", timeout=40)
        assert before["writes"]["way"] == "front"
        machine.run("echo precious >/srv/ceph/old")
        assert status_of(machine, "mv /srv/ceph/old /srv/ceph/new") != 0
        assert stored(machine, gateway, "old") == "precious\n"
        first = expiry(machine, "ceph")
        with kit.hammer(machine, "/srv/ceph", readers=1) as met:
            gives(machine, 3600, OTHER, OTHER)
            machine.wait_until(lambda: expiry(machine, "ceph") > first, 45, "others are there")
            machine.run("cat /srv/ceph/hello.txt")
            gateway.admin("key", "rm", f"--access-key={ADMIN.access_key}", "--key-type=s3")
            machine.run("echo precious >/srv/ceph/with-others")
            kit.kill(machine, int(kit.show(machine, front(machine), "MainPID")))
            kit.kill(machine, int(kit.show(machine, BROKER_UNIT, "MainPID")))
            machine.run("systemctl kill -s KILL s3mountd; systemctl stop s3mountd; systemctl start s3mountd")
            kit.wait_ok(machine, "ceph", timeout=30)
            machine.run("echo precious >/srv/ceph/after")
        assert (met.errors, met.wrong, met.bare) == ({}, 0, 0)
        assert kit.look(machine, "ceph")["pid"] == before["pid"], "it is the worker that has been there all the time"
        asks_at = re.search(r"FULL_URI=http://127.0.0.1:(\d+)/", kit.show(machine, before["unit"], "Environment"))
        assert asks_at is not None
        ask = f"curl -s -o /dev/null -w %{{http_code}} http://127.0.0.1:{asks_at[1]}/"
        assert machine.run(f"nsenter -t {before['pid']} -n {ask}").stdout == "401", "without a token"
        assert machine.run(ask, check=False).stdout == "000", "the host has another loopback"
        machine.run("s3mountctl restart ceph && echo precious >/srv/ceph/anew")
    kit.configure(machine)
    give_key(gateway, ADMIN.access_key, ADMIN.secret_key)


@pytest.mark.once
def test_what_is_wrong_behind_a_front_is_named(machine: Machine, gateway: Gateway) -> None:
    kit.configure(machine, ours(gateway, check={"interval": "5s"}))
    kit.wait_ok(machine, "ceph", timeout=30)
    gateway.stop()
    kit.wait_for(machine, "ceph", 30, code="connection-refused", state="mounted")
    ceph.start(machine, "18")
    kit.wait_ok(machine, "ceph", timeout=60)


@pytest.mark.once
def test_without_haproxy_it_is_read_only_until_it_is_installed(machine: Machine, gateway: Gateway) -> None:
    machine.run(f"mv {HAPROXY} {HAPROXY}.away")
    try:
        kit.configure(machine, ours(gateway))
        one = kit.wait_for(machine, "ceph", 30, code="rename-unsafe", state="mounted", health="degraded")
        assert "apt install haproxy" in one["reason"]["hint"]
        assert status_of(machine, "echo x >/srv/ceph/file") != 0
        assert machine.run("cat /srv/ceph/hello.txt").stdout == "hello from bucket-one\n"
    finally:
        machine.run(f"mv {HAPROXY}.away {HAPROXY}")
    machine.wait_until(lambda: status_of(machine, "echo x >/srv/ceph/installed") == 0, 30, "it can be written to")
    assert kit.look(machine, "ceph")["writes"]["way"] == "front"


@pytest.mark.once
def test_what_the_configuration_says_of_it_counts(machine: Machine, gateway: Gateway) -> None:
    kit.configure(machine, ours(gateway, write_safety="read-only"))
    one = kit.wait_for(machine, "ceph", 30, state="mounted", health="ok")
    assert (one["writes"]["way"], one["reason"]) == ("read-only", None)
    kit.configure(machine, ours(gateway, write_safety="trust"))
    kit.wait_for(machine, "ceph", 30, state="mounted", health="ok", reason=None)
    machine.wait_until(lambda: kit.look(machine, "ceph")["writes"]["way"] == "direct", 20, "it is as asked")
    machine.wait_until(lambda: status_of(machine, "echo x >/srv/ceph/trusted") == 0, 20, "it can be written to")


@pytest.mark.once
def test_a_store_that_cannot_be_written_to_is_mounted_read_only(machine: Machine) -> None:
    failure, = (one for one in FAILURES if one.gateway == "16")
    machine.write("/root/.aws/credentials", kit.KEYS, 0o600)
    with happening(machine, failure):
        told = tell(machine, {"ceph": failure})["ceph"]
        assert "XAmzContentSHA256Mismatch" in told.text
        assert "read_only = true" in told.hint
        one = kit.wait_for(machine, "ceph", code="unwritable", state="mounted", health="degraded")
        assert one["writes"]["verdict"] == "unwritable"
        assert machine.run("cat /srv/ceph/hello.txt").stdout == "hello from bucket-one\n"
        assert keys(machine, Gateway(machine, "16")) == ["hello.txt"]


@pytest.mark.once
def test_a_server_that_has_become_another_one_is_tried_anew(machine: Machine) -> None:
    forget(machine)
    machine.run("systemctl stop rgw18.service", check=False)  # of the tests before, on the same port
    start = shlex.join(machine.s3_command(Path("/var/lib/weed-too"), PORTS["18"]))
    weed = f"systemd-run --quiet --collect --unit=weed-too -p KillSignal=KILL {start}"
    endpoint = f"http://127.0.0.1:{PORTS['18']}"

    def seaweed() -> None:
        machine.run("mkdir -p /var/lib/weed-too && " + weed)
        machine.wait_until(lambda: machine.run(f"curl -sf {endpoint}/healthz").returncode == 0, 20, "SeaweedFS answers")
        machine.seed(["bucket-one"], endpoint)

    seaweed()
    kit.configure(machine, {**kit.mount("store"), "endpoint_url": endpoint, "check": {"interval": "5s"},
                            "stop_timeout": "5s", **WRITABLE, "provider": "other"})
    assert kit.wait_ok(machine, "store", timeout=30)[0]["writes"]["way"] == "direct"
    machine.run("systemctl stop weed-too")
    kit.wait_for(machine, "store", 30, code="connection-refused")
    gateway = ceph.start(machine, "18", ["bucket-one"])
    kit.wait_for(machine, "store", 30, state="mounted", health="ok")
    machine.wait_until(lambda: kit.look(machine, "store")["writes"]["way"] == "front", 30, "there is a front")
    machine.wait_until(lambda: status_of(machine, "echo precious >/srv/store/old") == 0, 20, "it can be written to")
    assert status_of(machine, "mv /srv/store/old /srv/store/new") != 0
    assert stored(machine, gateway, "old") == "precious\n"
    gateway.stop()
    kit.wait_for(machine, "store", 30, code="connection-refused")
    seaweed()
    machine.wait_until(lambda: kit.look(machine, "store")["writes"]["way"] == "direct", 40, "none is needed any more")
    kit.wait_ok(machine, "store", timeout=30)
    machine.run("echo precious >/srv/store/again")
    machine.wait_until(lambda: not front_units(machine), 60, "it is gone")
    assert "another server answers" in machine.journal("-u", "s3mountd")
    machine.run("systemctl stop weed-too; rm -rf /var/lib/weed-too")


@pytest.mark.once
@pytest.mark.parametrize("when_away", ["error", "wait"])
def test_a_store_that_is_away_is_not_written_to_unseen(machine: Machine, when_away: str) -> None:
    forget(machine)
    machine.run("systemctl stop weed")
    kit.configure(machine, kit.mount("late", when_away=when_away))
    kit.wait_for(machine, "late", 20, code="connection-refused")
    machine.run("systemctl start weed")
    one, = kit.wait_ok(machine, "late", timeout=60)
    assert one["writes"]["verdict"] == "safe"
    known = machine.read(VERDICTS)
    assert ENDPOINT in known
    machine.run(f"systemctl restart s3mountd && echo x >/srv/late/{when_away}")
    kit.wait_ok(machine, "late")
    assert machine.read(VERDICTS) == known, "it is asked once"

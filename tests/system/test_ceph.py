"""Ceph's gateway as a store like Kopah: what it tells of a bucket, its names, and the same files by other tools."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from tests.machine import Machine, ceph
from tests.machine.ceph import NAME, OTHER_NAME, PORTS, Gateway
from tests.s3.seaweed import ADMIN
from tests.system import kit

PLACE = f"127.0.0.1:{PORTS['18']}"
S3CFG = (f"[default]\naccess_key = {ADMIN.access_key}\nsecret_key = {ADMIN.secret_key}\nhost_base = {PLACE}\n"
         f"host_bucket = {PLACE}\nuse_https = False\n")
QUOTA = 1 << 30
ODD = "übung eins.txt"


@pytest.fixture(scope="module")
def gateway(shared_machine: Machine) -> Iterator[Gateway]:
    """RGW 18 with two buckets."""
    made = ceph.start(shared_machine, "18")
    yield made
    made.stop()


def usage(machine: Machine, objects: int) -> kit.Document:
    """What the status says of the bucket once that many objects are in it."""
    def told() -> kit.Document:
        found: kit.Document = kit.look(machine, "ceph")["usage"] or {}
        return found if found.get("objects") == objects else {}

    return machine.wait_until(told, 20, f"the store tells of {objects} objects")


@pytest.mark.once
def test_the_same_files_by_other_tools_and_how_much_the_store_says_there_is(machine: Machine, gateway: Gateway) -> None:
    machine.write("/home/rob/.s3cfg", S3CFG, 0o600)
    machine.run("chown rob: /home/rob/.s3cfg")
    kit.configure(machine, kit.mount("ceph", "bucket-two", provider="ceph", endpoint_url=gateway.endpoint,
                                     credentials={"s3cfg": "/home/rob/.s3cfg"}))
    kit.wait_ok(machine, "ceph", timeout=30)
    assert (usage(machine, 1)["bytes"], usage(machine, 1)["quotas"]) == (len("hello from bucket-two\n"), {})

    machine.run(f"mkdir -p /srv/ceph/runs && echo by the mount >'/srv/ceph/runs/{ODD}'")
    assert f"s3://bucket-two/runs/{ODD}" in gateway.s3cmd(S3CFG, "ls", "--recursive", "s3://bucket-two")
    assert gateway.s3cmd(S3CFG, "get", "--quiet", f"s3://bucket-two/runs/{ODD}", "-") == "by the mount\n"
    by_boto3 = kit.store(machine, "get_object", gateway.endpoint, Bucket="bucket-two", Key=f"runs/{ODD}")
    assert base64.b64decode(by_boto3["Body"]) == b"by the mount\n"
    gateway.s3cmd(S3CFG, "put", "--quiet", "-", "s3://bucket-two/runs/s3cmd.txt", content="by another\n")
    kit.store(machine, "put_object", gateway.endpoint, Bucket="bucket-two", Key="runs/boto3.txt", Body="by another\n")
    for name in ("s3cmd", "boto3"):
        assert machine.read(f"/srv/ceph/runs/{name}.txt") == "by another\n"
    assert machine.run("ls /srv/ceph/runs").stdout.split("\n")[:2] == ["boto3.txt", "s3cmd.txt"]

    gateway.admin("quota", "set", "--quota-scope=bucket", "--bucket=bucket-two", f"--max-size={QUOTA}")
    gateway.admin("quota", "enable", "--quota-scope=bucket", "--bucket=bucket-two")
    kit.check(machine, "ceph")
    assert usage(machine, 4)["quotas"] == {"quota_bytes": QUOTA}
    assert "of 1.1 GB in 4 objects, the store said " in machine.run("s3mountctl status ceph").stdout
    kit.configure(machine)


@pytest.mark.once
def test_a_bucket_that_is_not_there_and_a_name_that_the_gateway_does_not_know(
        machine: Machine, gateway: Gateway) -> None:
    def mount(name: str, host: str = NAME, bucket: str = "bucket-one", *, read_only: bool = True,
              force_path_style: bool = True) -> kit.Document:
        return kit.mount(name, bucket, provider="ceph", endpoint_url=gateway.named(name=host), read_only=read_only,
                         force_path_style=force_path_style)

    kit.configure(machine, mount("path"), mount("virtual", force_path_style=False),
                  mount("missing", bucket="no-such-bucket"), mount("unknown", OTHER_NAME),
                  mount("writable", OTHER_NAME, read_only=False))
    for one in kit.wait_ok(machine, "path", "virtual"):
        assert machine.read(f"{one['folder']}/hello.txt") == "hello from bucket-one\n"
    assert NAME in kit.wait_for(machine, "missing", code="bucket-missing")["reason"]["text"]
    for name in ("unknown", "writable"):
        reason = kit.wait_for(machine, name, code="host-unknown")["reason"]
        assert f"looks for a bucket {OTHER_NAME}" in reason["text"]
        assert "set endpoint_url" in reason["hint"]
    kit.configure(machine)

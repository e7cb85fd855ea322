"""Keys from a file of s3cmd and from systemd's encrypted store, with the real worker; none of them is shown."""

from __future__ import annotations

import json

import pytest

from tests.machine import Machine
from tests.s3.seaweed import ADMIN
from tests.system import kit

S3CFG = f"""[default]
access_key = {ADMIN.access_key}
secret_key = {ADMIN.secret_key}
host_base = store.invalid
"""
AS_JSON = json.dumps({"AccessKeyId": ADMIN.access_key, "SecretAccessKey": ADMIN.secret_key})


def test_keys_of_an_s3cfg_and_of_a_systemd_credential(machine: Machine) -> None:
    machine.run("useradd --create-home kim 2>/dev/null || true")
    machine.write("/home/kim/.s3cfg", S3CFG, 0o600)
    machine.run("chown kim: /home/kim/.s3cfg")
    kit.configure(machine, kit.mount("cfg", credentials={"s3cfg": "/home/kim/.s3cfg"}),
                  kit.mount("sealed", credentials={"systemd_credential": "lab"}))
    machine.run("rm -r /root/.aws")
    found = kit.wait_for(machine, "sealed", code="secret-missing")
    assert found["reason"]["hint"] == "run: sudo s3mountctl secret set lab"
    machine.run("s3mountctl secret set lab", input=AS_JSON)
    assert machine.run("s3mountctl secret list").stdout.startswith("lab ")
    assert ADMIN.secret_key not in machine.run("cat /etc/credstore.encrypted/lab").stdout
    machine.run("s3mountctl restart sealed cfg --no-wait")
    kit.wait_ok(machine, "cfg", "sealed")
    for name, source in (("cfg", "/home/kim/.s3cfg, section default"), ("sealed", "systemd credential lab")):
        assert kit.look(machine, name)["credentials"]["source"] == source
        assert machine.read(f"/srv/{name}/hello.txt") == "hello from bucket-one\n"
    machine.run("s3mountctl secret remove lab; userdel --remove kim")


@pytest.mark.once
def test_a_credential_of_another_machine_is_told_by_its_name(machine: Machine) -> None:
    machine.run("s3mountctl secret set lab", input=AS_JSON)
    machine.run("mv /etc/credstore.encrypted/lab /etc/credstore.encrypted/other")
    kit.configure(machine, kit.mount("sealed", credentials={"systemd_credential": "other"}))
    kit.wait_for(machine, "sealed", state="failed", code="secret-unreadable")
    machine.run("s3mountctl secret remove other")


@pytest.mark.once
def test_what_is_no_key_is_not_stored_and_not_repeated(machine: Machine) -> None:
    said = machine.run("s3mountctl secret set lab", input="hunter2 hunter2", check=False)
    assert (said.returncode, "hunter2" in said.stdout + said.stderr) == (64, False)
    assert machine.run("s3mountctl secret list").stdout == ""
    assert machine.run("s3mountctl secret set lab", user="nobody", input=AS_JSON, check=False).returncode == 2


def _keys(machine: Machine, secret: str) -> None:
    machine.write("/root/.aws/credentials", kit.KEYS.replace(ADMIN.secret_key, secret), 0o600)


def test_a_key_that_is_rotated_is_taken_into_use_and_a_wrong_one_is_not(machine: Machine) -> None:
    kit.configure(machine, kit.mount("turned"))
    first = kit.wait_ok(machine, "turned")[0]["pid"]
    with kit.hammer(machine, "/srv/turned", readers=2) as met:
        _keys(machine, "this/is/not/the/secret")
        machine.run("s3mountctl start turned --no-wait")
        found = kit.wait_for(machine, "turned", state="mounted", code="new-keys-refused")
        assert (found["pid"], found["health"]) == (first, "degraded")
        assert "this/is/not" not in json.dumps(kit.status(machine))
        kit.kill(machine, first)
        kit.wait_for(machine, "turned", state="mounted", code="new-keys-refused")
    assert met.wrong == met.bare == 0
    machine.write("/root/.aws/credentials", f"# rotated\n{kit.KEYS}", 0o600)
    old = kit.look(machine, "turned")["pid"]
    file = f"/srv/turned/late-{first}"
    with kit.hammer(machine, "/srv/turned", readers=2) as met, kit.opened(machine, file, "w") as upload:
        assert upload.ask("write", 100_000) == "ok"
        machine.run("s3mountctl start turned --no-wait")
        machine.wait_until(lambda: kit.wait_ok(machine, "turned")[0]["pid"] != old, 20, "another worker serves")
        assert upload.ask("close") == "ok"
    assert (met.errors, met.wrong, met.bare) == ({}, 0, 0)
    assert kit.store(machine, "head_object", Bucket="bucket-one", Key=f"late-{first}")["ContentLength"] == 100_000

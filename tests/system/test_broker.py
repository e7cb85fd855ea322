"""Keys that expire reach the real worker by the broker and are renewed without a remount."""

from __future__ import annotations

import json
import re

import pytest

from tests.faults import small_aws
from tests.machine import Machine, aws
from tests.s3.moto import BUCKET, REGION, Account
from tests.system import kit
from tests.system.kim import expiry, kim

ARN = "arn:aws:iam::111122223333:role/lab"
HELLO = f"hello from {BUCKET}\n"
UNIT = "s3mountd-broker.service"


def small_mount(name: str, **credentials: object) -> kit.Document:
    return kit.mount(name, "role-bucket", provider="other", endpoint_url=aws.STORE, region="us-east-1", read_only=True,
                     check={"interval": "5s"}, credentials=credentials)


def moto_mount(name: str, account: Account, **credentials: object) -> kit.Document:
    return kit.mount(name, BUCKET, provider="other", endpoint_url=account.endpoint, region=REGION, read_only=True,
                     force_path_style=True, credentials=credentials)


def test_roles_and_web_identities_of_a_machine_with_no_key_on_it(machine: Machine) -> None:
    machine.write("/run/web-token", "planted-web-identity", 0o600)
    with aws.moto(machine) as account, aws.small(machine, 3600, account):
        kit.configure(machine, moto_mount("instance", account, role="instance"),
                      moto_mount("assumed", account, assume_role=account.reader, source={"role": "instance"},
                                 external_id="lab-42"),
                      small_mount("web", assume_role=ARN, web_identity="/run/web-token"))
        machine.run("rm -r /root/.aws")
        found = {one["name"]: one["credentials"] for one in kit.wait_ok(machine, "instance", "assumed", "web")}
        for name, text in (("instance", HELLO), ("assumed", HELLO), ("web", small_aws.BODY.decode())):
            assert machine.read(f"/srv/{name}/hello.txt") == text
            assert re.fullmatch(r"20\d\d-\d\d-\d\dT[0-9:.]+Z", found[name]["expires_at"])
        assert found["instance"]["source"] == "role of this machine"
        assert found["assumed"]["source"] == f"{account.reader} by role of this machine"
        assert found["web"]["source"] == f"{ARN} by token in /run/web-token"
        assert {line.partition(" ")[2] for line in aws.seen(machine)} == {"ok"}
        kit.configure(machine)
    machine.run("rm /run/web-token")


@pytest.mark.once
def test_keys_that_end_are_renewed_under_a_worker_that_stays(machine: Machine) -> None:
    with aws.small(machine, 45):
        kit.configure(machine, small_mount("short", role="instance"))
        pid = kit.wait_ok(machine, "short")[0]["pid"]
        first, before = expiry(machine, "short"), set(aws.seen(machine))
        with kit.hammer(machine, "/srv/short", readers=1) as met:
            machine.wait_until(lambda: expiry(machine, "short") != first, 45, "others are there")
            machine.wait_until(lambda: len({line.split()[0] for line in aws.seen(machine)}) > 1, 10, "they are used")
            ended = next(iter(before)).split()[0]
            machine.wait_until(lambda: kit.look(machine, "short")["checked_at"] > first, 30, "past the first end")
        assert not [line for line in aws.seen(machine) if not line.endswith(" ok")], f"{ended} was used past its end"
        assert (met.errors, met.wrong, met.bare) == ({}, 0, 0)
        assert kit.look(machine, "short")["pid"] == pid
        kit.configure(machine)


def test_a_users_program_is_run_as_the_user_and_mounts_outlive_broker_and_daemon(machine: Machine) -> None:
    with kim(machine, 3600):
        kit.configure(machine, kit.mount("lab", credentials={"user": "kim", "profile": "lab"}))
        machine.run("rm -r /root/.aws")
        pid = kit.wait_ok(machine, "lab")[0]["pid"]
        worker = kit.look(machine, "lab")["unit"]
        environment = kit.show(machine, worker, "Environment")
        assert machine.run("stat -c %U /home/kim/count").stdout == "kim\n"
        kit.kill(machine, int(kit.show(machine, UNIT, "MainPID")))
        machine.wait_until(lambda: kit.show(machine, UNIT, "ActiveState") == "active", 10, "the broker is back")
        machine.run("systemctl kill -s KILL s3mountd; systemctl stop s3mountd; systemctl start s3mountd")
        kit.wait_ok(machine, "lab")
        assert (kit.look(machine, "lab")["pid"], kit.show(machine, worker, "Environment")) == (pid, environment)
        assert machine.read("/srv/lab/hello.txt") == "hello from bucket-one\n"
        count = machine.read("/home/kim/count")
        assert int(count) <= 2, "what the broker has is not fetched again"
        url = re.search(r"AWS_CONTAINER_CREDENTIALS_FULL_URI=(\S+)", environment)
        assert url is not None
        token = f"/run/s3mountd/tokens/{machine.run('ls /run/s3mountd/tokens').stdout.split()[0]}"
        ask = f"curl -s -o /dev/null -w %{{http_code}} -H \"Authorization: $(cat {token})\" {url[1]}"
        assert machine.run(ask).stdout in ("200", "401"), "it is there, at the same place"
        machine.run("s3mountctl restart lab")
        assert machine.read("/srv/lab/hello.txt") == "hello from bucket-one\n"
        machine.wait_until(lambda: pid not in kit.running(machine).values(), 20, "the old worker has ended")
        assert machine.run(f"curl -s -o /dev/null -w %{{http_code}} {url[1]}").stdout == "401"
        kit.configure(machine)


@pytest.mark.once
def test_keys_that_cannot_be_renewed_are_said_before_they_end(machine: Machine) -> None:
    with kim(machine, 45):
        kit.configure(machine, kit.mount("ending", credentials={"user": "kim", "profile": "lab"}))
        kit.wait_ok(machine, "ending")
        machine.run("touch /home/kim/broken")
        found = kit.wait_for(machine, "ending", 60, state="mounted", code="credentials-ending")
        assert found["health"] == "degraded"
        assert "credential_process failed" in found["reason"]["text"]
        assert "planted-secret" not in json.dumps(kit.status(machine)) + machine.journal()
        kit.configure(machine)

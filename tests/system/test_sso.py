"""Keys of IAM Identity Center (SSO): a user's profile, boto3's own way to the portal, and the end of a session."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults import small_aws
from tests.machine import Machine, Result, aws
from tests.s3.moto import BUCKET, REGION, Account
from tests.system import kit

HELLO = f"hello from {BUCKET}\n"
START = "https://corp.awsapps.com/start"
_ROLE = f"sso_account_id = 111122223333\nsso_role_name = reader\nregion = {REGION}\nca_bundle = {aws.CA}\n"
_PLACE = f"sso_region = {REGION}\nsso_start_url = {START}\n"
PROFILES = (f"[profile lab]\nsso_session = corp\n{_ROLE}[profile old]\n{_PLACE}{_ROLE}"
            f"[profile out]\nsso_session = over\n{_ROLE}[sso-session corp]\n{_PLACE}[sso-session over]\n{_PLACE}")
HOME = "/data/kim"
"""As on machines whose homes come from elsewhere: what is not below /home is read-only in a unit that does not say so
(systemd.exec(5), ProtectSystem=)."""
SESSION = {"lab": "corp", "old": START, "out": "over"}
"""What the file of a profile's token is called after, hashed (botocore, SSOTokenLoader)."""


def token_file(profile: str) -> str:
    """Where kim's token of that profile is kept."""
    return f"{HOME}/.aws/sso/cache/{hashlib.sha1(SESSION[profile].encode()).hexdigest()}.json"  # noqa: S324  botocore's


def moment(seconds: float) -> str:
    """So many seconds from now, as the files of SSO have it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def sign_in(machine: Machine, profile: str, seconds: float, **more: str) -> None:
    """What ``aws sso login`` leaves for kim: a token that lasts for so many seconds."""
    token = {"startUrl": START, "region": REGION, "accessToken": small_aws.SSO_TOKEN, "expiresAt": moment(seconds)}
    machine.write(token_file(profile), json.dumps({**token, **more}), 0o600)
    machine.run(f"chown -R kim: {HOME}/.aws")


@contextmanager
def kim(machine: Machine) -> Iterator[None]:
    """A user with profiles that go by SSO; the session of "out" is over."""
    machine.run("userdel --force --remove kim 2>/dev/null; mkdir -p /data")
    machine.run(f"useradd --create-home --home-dir {HOME} kim")
    machine.write(f"{HOME}/.aws/config", PROFILES, 0o600)
    for profile, seconds in (("lab", 8 * 3600), ("old", 8 * 3600), ("out", -60)):
        sign_in(machine, profile, seconds)
    try:
        yield
    finally:
        machine.run("userdel --remove kim", check=False)


def sso_mount(account: Account, profile: str) -> kit.Document:
    return kit.mount(profile, BUCKET, provider="other", endpoint_url=account.endpoint, region=REGION, read_only=True,
                     force_path_style=True, credentials={"user": "kim", "profile": profile})


def whoami(machine: Machine, account: Account, profile: str) -> Result:
    """As kim, with nobody's help."""
    return machine.run(f"s3mountctl whoami --profile {profile} --provider other --endpoint-url {account.endpoint}",
                       user="kim", check=False)


def test_a_session_that_lasts_one_that_is_over_and_one_that_ends(machine: Machine) -> None:
    with aws.moto(machine) as account, aws.small(machine, 3600, account, portal=True), kim(machine):
        kit.configure(machine, *(sso_mount(account, profile) for profile in SESSION))
        machine.run("rm -r /root/.aws")
        for name in ("lab", "old"):
            found = kit.wait_ok(machine, name)[0]["credentials"]
            assert (found["source"], bool(found["expires_at"])) == (f"kim: ~/.aws, profile {name}", True)
            assert machine.read(f"/srv/{name}/hello.txt") == HELLO
            assert "ASIA" in whoami(machine, account, name).stdout
        over = kit.wait_for(machine, "out", state="failed", code="sso-ended")["reason"]
        assert over["hint"] == "run as kim: aws sso login --profile out"
        told = whoami(machine, account, "out")
        assert (told.returncode, told.stderr.split()[-6:]) == (2, "kim: aws sso login --profile out".split())
        assert "(profile out)" in told.stderr
        sign_in(machine, "out", 8 * 3600)
        machine.run("s3mountctl restart out --no-wait")
        kit.wait_ok(machine, "out")
        pid = kit.look(machine, "lab")["pid"]

        aws.portal(machine, "logout")
        sign_in(machine, "lab", 4 * 3600)
        machine.run("s3mountctl start lab --no-wait")
        ending = kit.wait_for(machine, "lab", state="mounted", health="degraded", code="credentials-ending")["reason"]
        assert ending["hint"] == "run as kim: aws sso login --profile lab"
        assert "the SSO session has ended (kim: ~/.aws, profile lab)" in ending["text"]
        assert machine.read("/srv/lab/hello.txt") == HELLO, "it serves by the keys that it has"
        aws.portal(machine, "login")
        sign_in(machine, "lab", 8 * 3600)
        machine.run("s3mountctl start lab --no-wait")
        assert kit.wait_ok(machine, "lab")[0]["pid"] == pid
        assert small_aws.SSO_TOKEN not in json.dumps(kit.status(machine)) + machine.journal()
        kit.configure(machine)


@pytest.mark.once("13")
def test_keys_that_end_with_their_session_and_another_session_after_that(machine: Machine) -> None:
    with aws.moto(machine) as account, aws.small(machine, 40, account, portal=True), kim(machine):
        kit.configure(machine, sso_mount(account, "lab"))
        pid = kit.wait_ok(machine, "lab")[0]["pid"]
        aws.portal(machine, "logout")
        kit.wait_for(machine, "lab", 60, state="mounted", health="degraded", code="credentials-ending")
        over = kit.wait_for(machine, "lab", 60, state="mounted", health="down", code="sso-ended")["reason"]
        assert over["hint"] == "run as kim: aws sso login --profile lab"
        aws.portal(machine, "login")
        sign_in(machine, "lab", 8 * 3600)
        machine.run("s3mountctl start lab --no-wait")
        assert kit.wait_ok(machine, "lab", timeout=40)[0]["pid"] == pid
        assert machine.read("/srv/lab/hello.txt") == HELLO
        kit.configure(machine)


@pytest.mark.once("13")
def test_a_session_that_can_be_renewed_is_renewed_again_and_again(machine: Machine) -> None:
    with aws.moto(machine) as account, aws.small(machine, 40, account, portal=True), kim(machine):
        sign_in(machine, "lab", 300, refreshToken=small_aws.RENEWAL, clientId="s3mountd-test", clientSecret="planted",
                registrationExpiresAt=moment(86_400))
        kit.configure(machine, sso_mount(account, "lab"))
        machine.run("rm -r /root/.aws")
        pid = kit.wait_ok(machine, "lab")[0]["pid"]
        # A renewal is good once: who does not keep what came with it cannot do it a second time.
        machine.wait_until(lambda: aws.renewed(machine) >= 3, 120, "the third renewal", every=1)
        [now] = kit.wait_ok(machine, "lab")
        assert (now["pid"], machine.read("/srv/lab/hello.txt")) == (pid, HELLO)
        assert machine.run(["stat", "--format=%U %a", token_file("lab")]).stdout == "kim 600\n"
        told = json.dumps(kit.status(machine)) + machine.journal()
        assert small_aws.SSO_TOKEN not in told and small_aws.RENEWAL[:-2] not in told
        kit.configure(machine)

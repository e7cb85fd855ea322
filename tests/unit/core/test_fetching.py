"""How the keys of a mount are got."""

import json
from dataclasses import replace

import pytest

from mountd.core import fetching, s3_question
from mountd.core.units import broker, resolver
from mountd.core.units.worker import KeyFiles
from mountd.words.model import Credentials, Mount, Place

ARN = "arn:aws:iam::111122223333:role/lab"
MOUNT = Mount("lab", "bucket-one", "/mnt/lab", Place("m.toml", 1), options={"region": "us-west-2"},
              credentials=Credentials("rob", "base"))
AS_ROB = KeyFiles("", "", "rob: ~/.aws, profile base", "", "broker", "user", "rob", "/home/rob")
STATIC = KeyFiles("/run/s3mountd/keys/lab/credentials", "", "rob: ~/.aws", "", "broker", "files", "rob", "/home/rob")


def values(told: dict[str, object]) -> dict[str, object]:
    return {item.name: item.value for item in resolver.properties(fetching.order("lab", told))}


def test_what_a_users_own_files_name_is_done_as_that_user() -> None:
    told = fetching.about(MOUNT, AS_ROB, "")
    found = values(told)
    assert (found["User"], found["DynamicUser"], found["LoadCredential"]) == ("rob", False, [])
    assert "HOME=/home/rob" in str(found["Environment"])
    assert (found["LimitCORE"], found["NoNewPrivileges"], found["ProtectSystem"]) == (0, True, "strict")
    assert found["ReadWritePaths"] == ["-/home/rob/.aws/sso/cache", "-/home/rob/.aws/cli/cache"]
    assert (fetching.question(told)["start"], fetching.question(told)["profile"]) == ("user", "base")


def test_a_role_by_keys_in_a_file_needs_no_user_and_no_home() -> None:
    mount = replace(MOUNT, credentials=Credentials("rob", "base", assume_role=ARN, external_id="x", duration=7200.0))
    told = fetching.about(mount, STATIC, "/run/s3mountd/keys/lab/ca_bundle")
    found = values(told)
    assert (found["DynamicUser"], found.get("User")) == (True, None)
    assert found["LoadCredential"] == [("keys", STATIC.credentials), ("ca_bundle", "/run/s3mountd/keys/lab/ca_bundle")]
    assert fetching.question(told)["role"] == {"arn": ARN, "external_id": "x", "duration": 7200.0}


def test_a_sealed_credential_is_opened_by_systemd_under_its_own_name() -> None:
    told = fetching.about(MOUNT, KeyFiles(source="systemd credential s", credential="s", delivery="broker"), "")
    assert values(told)["LoadCredentialEncrypted"] == [("s", "s")]
    assert fetching.question(told)["file"] == "s"


def test_sts_is_awss_for_aws_and_the_stores_own_elsewhere() -> None:
    assert fetching.about(MOUNT, STATIC, "")["sts"] == ""
    other = replace(MOUNT, provider="ceph", options={"endpoint_url": "https://s3.example"})
    assert fetching.about(other, STATIC, "")["sts"] == "https://s3.example"


@pytest.mark.parametrize(("endpoint", "url"), [
    ("", ""), ("https://s3.example/", "https://s3.example/"), ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
    ("https://bucket.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com", ""), ("https://s3-fips.us-west-2.amazonaws.com", ""),
    ("https://s3.cn-north-1.amazonaws.com.cn", ""), ("https://s3.dualstack.us-west-2.api.aws", ""),
    ("https://amazonaws.com.example", "https://amazonaws.com.example")])
def test_none_of_the_endpoints_that_s3_has_at_aws_is_one_of_sts(endpoint: str, url: str) -> None:
    assert s3_question.sts_url(endpoint) == url


def test_what_is_kept_for_the_next_daemon_comes_back_as_it_was() -> None:
    told = fetching.about(MOUNT, AS_ROB, "")
    assert json.loads(json.dumps(told)) == told


def test_the_broker_sees_loopback_only_and_survives_itself() -> None:
    found = {item.name: item.value for item in broker.properties()}
    assert found["IPAddressAllow"] == [(2, bytes([127, 0, 0, 0]), 8)]
    assert found["RestrictAddressFamilies"] == (True, ["AF_UNIX", "AF_INET"])
    assert (found["Restart"], found["FileDescriptorStoreMax"], found["LimitCORE"]) == ("always", 64, 0)

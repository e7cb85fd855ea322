"""The table of mount-s3's options, its argv and its versions."""

from __future__ import annotations

import pytest

from mountd.words import keys, options
from mountd.words.model import OptionValue
from mountd.words.options import OPTIONS, REFUSED, Kind


def test_no_option_is_taken_and_refused() -> None:
    assert not OPTIONS.keys() & REFUSED.keys()
    assert not OPTIONS.keys() & keys.MOUNT_KEYS.keys()
    assert [name for name in {**OPTIONS, **keys.MOUNT_KEYS, **keys.CREDENTIAL_KEYS} if options.refused(name)] == [
        "profile"]  # a key of credentials, which is where the row sends people


@pytest.mark.parametrize("option", OPTIONS.values(), ids=lambda option: option.name)
def test_rows_refer_to_rows(option: options.Option) -> None:
    known = OPTIONS.keys() | keys.MOUNT_KEYS.keys()
    assert {*option.conflicts, *filter(None, [option.requires])} <= known
    assert set(option.choices_since) <= set(option.choices)
    assert (option.kind is Kind.ENUM) <= bool(option.choices)
    assert option.help.endswith(".")
    assert option.since <= (1, 24)


def test_argv_follows_the_table_and_leaves_out_what_is_off() -> None:
    given: dict[str, OptionValue] = {
        "max_threads": 8, "bind": ("eth0", "eth1"), "allow_delete": True, "debug": False, "read_only": True,
        "region": "us-west-2", "storage_class": "-x",
    }
    assert options.argv(given) == [
        "--region=us-west-2", "--bind=eth0", "--bind=eth1", "--allow-delete", "--storage-class=-x", "--max-threads=8"]


def test_argv_refuses_what_is_not_in_the_table() -> None:
    with pytest.raises(KeyError, match="foreground"):
        options.argv({"foreground": True})


@pytest.mark.parametrize(("text", "version"), [
    ("mount-s3 1.24.0-engine", (1, 24, 0)),
    ("mount-s3 1.22.3\n", (1, 22, 3)),
    ("mount-s3 1.20.0+1.amzn2023", (1, 20, 0)),
    ("mount-s3 1.23.1-unofficial+58817cab-dirty", (1, 23, 1)),
])
def test_versions(text: str, version: options.Version) -> None:
    assert options.parse_version(text) == version


@pytest.mark.parametrize("text", ["", "mount-s3", "mount-s3 1.2"])
def test_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="no version"):
        options.parse_version(text)


def test_too_new() -> None:
    given: dict[str, OptionValue] = {
        "memory_target": 512, "infer_content_type": False, "ca_bundle": "/ca", "upload_checksums": "crc64nvme",
        "read_only": True, "cache": "/c",
    }
    assert options.too_new(given, (1, 24, 0)) == []
    assert options.too_new(given, (1, 23, 0)) == [("memory_target", (1, 24))]
    assert options.too_new(given, (1, 22, 9)) == [
        ("memory_target", (1, 24)), ("ca_bundle", (1, 23)), ('upload_checksums = "crc64nvme"', (1, 23))]


@pytest.mark.parametrize("name", [
    "aws_access_key_id", "AWS_SECRET_ACCESS_KEY", "secret", "secret_key", "password", "aws_session_token", "token",
    "access_key", "accesskey", "api_key", "UNSTABLE_MOUNTPOINT_PID_FILE", "experimental_x", "foreground",
    "no-sign-request", "profile",
])
def test_refused(name: str) -> None:
    row = options.refused(name)
    assert row is not None
    assert row.why
    assert row.instead


@pytest.mark.parametrize("name", ["region", "cache", "keys", "bucket"])
def test_not_refused(name: str) -> None:
    assert options.refused(name) is None

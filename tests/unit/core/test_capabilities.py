"""What can be done in a folder, by the mount's options and its store."""

import pytest

from mountd.core.capabilities import capabilities
from mountd.words.model import Mount, OptionValue, Place


def can(provider: str = "aws", bucket: str = "erdos", **options: OptionValue) -> dict[str, bool | None]:
    return capabilities(Mount("m", bucket, "/mnt/m", Place("m.toml", 1), provider=provider, options=options))


def test_options_allow() -> None:
    assert can() == {"write": True, "delete": False, "overwrite": False, "rename": False, "append": False}
    assert can(allow_delete=True)["delete"] and can(allow_overwrite=True)["overwrite"]


def test_nothing_can_be_done_to_a_read_only_mount() -> None:
    assert set(can("seaweedfs", read_only=True).values()) == {False}


@pytest.mark.parametrize("bucket", ["data--usw2-az1--x-s3", "point--usw2-az1--xa-s3"])
def test_a_directory_bucket_can_rename_and_append(bucket: str) -> None:
    found = can(bucket=bucket, incremental_upload=True)
    assert found["rename"] and found["append"]
    assert not can(bucket=bucket)["append"]


@pytest.mark.parametrize(("provider", "rename"), [
    ("aws", False), ("seaweedfs", True), ("ceph", False), ("minio", None), ("other", None)])
def test_renames_by_kind_of_store(provider: str, rename: bool | None) -> None:
    assert can(provider)["rename"] is rename

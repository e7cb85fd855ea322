"""What a mount starts from at each kind of store, and how a store is known by its endpoint."""

from __future__ import annotations

import pytest

from mountd.words.providers import PROVIDERS, recognised
from tests.unit.core.config.kit import MOUNT, accepted


@pytest.mark.parametrize("provider", [name for name, row in PROVIDERS.items() if row.needs_endpoint])
def test_presets_give_way_to_what_is_written(provider: str) -> None:
    text = f'{MOUNT}provider = "{provider}"\nendpoint_url = "http://s3.test:8333"\n'
    assert accepted(text).mounts[0].options == {
        **PROVIDERS[provider].options, "endpoint_url": "http://s3.test:8333"}
    written = accepted(text + 'region = "seattle"\nforce_path_style = false\n').mounts[0].options
    assert (written["region"], written["force_path_style"]) == ("seattle", False)


@pytest.mark.parametrize(("url", "provider", "region"), [
    ("https://s3.eu-central-1.wasabisys.com", "wasabi", "eu-central-1"),
    ("https://s3.wasabisys.com", "wasabi", "us-east-1"),
    ("https://0123abcd.r2.cloudflarestorage.com", "cloudflare-r2", "auto"),
    ("https://s3.us-west-004.backblazeb2.com", "backblaze-b2", "us-west-004"),
    ("https://storage.googleapis.com", "gcs", "auto"),
])
def test_a_provider_that_its_endpoint_betrays(url: str, provider: str, region: str) -> None:
    desired = accepted(f'{MOUNT}endpoint_url = "{url}"\n')
    mount, = desired.mounts
    assert (mount.provider, mount.options["region"]) == (provider, region)
    assert any(f'read as if it had provider = "{provider}"' in note.text for note in desired.notes)
    written = accepted(f'{MOUNT}provider = "{provider}"\nendpoint_url = "{url}"\nregion = "here"\n')
    assert (written.mounts[0].options["region"], written.notes) == ("here", ())


@pytest.mark.parametrize(("headers", "provider"), [
    ({"x-amz-request-id": "tx00000892daac38597bf43-006b0b0ee4-1007-default"}, "ceph"),
    ({"x-amz-request-id": "tx5f8d7a1c9b3e4d2f8a6c1-0068f0a1b2"}, ""),
    ({"x-amz-request-id": "18EC458C623A17212AD13FF1", "server": "SeaweedFS 8000GB 4.48"}, "seaweedfs"),
    ({"server": "MinIO"}, "minio"),
    ({"server": "nginx", "x-amz-request-id": "18EC458C623A1721"}, ""),
    ({}, ""),
])
def test_a_provider_that_its_answers_betray(headers: dict[str, str], provider: str) -> None:
    assert recognised(headers) == provider

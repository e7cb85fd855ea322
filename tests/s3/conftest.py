"""A SeaweedFS for the questions of the command line, and keys in place of those of whoever runs the tests."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mountd.cli.stores import Store
from tests.s3 import asking
from tests.s3.seaweed import ADMIN, PORTS, Identity, Seaweed
from tests.s3.servers import Authority

READER = Identity("reader", "WEEDREADERKEY000001", "readersecret", ("Read:shared", "List:shared"))


@pytest.fixture(scope="session")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of a SeaweedFS without buckets."""
    server = Seaweed.start(tmp_path_factory.mktemp("weed"), 18_400 + os.getpid() % 100 * PORTS, (ADMIN, READER))
    yield server.endpoint
    server.stop()


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of a SeaweedFS with a bucket "here", and identities with less and less rights."""
    server = Seaweed.start(tmp_path_factory.mktemp("here"), 19_400 + os.getpid() % 100 * PORTS,
                           (ADMIN, asking.GUEST, asking.LISTER, asking.READER))
    try:
        _client(server.endpoint).create_bucket(Bucket="here")
        yield server.endpoint
    finally:
        server.stop()


@pytest.fixture
def admin(here: str) -> Any:
    """boto3's client of that server, for whom everything is allowed."""
    return _client(here)


def _client(endpoint: str) -> Any:
    import boto3

    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=ADMIN.access_key,
                        aws_secret_access_key=ADMIN.secret_key)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A CA that nobody trusts."""
    return Authority.make(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The caller's credentials file."""
    file = tmp_path / "keys"
    file.write_text(f"{_profile('default', ADMIN)}{_profile('reader', READER)}[sso]\nsso_session=x\n[wrong]\n"
                    f"aws_access_key_id={ADMIN.access_key}\naws_secret_access_key=no\n")

    def found(store: Store) -> Mapping[str, Any]:
        os.write(store._open["credentials"], file.read_bytes())
        return {"source": "a test", "broker": "", "files": ["credentials"]}

    monkeypatch.setattr(Store, "_find", found)
    return file


def _profile(name: str, one: Identity) -> str:
    return f"[{name}]\naws_access_key_id={one.access_key}\naws_secret_access_key={one.secret_key}\n"

"""A SeaweedFS for the questions of the command line, and keys in place of those of whoever runs the tests."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mountd.cli.stores import Store
from tests.s3.seaweed import ADMIN, PORTS, Identity, Seaweed

READER = Identity("reader", "WEEDREADERKEY000001", "readersecret", ("Read:shared", "List:shared"))


@pytest.fixture(scope="session")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of a SeaweedFS without buckets."""
    server = Seaweed.start(tmp_path_factory.mktemp("weed"), 18_400 + os.getpid() % 100 * PORTS, (ADMIN, READER))
    yield server.endpoint
    server.stop()


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

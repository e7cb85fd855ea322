"""What is known of how much is in buckets: counted, and told by the stores; over restarts of the daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from mountd.core.measured import Measured
from mountd.daemon.sizes import Sizes
from mountd.words import paths
from mountd.words.model import Mount, Place

TOLD = {"objects": 3, "bytes": 70, "quota_bytes": 1000}


def mount(prefix: str = "", bucket: str = "erdos") -> Mount:
    return Mount("m", bucket, "/mnt/m", Place("m.toml", 1), prefix=prefix, options={"endpoint_url": "https://s3.ceph"})


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SIZES", "USAGE"):
        monkeypatch.setattr(paths, name, tmp_path / f"{name.lower()}.json")


def test_what_a_store_tells_is_of_the_whole_bucket_and_outlives_the_daemon() -> None:
    sizes = Sizes()
    assert sizes.told(mount()) is None
    assert sizes.learn(mount("runs/"), TOLD, 1000.0)
    for known in (sizes, Sizes()):
        assert known.told(mount()) == known.told(mount("runs/")) == Measured(3, 70, 1000.0, {"quota_bytes": 1000})
        assert known.told(mount(bucket="gauss")) is None
        assert known.of(mount()) is None, "nobody has counted it"


def test_a_store_that_tells_nothing_leaves_what_is_known() -> None:
    sizes = Sizes()
    sizes.learn(mount(), TOLD, 1000.0)
    assert not sizes.learn(mount(), {}, 2000.0)
    assert not sizes.learn(mount(), {"quota_bytes": 5}, 2000.0)
    told = sizes.told(mount())
    assert told is not None
    assert told.at == 1000.0

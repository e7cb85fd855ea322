"""Latency counted in buckets."""

from mountd.core.latency import BOUNDS, Latency


def test_buckets_are_cumulative_and_what_is_slower_than_all_is_counted() -> None:
    checks = Latency().and_one(0.02).and_one(0.1).and_one(60.0)
    document = checks.document()
    assert (document["seconds"], document["count"], document["sum"]) == (60.0, 3, 60.12)
    assert document["buckets"]["0.01"] == 0
    assert document["buckets"]["0.025"] == 1
    assert document["buckets"]["0.1"] == 2
    assert document["buckets"]["10"] == 2
    assert sorted(BOUNDS) == list(BOUNDS)
    assert Latency().document()["seconds"] is None

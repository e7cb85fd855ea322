"""What doctor makes of what the daemon says of a mount."""

from typing import Any

import pytest

from mountd.cli import examine
from mountd.core.findings import Level

NOW = "2026-11-22T12:00:00.000Z"


@pytest.mark.parametrize(("writes", "levels"), [
    (None, []),
    ({"verdict": "safe", "way": "direct", "policy": "auto"}, [Level.OK]),
    ({"verdict": "rename-unsafe", "way": "front", "policy": "auto"}, [Level.OK]),
    ({"verdict": "rename-unsafe", "way": "read-only", "policy": "auto"}, [Level.WARNING]),
    ({"verdict": "unwritable", "way": "read-only", "policy": "auto"}, [Level.WARNING]),
    ({"verdict": "rename-unsafe", "way": "direct", "policy": "trust"}, [Level.WARNING]),
    ({"verdict": None, "way": "direct", "policy": "auto"}, [Level.SKIPPED]),
])
def test_how_writes_go(writes: dict[str, Any] | None, levels: list[Level]) -> None:
    told = {"writes": {**writes, "checked_at": NOW} if writes else None}
    assert [one.level for one in examine._writes(told, NOW)] == levels
    assert list(examine._writes(None, "")) == []

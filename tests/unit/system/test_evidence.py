"""What is written down of a worker that is given up."""

import json
import os
import stat
from pathlib import Path

from mountd.system import evidence

ABOUT = {"name": "photos of rob", "unit": "s3mount-none-1.service", "pid": os.getpid(), "why": "a test"}


def test_every_thread_is_described_and_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = Path(evidence.take(ABOUT, tmp_path / "evidence"))
    found = json.loads(path.read_text())
    assert str(os.getpid()) in [thread["id"] for thread in found["threads"]]
    assert found["threads"][0]["state"] in "RSD" and found["descriptors"] > 0 and "VmRSS" in found["status"]
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent)] == [0o600, 0o700]


def test_a_process_that_is_gone_leaves_what_else_is_known(tmp_path: Path) -> None:
    found = json.loads(Path(evidence.take({**ABOUT, "pid": 0}, tmp_path)).read_text())
    assert (found["threads"], found["descriptors"], found["why"]) == ([], None, "a test")


def test_the_last_five_of_a_mount_are_kept_and_none_of_another_is_touched(tmp_path: Path) -> None:
    other = tmp_path / "photos@20200101T000000Z.json"
    old = [tmp_path / f"photos=20of=20rob@2020010{day}T000000Z.json" for day in range(1, 8)]
    for file in (other, *old):
        file.write_text("{}")
    path = Path(evidence.take(ABOUT, tmp_path))
    assert sorted(tmp_path.iterdir()) == sorted([other, *old[-4:], path])

"""docs/recovery.md: only what is between the markers is measured, and words are kept."""

from __future__ import annotations

from pathlib import Path

from tests.bench import recovery
from tests.bench.outages import Spell
from tests.machine.far import FAULTS


def test_only_what_stands_between_the_markers_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{recovery.BEGIN}\nold\n{recovery.END}\nafter\n")
    recovery.write(page, "new")
    recovery.write(page, "newer")
    assert page.read_text() == f"before\n{recovery.BEGIN}\nnewer\n{recovery.END}\nafter\n"


def test_the_page_has_its_markers() -> None:
    text = recovery.PAGE.read_text()
    assert text.count(recovery.BEGIN) == text.count(recovery.END) == 1


def test_every_fault_of_the_far_side_has_its_row() -> None:
    assert list(recovery.NETWORK) == list(FAULTS)


def test_a_row_says_what_failed_and_what_lived_on() -> None:
    met = {"reader": ("EIO", 71.4), "handle": ("ENOTCONN", 0.001), "again": ("ENOTCONN", 0.0), "writer": ("EIO", 44.0)}
    spell = Spell(100.0, met, "degraded, `unreachable`", 6.04, 3.31, 2.0, 4.5, "nothing")
    [row] = recovery._network_rows({"dropped": [spell]})
    assert row == ("packets to S3 dropped", "100 s", "EIO, 71 s", "ENOTCONN, 0.01 s, then dead (ENOTCONN)",
                   "EIO, 44 s: nothing", "degraded, `unreachable`, 6 s", "3.3 s", "2 s", "4.5 s", "no")


def test_what_is_never_told_is_not_told_after_a_time() -> None:
    assert recovery._told(Spell(15.0)) == "stays ok"

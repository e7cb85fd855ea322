"""The table of failures, and the page that is written from it."""

from __future__ import annotations

from mountd.words.errors import FAULTS
from tests.bench import failures
from tests.bench.pages import BEGIN, END
from tests.machine.failures import FAILURES, Told, mount


def test_every_row_has_a_code_and_a_name_of_its_own() -> None:
    assert {failure.code for failure in FAILURES} <= set(FAULTS)
    assert len({str(mount(failure)["name"]) for failure in FAILURES}) == len(FAILURES)
    assert all(bool(failure.begin) == bool(failure.end) for failure in FAILURES)


def test_the_page_has_its_markers_and_a_line_for_each() -> None:
    text = failures.PAGE.read_text()
    assert text.count(BEGIN) == text.count(END) == 1
    rows = [line.split(" | ")[0] for line in text.partition(BEGIN)[2].splitlines() if line.startswith("| ")]
    assert rows[1:] == [f"| {failure.name}" for failure in FAILURES], "run: make bench"


def test_a_line_says_what_stands_in() -> None:
    [quota] = [failure for failure in FAILURES if failure.code == "store-full"]
    row = failures.row(quota, Told("store-full", "a | b", "ask <them>", 2.04))
    assert row == ("full store", "the quota is used up (stand-in)", "`store-full`, 2.0 s", "a \\| b", "ask &lt;them>")

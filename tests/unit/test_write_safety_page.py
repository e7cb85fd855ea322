"""docs/write-safety.md: when a program is said to have lost something, and how the tables are laid out."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.bench import edits
from tests.bench.edits import Found, Met
from tests.bench.gauge.edits import EDITS
from tests.bench.losses import Files, Outcome, outcome
from tests.bench.pages import BEGIN, END

OLD, NEW, OTHER, EMPTY = (14, "old"), (13, "new"), (6, "other"), (0, "")
MV = ({"old": OLD}, {"new": OLD})
OVER = ({"old": OLD, "target": OTHER}, {"target": OLD})
SED = ({"file": OLD}, {"file": NEW})
COPY = ({"keep": OLD}, {"keep": OLD, "t.csv": NEW})


@pytest.mark.parametrize(("case", "status", "after", "wanted"), [
    (MV, 0, {"new": OLD}, Outcome.RIGHT),
    (MV, 0, {"new": OLD, ".temporary": EMPTY}, Outcome.RIGHT),
    (MV, 0, {"old": OLD, "new": EMPTY}, Outcome.LOST),
    (MV, 0, {"old": OLD}, Outcome.LOST),
    (MV, 0, {"old": OLD, "new": OLD}, Outcome.LOST),
    (MV, 1, {"old": OLD}, Outcome.WHOLE),
    (MV, 1, {"new": OLD}, Outcome.WHOLE),
    (MV, 1, {"new": EMPTY}, Outcome.TOLD),
    (MV, 1, {}, Outcome.TOLD),
    (OVER, 0, {"target": OLD}, Outcome.RIGHT),
    (OVER, 0, {"old": OLD, "target": EMPTY}, Outcome.LOST),
    (OVER, 1, {"old": OLD, "target": OTHER}, Outcome.WHOLE),
    (OVER, 1, {"old": OLD, "target": OLD}, Outcome.WHOLE),
    (OVER, 1, {"old": OLD, "target": EMPTY}, Outcome.TOLD),
    (OVER, 1, {"target": OTHER}, Outcome.TOLD),
    (SED, 0, {"file": NEW}, Outcome.RIGHT),
    (SED, 0, {"file": (13, "another 13 bytes")}, Outcome.LOST),
    (SED, 0, {"file": OLD}, Outcome.LOST),
    (SED, 4, {"file": OLD}, Outcome.WHOLE),
    (SED, 4, {"file": EMPTY}, Outcome.TOLD),
    (COPY, 0, {"keep": OLD, "t.csv": NEW}, Outcome.RIGHT),
    (COPY, 0, {"keep": OLD}, Outcome.LOST),
    (COPY, 0, {"t.csv": NEW}, Outcome.LOST),
    (COPY, 1, {"keep": OLD, "t.csv": EMPTY}, Outcome.WHOLE),
    (COPY, 1, {"t.csv": NEW}, Outcome.TOLD),
])
def test_what_counts_as_lost(case: tuple[Files, Files], status: int, after: Files, wanted: Outcome) -> None:
    before, plain = case
    assert outcome(status, before, after, plain) is wanted


def test_of_what_varies_only_that_it_is_there_counts() -> None:
    plain = {"t.h5": (100, "made at noon")}
    assert outcome(0, {}, {"t.h5": (100, "made later")}, plain) is Outcome.LOST
    for after, wanted in ((100, Outcome.RIGHT), (0, Outcome.LOST)):
        assert outcome(0, {}, {"t.h5": (after, "made later")}, plain, ["t.h5"]) is wanted
    assert outcome(0, {}, {}, plain, ["t.h5"]) is Outcome.LOST


def met(status: int, after: Files, case: tuple[Files, Files] = MV, name: str = "mv") -> Met:
    return Met(name, status, "", (), case[0], after, case[1])


def test_a_cell_has_status_outcome_and_bytes() -> None:
    assert met(1, {"old": OLD}).cell == "1, nothing lost (old 14→14)"
    assert met(0, {"old": OLD, "new": EMPTY}).cell == "**0, LOST** (old 14→14; new -→0)"
    left = {".x1": EMPTY, ".x2": NEW, ".x3": EMPTY}
    assert met(1, {"old": OLD, **left}).cell == "1, nothing lost (old 14→14; temporary -→0, 13)"
    many = {f"file{number}": NEW for number in range(9)}
    assert met(0, many, ({}, many)).cell.endswith("file3 -→13; 5 more files)")


def found(mode: str, ours: Sequence[Met], bare: Sequence[Met]) -> Found:
    return Found("Store 1", mode, "direct", ours, bare)


def test_what_is_the_same_is_said_once() -> None:
    good, bad = met(0, {"new": OLD}), met(0, {"old": OLD, "new": EMPTY})
    alike = edits.rows([found("", [good], [good]), found("allow_overwrite", [good], [good])])
    assert alike == [("mv", "yes or no", good.cell, "the same")]
    apart = edits.rows([found("", [good], [good]), found("allow_overwrite", [good], [bad])])
    assert apart == [("mv", "no", good.cell, "the same"), ("mv", "yes", good.cell, bad.cell)]


def test_the_losses_are_counted_before_the_tables() -> None:
    good, bad = met(0, {"new": OLD}), met(0, {"old": OLD, "new": EMPTY})
    page = edits.page([found("", [good, good, good], [good, bad, met(1, {})])])
    assert "| Store 1 | no | as asked | 0 of 3 | 1 of 3, and 1 with a message |" in page
    assert page.index("1 of 3") < page.index("### Store 1") < page.index("LOST")


def test_the_page_has_every_store_and_program() -> None:
    text = edits.PAGE.read_text()
    assert text.count(BEGIN) == text.count(END) == 1
    parts = text.partition(BEGIN)[2].partition(END)[0].split("### ")[1:]
    assert [part.splitlines()[0] for part in parts] == list(edits.STORES)
    for part in parts:
        rows = [line.split(" | ")[0].removeprefix("| ") for line in part.splitlines()[4:] if line.startswith("|")]
        assert list(dict.fromkeys(rows)) == [edit.name for edit in EDITS], "run: make bench"

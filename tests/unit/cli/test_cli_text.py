"""Widths, shortening, tables, spans."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mountd.cli.text import Cell, Style, clean, columns, seconds_of, shortened, span, table, wrapped


@given(some.text(), some.integers(8, 100))
def test_shortened_text_fits(text: str, width: int) -> None:
    short = shortened(clean(text), width)
    assert columns(short) <= width
    assert short == clean(text) or "…" in short


@pytest.mark.parametrize(("text", "width", "short"), [
    ("erdos", 8, "erdos"), ("/home/rob/bucket2", 16, "/home/r…/bucket2"), ("数据集合的文件夹", 8, "数…件夹"),
])
def test_the_middle_goes_first(text: str, width: int, short: str) -> None:
    assert shortened(text, width) == short


@given(some.lists(some.tuples(some.text(), some.text(), some.text()), max_size=6))
def test_tables_fit_and_align(rows: list[tuple[str, ...]]) -> None:
    cells = [[Cell(clean(field)) for field in row] for row in rows]
    lines = table(("NAME", "FOLDER", "SOURCE"), cells, (0, 1, 2), Style(40))
    assert len(lines) == len(rows) + 1
    assert all(columns(line) <= 40 for line in lines)


@given(some.text(alphabet="ab \u6570", max_size=200))
def test_wrapping_loses_no_word(text: str) -> None:
    lines = wrapped(text, 20, "label: ", 7)
    assert " ".join(lines).split() == ["label:", *text.split()]


@given(some.text())
def test_clean_text_has_nothing_that_a_terminal_obeys(text: str) -> None:
    assert clean(text).isprintable()


@pytest.mark.parametrize(("seconds", "said"), [
    (0, "0s"), (59.9, "59s"), (60, "1min"), (719, "11min 59s"), (3600, "1h"), (3660, "1h 1min"), (3605, "1h"),
    (90061, "1d 1h"), (-5, "0s"),
])
def test_spans_as_people_say_them(seconds: float, said: str) -> None:
    assert span(seconds) == said


@pytest.mark.parametrize(("text", "seconds"), [("30", 30), ("30s", 30), ("5min", 300), ("1h 30min", 5400)])
def test_spans_as_people_write_them(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5x", "-3"])
def test_what_is_no_span_is_answered_with_the_right_form(text: str) -> None:
    with pytest.raises(ValueError, match="write 30s, 5min or 1h"):
        seconds_of(text)

"""What `s3mountctl watch` shows, as far as it is pure."""

import re

import pytest

from mountd.cli import watch
from mountd.cli.text import columns
from tests.unit.cli.canned import document, mount

EVENTS = [f"2026-11-22 13:39:{second:02d} UTC  kopah: waiting: no answer" for second in range(30)]
SIZES = ((80, 24), (40, 8), (200, 60), (20, 5), (80, 3))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("host", ["healthy", "sick", "nasty", "shared"])
@pytest.mark.parametrize("away", ["", "s3mountd is not running"])
def test_a_picture_fits_its_terminal(host: str, size: tuple[int, int], away: str) -> None:
    lines = watch.picture(document(host), away, EVENTS, size, colour=False)
    assert len(lines) <= size[1]
    assert max(map(columns, lines)) <= max(size[0], 60 if size[0] < 60 else 0)
    assert "\x1b" not in "".join(lines)
    assert any(line.startswith("s3mountd doe") for line in lines) == (bool(away) and size[0] >= 40)


def test_table_reasons_and_events_stand_below_each_other() -> None:
    lines = watch.picture(document("sick"), "", EVENTS, (100, 30), colour=False)
    text = "\n".join(lines)
    parts = r"s3mountd.*\n\nNAME .*\nerdos .*\n(.*\n)+\nkopah: waiting: .*refuses.*\n(.*\n)+\n2026-11-22"
    assert re.search(parts, text)
    assert lines[-1] == EVENTS[-1]


def test_where_not_all_fit_the_sick_are_seen() -> None:
    well = [mount(name=f"m{number:03d}") for number in range(200)]
    sick = {**document("sick")["mounts"][2], "name": "the-sick-one"}
    many = {**document("healthy"), "mounts": [*well, sick]}
    lines = watch.picture(many, "", [], (80, 24), colour=False)
    assert lines[3].startswith("the-sick-one")
    assert any(re.fullmatch(r"\.\.\. and \d+ more", line) for line in lines)
    shown = [line for line in lines if line.startswith("m")]
    more = next(line for line in lines if "more" in line)
    assert len(shown) + 1 + int(more.split()[2]) == 201


def test_a_line_says_why() -> None:
    assert watch.line(mount()) == "kopah: mounted, ok"
    assert watch.line(document("sick")["mounts"][1]) == (
        "kopah: waiting: https://s3.kopah.uw.edu refuses connections")

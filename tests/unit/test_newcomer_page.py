"""The table of a new user's path in docs/guide/getting-started.md."""

from __future__ import annotations

from tests.bench import newcomer
from tests.bench.pages import BEGIN, END
from tests.machine.newcomer import WAYS


def test_every_way_takes_three_commands_at_most_and_begins_with_nothing() -> None:
    for way in WAYS:
        assert len(way.commands) <= 3
        assert way.commands[0].startswith("sudo apt install ")


def test_the_page_has_its_markers_and_every_command() -> None:
    text = newcomer.PAGE.read_text()
    assert text.count(BEGIN) == text.count(END) == 1
    measured = text.partition(BEGIN)[2].partition(END)[0]
    for way in WAYS:
        assert way.name in measured
        assert [f"`{command}`" for command in way.commands if f"`{command}`" not in measured] == [], "run: make bench"


def test_seconds_are_added_up() -> None:
    lines = newcomer.page({way.name: [1.0, 2.25, 0.01] for way in WAYS}).splitlines()
    assert [line for line in lines if "in all" in line] == ["|  | in all | **3.3 s** |"] * len(WAYS)

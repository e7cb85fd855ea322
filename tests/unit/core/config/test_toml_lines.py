"""The line of every key, against texts with everything in them that TOML allows to confuse a scanner."""

from __future__ import annotations

from collections.abc import Iterator

import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from mountd.core.config import toml_lines

NASTY = (
    '"a ] } # = [[mount]] , \' x"', "'literal \\ # ] \" }'", '"\\"quoted\\" \\\\"', "''", '""',
    '"""two\n[[mount]]\nx = 1 # ] \\""" ""\n"""', '"""end""""', '"""end"""""', '""""""', "''''''",
    "'''a\n''b # ] }\n''''", '"""\\\n   folded"""', "1979-05-27 07:32:00", "1e3", "0x1F", "true", "inf",
    "07:32:00", '"\\u00e9\\U0001F600"',
)


class Grammar:
    """TOML drawn rule by rule; each key is a word found once, so that where it stands is its line."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.count = 0

    def key(self) -> str:
        self.count += 1
        word = f"key{self.count:04}"
        return self.draw(st.sampled_from((word, f'"{word}"', f"'{word}'", f'"{word}.# ]"', f"'{word} \\'")))

    def chance(self) -> bool:
        return self.draw(st.integers(0, 1)) == 1

    def times(self, low: int, high: int) -> range:
        return range(self.draw(st.integers(low, high)))

    def blank(self) -> str:
        return self.draw(st.sampled_from(("", " ", "\t")))

    def gap(self) -> str:
        return self.draw(st.sampled_from(("", " ", "\n", "\n# ] , [x]\n", " # '\"\n")))

    def dotted(self) -> str:
        return f"{self.blank()}.{self.blank()}".join(self.key() for _ in self.times(1, 2))

    def value(self, depth: int) -> str:
        kind = self.draw(st.integers(0, 3 if depth else 1))
        if kind <= 1:
            return self.draw(st.sampled_from(NASTY))
        items = [self.value(depth - 1) for _ in self.times(0, 3)]
        if kind == 2:
            tail = "," if items and self.chance() else ""
            return "[" + ",".join(f"{self.gap()}{item}{self.gap()}" for item in items) + tail + self.gap() + "]"
        return "{" + ",".join(f"{self.blank()}{self.dotted()} = {item}{self.blank()}" for item in items) + "}"

    def pairs(self) -> str:
        return "".join(f"{self.blank()}{self.dotted()}{self.blank()}={self.blank()}{self.value(2)}# [[x]]\n"
                       for _ in self.times(0, 3))


@st.composite
def documents(draw: st.DrawFn) -> str:
    """A document in which each key but a repeated [[table]] stands once."""
    rules = Grammar(draw)
    text = rules.pairs()
    for _ in rules.times(0, 3):
        name = rules.key()
        for _ in rules.times(1, 2):
            text += f"[[{rules.blank()}{name} ]]\n{rules.pairs()}[{name}.{rules.key()}]\n{rules.pairs()}"
            text += f"[[{name} . {rules.key()}]]\n{rules.pairs()}" if rules.chance() else f"\n[{rules.key()}]\n"
    return text.replace("\n", draw(st.sampled_from(("\n", "\r\n"))))


def paths(value: object, path: toml_lines.Path = ()) -> Iterator[toml_lines.Path]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from paths(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from paths(inner, (*path, number))


@settings(max_examples=100, deadline=None)
@given(documents())
def test_every_key_is_found_at_its_line(text: str) -> None:
    lines = toml_lines.index(text)
    for path in paths(tomli.loads(text)):
        word = str(path[-1])[:7]
        assert lines.line(path) == text.count("\n", 0, text.index(word)) + 1, path


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="[]{}=.,#\"'\\\n a1", max_size=60))
def test_any_text_ends(text: str) -> None:
    toml_lines.index(text)


def test_repeated_tables_and_elements() -> None:
    lines = toml_lines.index('[[mount]]\na = 1\n\n[[mount]]\nbind = [\n  "x",\n  "y",\n]\nc = { d = 1 }\n')
    assert lines.line(("mount", 0)) == 1
    assert lines.line(("mount", 1)) == 4
    assert lines.line(("mount", 1, "bind", 1)) == 7
    assert lines.line(("mount", 1, "c", "d")) == 9


def test_what_is_not_there_has_the_line_of_what_is_around_it() -> None:
    lines = toml_lines.index("x = 1\n[[mount]]\na = 1\n")
    assert lines.line(("mount", 0, "folder")) == 2
    assert lines.line(("defaults",)) == 0


def test_deep_nesting_ends() -> None:
    toml_lines.index("a = " + "[" * 5000)

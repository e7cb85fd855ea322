"""s3mountd's table of options against the help of mount-s3, in both directions."""

from __future__ import annotations

import functools
import re

import pytest

from mountd.words.options import OPTIONS, REFUSED, Kind, flag
from tests.engine.harness import run

OF_THE_LAUNCHER = {"--help", "--version"}
A_KEY_OF_ITS_OWN = {"--prefix"}
LINE = re.compile(r"^\s+(?:-\w, )?(--[a-z0-9-]+)(?: <([^>]+)>)?(\.\.\.)?", re.MULTILINE)
CHOICES = re.compile(r"\[possible values: ([^]]+)\]")


@functools.cache
def described() -> dict[str, tuple[bool, frozenset[str]]]:
    """Of each option: does it take a value, and which ones when it lists them."""
    shown = run("--help").stdout
    hits = list(LINE.finditer(shown))
    ends = [hit.start() for hit in hits[1:]] + [len(shown)]
    found = {}
    for hit, end in zip(hits, ends, strict=True):
        choices = CHOICES.search(shown, hit.end(), end)
        words = frozenset(re.split(r",\s*", choices[1])) if choices else frozenset()
        found[hit[1]] = hit[2] is not None, words
    return found


def test_every_option_of_mount_s3_is_taken_or_refused_with_a_reason() -> None:
    ours = {flag(name) for name in OPTIONS} | {flag(row.name) for row in REFUSED.values() if row.native}
    assert ours | A_KEY_OF_ITS_OWN | OF_THE_LAUNCHER == described().keys()


@pytest.mark.parametrize("option", OPTIONS.values(), ids=lambda option: option.name)
def test_value_or_flag(option: object) -> None:
    row = OPTIONS[getattr(option, "name", "")]
    takes_value, choices = described()[flag(row.name)]
    assert takes_value == (row.kind is not Kind.FLAG)
    if row.kind is Kind.ENUM:
        assert choices == frozenset(row.choices)
    else:
        assert not choices

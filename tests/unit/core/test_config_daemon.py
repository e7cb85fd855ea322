"""Hooks in the configuration: what is refused, what is remarked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mountd.core.config_facts import Program
from tests.unit.core.config_kit import FACTS, accepted, refused


def daemon(line: str) -> str:
    return f"[daemon]\n{line}\n"


@pytest.mark.parametrize(("line", "words"), [
    ('on_change = ["/usr/local/bin/x", "a", "b c"]', ("/usr/local/bin/x", "a", "b c")),
    ('on_change = "/usr/local/bin//x"', ("/usr/local/bin/x",)),
])
def test_a_hook(line: str, words: tuple[str, ...]) -> None:
    assert accepted(daemon(line)).daemon.on_change == words


@pytest.mark.parametrize(("line", "said"), [
    ('on_change = ["hook"]', "must be an absolute path"),
    ("on_change = []", "must not be empty"),
    ("on_change = [7]", "must be text in quotes"),
    ('on_change = "/usr/local/bin/x --mail rob"', 'write ["/usr/local/bin/x", "--mail", "rob"]'),
    ('on_change = ["/home/rob/hook"]', "is not to be seen from the hook's sandbox (put it in /usr/local/bin)"),
    ('on_change = ["/tmp/hook"]', "is not to be seen from the hook's sandbox"),
])
def test_a_hook_that_is_refused(line: str, said: str) -> None:
    (problem,) = refused(daemon(line))
    assert problem.startswith("m.toml:2: daemon.on_change: ")
    assert said in problem


def test_a_program_that_others_can_write_is_refused_with_what_mends_it() -> None:
    found = Program("/usr/local/bin/x can be written by everybody", hint="run: chmod go-w /usr/local/bin/x")
    facts = replace(FACTS, program=lambda _path: found)
    (problem,) = refused(daemon('on_change = ["/usr/local/bin/x"]'), facts=facts)
    assert "can be written by everybody (run: chmod go-w /usr/local/bin/x)" in problem


def test_a_program_that_is_not_there_yet_is_a_remark() -> None:
    facts = replace(FACTS, program=lambda path: Program(remark=f"{path} cannot be run: No such file or directory"))
    (note,) = accepted(daemon('on_change = ["/usr/local/bin/x"]'), facts=facts).notes
    assert "No such file" in str(note)

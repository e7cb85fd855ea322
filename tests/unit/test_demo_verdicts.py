"""The demonstration's own verdicts: a step that does not do what it says fails the whole."""

from __future__ import annotations

import io

import pytest

from tests.demo.show import WIDTH, Show
from tests.machine.inside import CommandFailed, Result


def play(show: Show, *claims: bool) -> None:
    with show.step("A step", "Words.") as step:
        step.claims += [("a claim", true) for true in claims]


def broken(show: Show, error: Exception) -> None:
    with show.step("Breaks", "Words.") as step:
        step.claims.append(("true before it broke", True))
        raise error


def test_all_well_ends_with_0() -> None:
    out = io.StringIO()
    show = Show(2, out)
    play(show, True)
    play(show, True, True)
    assert show.end() == 0
    assert "ok: 2 of 2 steps" in out.getvalue() and "FAILED" not in out.getvalue()


def test_one_false_claim_among_true_ones_fails_the_whole() -> None:
    out = io.StringIO()
    show = Show(2, out)
    play(show, True)
    play(show, True, False, True)
    assert show.end() == 1
    assert "FAILED: 1 of 2 steps" in out.getvalue()


def test_a_step_that_claims_nothing_has_shown_nothing() -> None:
    show = Show(1, io.StringIO())
    play(show)
    assert show.end() == 1


def test_a_step_that_never_came_is_missed() -> None:
    show = Show(2, io.StringIO())
    play(show, True)
    assert show.end() == 1


@pytest.mark.parametrize("error", [
    CommandFailed("demo", ["true"], "status 1", "said this", "and that"), TimeoutError("never came"), KeyError("data"),
])
def test_an_error_fails_its_step_and_the_others_go_on(error: Exception) -> None:
    out = io.StringIO()
    show = Show(2, out)
    broken(show, error)
    play(show, True)
    assert show.end() == 1
    assert [step.ok for step in show.steps] == [False, True]
    assert str(error) in out.getvalue()


def test_a_stranger_of_an_error_is_not_swallowed() -> None:
    show = Show(1, io.StringIO())
    with pytest.raises(ZeroDivisionError):
        broken(show, ZeroDivisionError())


def test_a_command_is_shown_with_its_output_and_its_end() -> None:
    out = io.StringIO()
    asked: list[tuple[str, str | None]] = []

    def run(command: str, user: str | None) -> Result:
        asked.append((command, user))
        return Result("said\n", "complained\n", 3)

    show = Show(1, out, run)
    assert show.command("ls data", "rob").returncode == 3
    assert asked == [("ls data", "rob")]
    assert out.getvalue() == "\n$ ls data    # as rob\nsaid\ncomplained\n(exit status 3)\n"


def test_words_and_table_fit_a_terminal_and_have_no_colours_elsewhere() -> None:
    out = io.StringIO()
    show = Show(1, out)
    with show.step("A title of usual length", "word " * 60) as step:
        step.claims.append(("claim " * 40, False))
        step.figure = "1.23 s gap, bare folder 0 times"
    show.end()
    assert max(map(len, out.getvalue().splitlines())) <= WIDTH
    assert "\033" not in out.getvalue()

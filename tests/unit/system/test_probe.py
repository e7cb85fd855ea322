"""The helper process asked over its line: answers, errors, descriptors, and its death."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gi.repository import GLib

from mountd.system.asking import Answer
from mountd.system.probe import Helper
from mountd.words.errors import MountdError

LIMIT = 10_000
"""Milliseconds after which a test has failed; nothing here takes a hundredth of it."""


@pytest.fixture
def helper() -> Iterator[Helper]:
    made = Helper()
    yield made
    made.close()


def answered(begin: Callable[[Callable[[Answer | MountdError], None]], object]) -> Answer | MountdError:
    """What a question is answered; the loop turns meanwhile."""
    loop, answers = GLib.MainLoop(), list[Answer | MountdError]()

    def done(answer: Answer | MountdError) -> None:
        answers.append(answer)
        loop.quit()

    begin(done)
    late = GLib.timeout_add(LIMIT, loop.quit)
    loop.run()
    assert answers, "no answer"
    GLib.source_remove(late)
    return answers[0]


def test_a_question_is_answered(helper: Helper, tmp_path: Path) -> None:
    answer = answered(lambda done: helper.ask("statvfs", done, path=str(tmp_path)))
    assert not isinstance(answer, MountdError)
    assert answer["blocks"] == os.statvfs(tmp_path).f_blocks


def test_a_descriptor_goes_along(helper: Helper, tmp_path: Path) -> None:
    number = os.open(tmp_path, os.O_PATH)
    answer = answered(lambda done: helper.ask("statvfs", done, descriptors=[number]))
    os.close(number)
    assert not isinstance(answer, MountdError)
    assert answer["blocks"] == os.statvfs(tmp_path).f_blocks


def test_a_refusal_of_the_system_is_an_answer(helper: Helper) -> None:
    answer = answered(lambda done: helper.ask("statvfs", done, path="/nowhere"))
    assert isinstance(answer, MountdError)
    assert (answer.fault.code, answer.detail) == ("host-refused", "No such file or directory")


def test_what_nobody_foresaw_is_answered_too(helper: Helper) -> None:
    answer = answered(lambda done: helper.ask("statvfs", done))
    assert isinstance(answer, MountdError)
    assert answer.detail == "statvfs broke off"


def test_when_it_dies_open_questions_are_answered_and_the_next_one_goes_to_a_new_one(
        helper: Helper, tmp_path: Path) -> None:
    first = helper._process.pid

    def killed(done: Callable[[Answer | MountdError], None]) -> None:
        os.kill(first, signal.SIGSTOP)
        helper.ask("statvfs", done, path=str(tmp_path))
        os.kill(first, signal.SIGKILL)

    lost = answered(killed)
    assert isinstance(lost, MountdError) and lost.detail == "the helper process died"
    assert helper._process.pid != first
    answer = answered(lambda done: helper.ask("statvfs", done, path=str(tmp_path)))
    assert not isinstance(answer, MountdError)


def test_who_has_been_forgotten_is_not_called(helper: Helper, tmp_path: Path) -> None:
    called: list[object] = []
    number = helper.ask("statvfs", called.append, path=str(tmp_path))
    helper.forget(number)
    answered(lambda done: helper.ask("statvfs", done, path=str(tmp_path)))
    assert called == []

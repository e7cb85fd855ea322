"""The helper process asked over its line: answers, errors, descriptors, what is stuck for good, and its death.

What is stuck is so for real: a statvfs of a FUSE mount that nobody serves. Needs root and /dev/fuse.
"""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gi.repository import GLib

from mountd.system import fuse, probe
from mountd.system.asking import Answer
from mountd.system.fuse import Staged
from mountd.system.probe import Helper
from mountd.words.errors import MountdError

LIMIT = 10_000
"""Milliseconds after which a test has failed; nothing here takes a hundredth of it."""


@pytest.fixture
def helper() -> Iterator[Helper]:
    made = Helper()
    yield made
    made.close()


@pytest.fixture
def deaf() -> Iterator[Staged]:
    """A mount that answers nobody until its server's end is closed."""
    staged = fuse.stage("s3://deaf", read_only=False)
    yield staged
    os.close(staged.mount_fd)


def answered(begin: Callable[[Callable[[Answer | MountdError], None]], object]) -> Answer | MountdError:
    """What a question is answered; the loop turns meanwhile."""
    loop, answers = GLib.MainLoop(), list[Answer | MountdError]()

    def done(answer: Answer | MountdError) -> None:
        answers.append(answer)
        loop.quit()

    begin(done)
    late = GLib.timeout_add(LIMIT, loop.quit)
    if not answers:
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


def test_one_that_is_stopped_is_found_out_and_replaced(helper: Helper, tmp_path: Path) -> None:
    answered(lambda done: helper.ask("statvfs", done, path=str(tmp_path)))
    first, line = helper._process.pid, helper._process.line

    def stopped(done: Callable[[Answer | MountdError], None]) -> None:
        os.kill(first, signal.SIGSTOP)
        helper.ask("statvfs", done, path=str(tmp_path))
        assert line._listen(), "it is asked for a sign of life"
        assert not line._listen(), "none has come until the next one is due"

    lost = answered(stopped)
    assert isinstance(lost, MountdError) and lost.detail == "the helper process died"
    turn(lambda: not Path(f"/proc/{first}").exists())
    answer = answered(lambda done: helper.ask("statvfs", done, path=str(tmp_path)))
    assert not isinstance(answer, MountdError)


def test_one_that_turns_is_left_alone_however_long_something_is_stuck_in_it(helper: Helper, deaf: Staged) -> None:
    first, line = helper._process.pid, helper._process.line
    helper.ask("statvfs", lambda _: None, descriptors=[deaf.mount_fd])
    for _ in range(3):
        assert line._listen()
        turn(lambda: line._asked_at is None)
    os.close(deaf.fuse_fd)
    turn(lambda: not line.open_questions)
    assert not line._listen(), "nothing is open: nobody is asked"
    assert helper._process.pid == first


def test_who_has_been_forgotten_is_not_called(helper: Helper, tmp_path: Path) -> None:
    called: list[object] = []
    number = helper.ask("statvfs", called.append, path=str(tmp_path))
    helper.forget(number)
    answered(lambda done: helper.ask("statvfs", done, path=str(tmp_path)))
    assert called == []


def turn(until: Callable[[], bool]) -> None:
    """Turn the loop until something holds."""
    late: list[int] = []
    timer = GLib.timeout_add(LIMIT, late.append, 1)
    tick = GLib.timeout_add(10, lambda: True)
    while not until():
        assert not late, "nothing came"
        GLib.MainContext.default().iteration(True)
    for source in (timer, tick):
        GLib.source_remove(source)


def _unwelcome(answer: object) -> None:
    pytest.fail(f"nobody asked any more: {answer}")


def test_what_is_forgotten_is_stuck_until_it_is_answered(helper: Helper, deaf: Staged) -> None:
    number = helper.ask("statvfs", _unwelcome, descriptors=[deaf.mount_fd])
    helper.forget(number)
    answered(lambda done: helper.ask("statvfs", done, path="/"))
    assert (helper.stuck, helper.is_open(number)) == (1, True)
    os.close(deaf.fuse_fd)
    turn(lambda: not helper.is_open(number))
    assert helper.stuck == 0


def test_when_too_much_is_stuck_a_new_process_answers_and_the_old_one_ends_with_its_last_question(
        deaf: Staged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "_MOST_STUCK", 2)
    pids: list[int] = []
    answers: list[object] = []
    helper = Helper(pids.append)
    waited_for = helper.ask("statvfs", answers.append, descriptors=[deaf.mount_fd])
    for _ in range(2):
        helper.forget(helper.ask("statvfs", _unwelcome, descriptors=[deaf.mount_fd]))
    assert len(pids) == 1
    answered(lambda done: helper.ask("statvfs", done, path="/"))
    assert (len(pids), helper.stuck, helper.is_open(waited_for)) == (2, 2, True)
    os.close(deaf.fuse_fd)
    turn(lambda: helper.stuck == 0 and not helper.is_open(waited_for))
    assert isinstance(answers[0], MountdError)
    answered(lambda done: helper.ask("statvfs", done, path="/"))
    turn(lambda: not Path(f"/proc/{pids[0]}").exists())
    helper.close()
    assert len(pids) == 2

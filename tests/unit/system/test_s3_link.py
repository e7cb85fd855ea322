"""The line to the process that asks S3: begun with a question, let go when there are none, missed when it dies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
from gi.repository import GLib

from mountd.core.units.sandbox import Property
from mountd.system.asking import Answer
from mountd.system.s3.link import Stores
from mountd.system.systemd import Systemd
from mountd.words.errors import MountdError

ROOT = Path(__file__).resolve().parents[3]
BEGIN = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from mountd.system.s3 import main; main.main()"
NOWHERE: dict[str, Any] = {
    "endpoint_url": "http://127.0.0.1:1", "region": "", "bucket": "b", "prefix": "", "force_path_style": True,
    "profile": "", "anonymous": True, "deadline": 5.0, "files": []}


class Starter:
    """Starts the real process as systemd would; ``busy`` times its name is still taken."""

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen[bytes]] = []
        self.units: list[str] = []
        self.killed: list[str] = []
        self.busy = 0

    def kill(self, unit: str, _failed: Callable[[str], None]) -> None:
        self.killed.append(unit)

    def start(self, unit: str, _properties: Sequence[Property], stdio: Mapping[str, int],
              failed: Callable[[str], None], started: Callable[[], None]) -> None:
        self.units.append(unit)
        if self.busy:
            self.busy -= 1
            GLib.idle_add(lambda: failed("Unit s3mountd-s3.service was already loaded"))
            return
        self.processes.append(subprocess.Popen([sys.executable, "-I", "-c", BEGIN], stdin=stdio["Input"]))
        GLib.idle_add(started)


@pytest.fixture
def starter() -> Iterator[Starter]:
    made = Starter()
    yield made
    for process in made.processes:
        process.kill()
        process.wait()


def stores(starter: Starter, idle: float = 60.0) -> Stores:
    return Stores(cast(Systemd, starter), idle, pace=0.1)


def until(found: Callable[[], object]) -> None:
    """Turn the loop until it is so."""
    end, context = time.monotonic() + 10, GLib.MainContext.default()
    tick = GLib.timeout_add(10, lambda: True)
    while not found():
        assert time.monotonic() < end, "it never came to be"
        context.iteration(True)
    GLib.source_remove(tick)


def asked(line: Stores) -> list[Answer | MountdError]:
    answers: list[Answer | MountdError] = []
    line.ask("diagnose", answers.append, **NOWHERE)
    return answers


def test_nothing_runs_before_the_first_question_and_one_process_answers_all(starter: Starter) -> None:
    line = stores(starter)
    assert starter.processes == []
    both = [asked(line), asked(line)]
    until(lambda: all(both))
    assert [one[0]["code"] for one in both if not isinstance(one[0], MountdError)] == ["connection-refused"] * 2
    assert starter.units == ["s3mountd-s3.service"]
    line.close()


def test_closing_the_line_ends_the_process(starter: Starter) -> None:
    line = stores(starter)
    answers = asked(line)
    until(lambda: answers)
    line.close()
    assert starter.processes[0].wait(10) == 0


def test_one_that_is_asked_nothing_is_let_go_and_the_next_question_has_a_fresh_one(starter: Starter) -> None:
    line = stores(starter, idle=0.1)
    first = asked(line)
    until(lambda: first)
    until(lambda: starter.processes[0].poll() is not None)
    second = asked(line)
    until(lambda: second)
    assert not isinstance(second[0], MountdError)
    assert len(starter.processes) == 2
    line.close()


def test_when_it_dies_open_questions_are_answered_and_the_next_starts_another(starter: Starter) -> None:
    line = stores(starter)
    first = asked(line)
    until(lambda: first)
    os.kill(starter.processes[0].pid, signal.SIGSTOP)
    lost = asked(line)
    starter.processes[0].kill()
    assert starter.processes[0].wait(10) == -signal.SIGKILL
    until(lambda: lost)
    assert isinstance(lost[0], MountdError) and lost[0].detail == "the process that asks S3 died"
    assert starter.killed == ["s3mountd-s3.service"], "one that is stopped would keep its name"
    again = asked(line)
    until(lambda: again)
    assert not isinstance(again[0], MountdError)
    line.close()


def test_a_name_that_is_still_taken_is_waited_for(starter: Starter) -> None:
    starter.busy = 3
    line = stores(starter)
    answers = asked(line)
    until(lambda: answers)
    assert not isinstance(answers[0], MountdError)
    assert len(starter.units) == 4
    line.close()


def test_one_that_never_starts_is_said(starter: Starter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mountd.system.on_call._AGAIN_MS", 1)
    starter.busy = 99
    line = stores(starter)
    answers = asked(line)
    until(lambda: answers)
    assert isinstance(answers[0], MountdError)
    assert answers[0].detail.startswith("the process that asks S3 cannot be started: Unit")
    line.close()


def test_who_has_been_forgotten_is_not_called(starter: Starter) -> None:
    line, called = stores(starter), list[Answer | MountdError]()
    line.forget(line.ask("diagnose", called.append, **NOWHERE))
    answers = asked(line)
    until(lambda: answers)
    assert called == []
    line.close()

"""`s3mountctl watch` on a real terminal and into a pipe."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import pytest

from tests.machine import Machine
from tests.system import kit

pytestmark = pytest.mark.once("13")

_ON_PTY = (Path(__file__).parent / "on_pty.py").read_text()
_TAKE, _GIVE_BACK = "\x1b[?1049h", "\x1b[?7h\x1b[?25h\x1b[?1049l"
_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_LIMIT = 15.0


class Lines:
    """The lines that a process in the machine prints, as they come."""

    def __init__(self, machine: Machine, command: list[str]) -> None:
        self.process = machine.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._queue: SimpleQueue[bytes] = SimpleQueue()
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._queue.put(line)
        self._queue.put(b"")

    def next(self, until: float) -> Any:
        """One line, decoded; fails when none comes until that monotonic time, or never will."""
        try:
            line = self._queue.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            pytest.fail("it was not printed")
        assert line, "the process has ended"
        return json.loads(line)

    def tell(self, text: str) -> None:
        """A line to its input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n".encode())
        self.process.stdin.flush()


class Terminal(Lines):
    """A command on a terminal; ``text`` is all that it wrote."""

    def __init__(self, machine: Machine, *command: str) -> None:
        super().__init__(machine, [kit.PYTHON, "-c", _ON_PTY, *command])
        self.text = ""
        self.pid = int(self.next(time.monotonic() + _LIMIT)["pid"])

    def until(self, words: str, limit: float = _LIMIT) -> float:
        """Wait until the words are written after now; seconds that took."""
        began, start = time.monotonic(), len(self.text)
        while words not in _ESCAPE.sub("", self.text[start:]):
            self.text += self.next(began + limit)["text"]
        return time.monotonic() - began

    def end(self) -> tuple[int, bool]:
        """Its exit status, and is the terminal set as before?"""
        until = time.monotonic() + _LIMIT
        while "exit" not in (said := self.next(until)):
            self.text += said["text"]
        return said["exit"], said["sane"]


@contextmanager
def _terminal(machine: Machine, *command: str) -> Iterator[Terminal]:
    made = Terminal(machine, *command)
    try:
        yield made
    finally:
        machine.run(["kill", "-KILL", str(made.pid)], check=False)
        made.process.kill()
        made.process.wait()


def _frames(text: str) -> list[list[str]]:
    """The lines of each picture."""
    return [_ESCAPE.sub("", one).split("\r\n") for one in text.split("\x1b[H")[1:]]


def test_a_crash_is_seen_on_a_terminal_within_two_seconds_and_the_terminal_is_left_sane(machine: Machine) -> None:
    kit.configure(machine, kit.mount("one"), kit.mount("two", "bucket-two"))
    [one, _] = kit.wait_ok(machine, "one", "two")
    with _terminal(machine, "s3mountctl", "watch") as terminal:
        terminal.until("mounted  ok")
        assert terminal.text.startswith(_TAKE)
        kit.kill(machine, one["pid"])
        took = terminal.until("one: mounting: mount-s3 was ended by SIGKILL")
        print(f"a crash was shown {took:.2f} s after it was proven")
        assert took < 4
        terminal.until("one: mounted, ok")
        terminal.tell("size 40 8")
        start = len(terminal.text)
        terminal.until("Ctrl-C")
        terminal.until("Ctrl-C")
        last = _frames(terminal.text[start:])[-1]
        assert len(last) <= 8
        assert max(map(len, last)) <= 60, "the heads of the table are as narrow as it gets"
        terminal.tell(r"keys \x03")
        assert terminal.end() == (130, True)
        assert terminal.text.endswith(_GIVE_BACK)


def test_a_daemon_that_restarts_is_waited_for(machine: Machine) -> None:
    kit.configure(machine, kit.mount("one"))
    kit.wait_ok(machine, "one")
    with _terminal(machine, "s3mountctl", "watch", "one") as terminal:
        terminal.until("mounted  ok")
        machine.run("systemctl stop s3mountd.service")
        terminal.until("s3mountd does not answer")
        machine.run("systemctl start s3mountd.service")
        kit.wait_ok(machine, "one")
        until = time.monotonic() + _LIMIT
        while time.monotonic() < until:
            terminal.until("mounted  ok")
            if "does not answer" not in "".join(_frames(terminal.text)[-1]):
                break
        else:
            pytest.fail("the daemon is back, and it does not see it")
        terminal.tell(f"signal {signal.SIGTERM.value}")
        assert terminal.end() == (143, True)
        assert terminal.text.endswith(_GIVE_BACK)


def test_a_stream_of_documents_for_programs(machine: Machine) -> None:
    kit.configure(machine, kit.mount("one"), kit.mount("two", "bucket-two"))
    [one, _] = kit.wait_ok(machine, "one", "two")
    lines = Lines(machine, ["s3mountctl", "watch", "--json"])
    until = time.monotonic() + _LIMIT
    assert [lines.next(until)["name"] for _ in range(2)] == ["one", "two"]
    kit.kill(machine, one["pid"])
    seen = [lines.next(until)]
    while (seen[-1]["state"], seen[-1]["health"], seen[-1]["restarts"]) != ("mounted", "ok", 1):
        seen.append(lines.next(until))
    assert {(mount["name"], mount["state"]) for mount in seen} == {("one", "mounting"), ("one", "mounted")}
    machine.run("systemctl restart s3mountd.service")
    assert lines.next(until + _LIMIT)["name"] == "one"
    assert lines.process.poll() is None
    lines.process.kill()
    lines.process.wait()


def test_a_stream_ends_when_nobody_reads_it_or_at_an_interrupt(machine: Machine) -> None:
    kit.configure(machine, kit.mount("one"))
    kit.wait_ok(machine, "one")
    script = "s3mountctl watch --json | head -n1 >/dev/null; echo ${PIPESTATUS[0]}"
    assert machine.run(["bash", "-c", script], timeout=10).stdout == "141\n"
    script = ("coproc s3mountctl watch; pid=$COPROC_PID; read -r line <&${COPROC[0]}; kill -INT $pid; wait $pid; "
              'echo "$? $line"')
    said = machine.run(["bash", "-c", script], timeout=10)
    assert said.stdout.startswith("130 ")
    assert said.stdout.endswith("one: mounted, ok\n")
    assert said.stderr == ""

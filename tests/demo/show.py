"""What a demonstration prints: steps, commands with their real output, verdicts, a table at the end."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

from tests.machine.inside import CommandFailed, Result

WIDTH = 80
_PAINT = {"bold": "1", "ok": "32", "FAILED": "31"}

Run = Callable[[str, str | None], Result]
"""Runs a shell command in the machine, as root or as that user; never raises for its exit status."""


@dataclass
class Step:
    """One step and what became of it: every claim it made about the machine, true or not."""

    title: str
    figure: str = ""
    seconds: float = 0.0
    claims: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Something was claimed, and all of it was so."""
        return bool(self.claims) and all(true for _, true in self.claims)

    @property
    def verdict(self) -> str:
        """The word for people."""
        return "ok" if self.ok else "FAILED"


class Show:
    """Prints to `out`, colours only on a terminal; `run` is set once there is a machine."""

    def __init__(self, total: int, out: TextIO = sys.stdout, run: Run | None = None) -> None:
        self.steps: list[Step] = []
        self.run = run
        self._total = total
        self._out = out
        self._began = time.monotonic()

    @contextmanager
    def step(self, title: str, words: str) -> Iterator[Step]:
        """One step: whatever goes wrong in it makes it FAILED, and the demonstration goes on."""
        step = Step(title)
        self.steps.append(step)
        began = time.monotonic()
        head = f"== {len(self.steps)}/{self._total}  {title} "
        self._print("", self._paint(head.ljust(WIDTH, "="), "bold"))
        self.say(words)
        try:
            yield step
        except (CommandFailed, TimeoutError, RuntimeError, OSError, LookupError, ValueError,
                subprocess.SubprocessError) as error:
            self._print(str(error))
            step.claims.append((f"no error ({type(error).__name__})", False))
        step.seconds = time.monotonic() - began
        self._judge(step)

    def say(self, words: str) -> None:
        """A line or two in plain words."""
        self._print(*textwrap.wrap(words, WIDTH))

    def gap(self) -> None:
        """An empty line."""
        self._print("")

    def command(self, command: str, user: str | None = None) -> Result:
        """Show a command, run it, show what it printed and how it ended; the result is the caller's to judge."""
        assert self.run is not None, "no machine yet"
        self._print("", f"$ {command}" + (f"    # as {user}" if user else ""))
        result = self.run(command, user)
        text = (result.stdout + result.stderr).rstrip("\n")
        if text:
            self._print(text)
        if result.returncode:
            self._print(f"(exit status {result.returncode})")
        return result

    def act(self, command: str, do: Callable[[], object]) -> None:
        """Show a command that is carried out from outside, as it ends the machine that would have to answer."""
        self._print("", f"$ {command}")
        do()

    def end(self) -> int:
        """The table of all steps; the exit status: 0 only if there were as many as announced and all are ok."""
        self._print("", self._paint("== Summary ".ljust(WIDTH, "="), "bold"))
        for number, step in enumerate(self.steps, 1):
            verdict = self._paint(f"{step.verdict:<6}", step.verdict)
            self._print(f"{number:3}  {step.title:<27} {verdict} {step.seconds:5.1f} s  {step.figure}".rstrip())
        good = sum(step.ok for step in self.steps)
        whole = good == self._total == len(self.steps)
        word = "ok" if whole else "FAILED"
        took = time.monotonic() - self._began
        self._print("", f"{self._paint(word, word)}: {good} of {self._total} steps did what they say, in {took:.0f} s")
        return 0 if whole else 1

    def _judge(self, step: Step) -> None:
        self._print("")
        for claim, true in step.claims:
            word = "ok" if true else "FAILED"
            head, *rest = textwrap.wrap(claim, WIDTH - 8)
            self._print(f"{self._paint(f'{word:>6}', word)}  {head}", *(" " * 8 + line for line in rest))
        if not step.claims:
            self._print(f"{self._paint('FAILED', 'FAILED')}  nothing was shown")

    def _paint(self, text: str, kind: str) -> str:
        if not self._out.isatty() or os.environ.get("NO_COLOR"):
            return text
        return f"\033[{_PAINT[kind]}m{text}\033[0m"

    def _print(self, *lines: str) -> None:
        for line in lines:
            print(line, file=self._out, flush=True)

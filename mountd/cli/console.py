"""Where a command's words go: results to stdout, everything else to stderr, colours only on a terminal."""

import io
import json
import os
import sys
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from mountd.cli import render
from mountd.cli.text import Style, clean, wrapped
from mountd.core.verdict import Exit
from mountd.words.errors import MountdError

if TYPE_CHECKING:
    from mountd.cli.client import Client

_PAGE = 80
_EXITS = {"daemon-unreachable": Exit.UNREACHABLE, "no-such-mount": Exit.USAGE}


class UsageError(Exception):
    """What was asked for makes no sense; the text says why."""


class Console:
    """The two streams with their styles, and the daemon once somebody asks for it."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self.out, self._err = out, err
        self.style, self.error_style = _style(out), _style(err)
        for stream in (out, err):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")

    @property
    def out_is_terminal(self) -> bool:
        """Does somebody look at the results as they come?"""
        return self.out.isatty()

    @cached_property
    def client(self) -> "Client":
        """The daemon; raises ``daemon-unreachable`` when there is no bus."""
        # Importing gi takes longer than everything that `explain` and completions do.
        from mountd.cli.client import Client
        return Client()

    def say(self, lines: Iterable[str]) -> None:
        """Print a result, a line each."""
        self.out.writelines(f"{line}\n" for line in lines)
        self.out.flush()

    def say_json(self, value: Any) -> None:
        """Print a result for a machine."""
        self.say([json.dumps(value, indent=2, ensure_ascii=False)])

    def warn(self, lines: Iterable[str]) -> None:
        """Print what is not the result: warnings, errors."""
        self._err.writelines(f"{line}\n" for line in lines)
        self._err.flush()

    def note(self, texts: Iterable[str]) -> None:
        """Print remarks that a person should see."""
        self.warn(line for text in texts for line in wrapped(clean(text), self.error_style.width, "note: ", 6))

    @property
    def can_ask(self) -> bool:
        """Is there somebody who sees a question and can answer it?"""
        return sys.stdin.isatty() and self._err.isatty()

    def answer(self, question: str, usual: str = "") -> str:
        """The answer of the person at the terminal, ``usual`` when it is empty. Raises KeyboardInterrupt at its end."""
        self._err.write(f"{question}{f' [{usual}]' if usual else ''}: ")
        self._err.flush()
        line = sys.stdin.readline()
        if not line:
            self.warn([""])
            raise KeyboardInterrupt
        return line.strip() or usual

    def progress(self, line: str) -> None:
        """Print a passing remark for somebody who sits there and waits."""
        if self._err.isatty():
            self.warn([self.error_style.dim(line)])

    def ask(self, question: str) -> str | None:
        """What the person at the terminal types; None when there is none."""
        if not sys.stdin.isatty():
            return None
        self._err.write(f"{question} ")
        self._err.flush()
        return sys.stdin.readline().strip()

    def fail(self, error: MountdError, hint: str = "", **known: str) -> Exit:
        """Explain an error and give its exit status; ``known`` fills the names of its sentence and hint, and ``hint``
        counts where the one of the table does not fit."""
        self.warn(render.failure(error.fault.code, error.detail, known, self.error_style, hint))
        return _EXITS.get(error.fault.code, Exit.DOWN)


def standard() -> Console:
    """The process's own streams."""
    return Console(sys.stdout, sys.stderr)


def _style(stream: TextIO) -> Style:
    if not stream.isatty():
        return Style(_PAGE)
    plain = os.environ.get("NO_COLOR", "") != "" or os.environ.get("TERM") == "dumb"
    return Style(os.get_terminal_size(stream.fileno()).columns or _PAGE, not plain)

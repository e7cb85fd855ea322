"""The whole terminal for a while, given back as it was however the program ends."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

_TAKE, _GIVE_BACK = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l"
"""The alternate screen without a cursor and without folding, and back (xterm's "Control Sequences", DECSET)."""
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"


class Screen:
    """Shows lines in place of those before."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows, as they are now; what a terminal does not know is taken for 80 and 24."""
        found = os.get_terminal_size(self._out.fileno())
        return found.columns or 80, found.lines or 24

    def show(self, lines: Sequence[str]) -> None:
        """The lines, which fit the size."""
        text = f"{_REST_OF_LINE}\r\n".join(lines)
        self.write(f"{_HOME}{text}{_REST_OF_LINE}{_REST_OF_SCREEN}")

    def write(self, text: str) -> None:
        """To the terminal, at once."""
        self._out.write(text)
        self._out.flush()


@contextmanager
def _handled(handlers: Mapping[signal.Signals, Callable[[int, FrameType | None], None]]) -> Iterator[None]:
    """Handle signals so, then as before."""
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def noted_ends() -> Iterator[list[int]]:
    """A list that gets the number of a signal that asks for the end.

    An exception instead would be lost when it comes up within a callback of GLib, which only prints it.
    """
    ended: list[int] = []

    def end(number: int, _frame: FrameType | None) -> None:
        ended.append(number)

    with _handled({signal.SIGINT: end, signal.SIGTERM: end, signal.SIGHUP: end}):
        yield ended


@contextmanager
def postponed_ends() -> Iterator[list[int]]:
    """The same for a while that can be cut short: afterwards the signal does what it always does."""
    with noted_ends() as ended:
        yield ended
    if ended:
        signal.raise_signal(signal.Signals(ended[0]))


@contextmanager
def taken(out: TextIO) -> Iterator[Screen]:
    """Take the terminal; Ctrl-Z gives it back too, until the program goes on."""
    screen = Screen(out)

    def pause(_signal: int, _frame: FrameType | None) -> None:
        screen.write(_GIVE_BACK)
        # Stopped by the signal itself, so that a shell sees what it expects.
        os.kill(os.getpid(), signal.SIGSTOP)
        screen.write(_TAKE)

    with _handled({signal.SIGTSTP: pause}):
        screen.write(_TAKE)
        try:
            yield screen
        finally:
            screen.write(_GIVE_BACK)

"""Complaints that may come in any number, and a journal that is told of one a minute."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

PACE = 60.0
"""Seconds between two lines."""


@dataclass
class Complaints:
    """``say`` gets at most one line a ``PACE``; the next one counts those that were swallowed."""

    say: Callable[[str], object]
    clock: Callable[[], float] = time.monotonic
    _next: float = field(default=float("-inf"), init=False)
    _swallowed: int = field(default=0, init=False)

    def __call__(self, text: str) -> None:
        """Complain."""
        now = self.clock()
        if now < self._next:
            self._swallowed += 1
            return
        more = f" ({self._swallowed} more since the last such line)" if self._swallowed else ""
        self._next, self._swallowed = now + PACE, 0
        self.say(text + more)

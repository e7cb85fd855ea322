"""Pure pieces of readable output: safe text, shortening, tables, times, colours."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor
from typing import Any

from mountd.core import plain, spans
from mountd.core.verdict import Exit

_COLOURS = {Exit.WELL: "32", Exit.DEGRADED: "33", Exit.DOWN: "31"}
_BOLD, _DIM = "1", "2"
_DAY = 86400
_WINDOWS = {"24h": ("24 h", _DAY), "7d": ("7 days", 7 * _DAY), "30d": ("30 days", 30 * _DAY)}


@dataclass(frozen=True)
class Style:
    """How wide the page is and whether it takes colours."""

    width: int = 80
    colour: bool = False

    def paint(self, text: str, verdict: Exit) -> str:
        """Green, yellow or red."""
        return self._escape(text, _COLOURS[verdict])

    def bold(self, text: str) -> str:
        """For headings."""
        return self._escape(text, _BOLD)

    def dim(self, text: str) -> str:
        """For what is there only in case."""
        return self._escape(text, _DIM)

    def _escape(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text else text


@dataclass(frozen=True)
class Cell:
    """One field of a table; the verdict, if any, is its colour."""

    text: str
    verdict: Exit | None = None


def clean(text: str) -> str:
    """Make control characters visible: names and server answers must not reach the terminal as commands."""
    return plain.visible(text)


def columns(text: str) -> int:
    """How many terminal columns a text takes; East Asian wide characters take two."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF")
               for char in text)


def shortened(text: str, width: int) -> str:
    """Cut out the middle, where long names differ least, so that the text fits ``width`` columns."""
    if columns(text) <= width:
        return text
    head, tail = text[:(width - 1) // 2], text[len(text) - width // 2:]
    while columns(head) + columns(tail) > width - 1:
        head, tail = (head[:-1], tail) if columns(head) >= columns(tail) else (head, tail[1:])
    return f"{head}…{tail}"


def wrapped(text: str, width: int, label: str = "", indent: int = 0) -> list[str]:
    """Lines of at most ``width`` columns behind a label of ``indent`` columns; words are never cut.

    A path or command longer than the line stays whole, for it is there to be copied.
    """
    lines: list[str] = []
    line = label.ljust(indent)
    empty = True
    for word in text.split(" "):
        if not empty and columns(line) + 1 + columns(word) > width:
            lines.append(line)
            line, empty = " " * indent, True
        line = line + word if empty else f"{line} {word}"
        empty = False
    return [*lines, line]


def table(
    heads: Sequence[str], rows: Sequence[Sequence[Cell]], elastic: Sequence[int], style: Style,
) -> list[str]:
    """Align cells under their heads, two blanks apart; ``elastic`` columns give way when the page is full."""
    cells = [[Cell(head) for head in heads], *rows]
    widths = [max(columns(row[at].text) for row in cells) for at in range(len(heads))]
    spare = style.width - sum(widths) - 2 * (len(heads) - 1)
    for _ in range(-spare):
        widest = max(elastic, key=lambda at: widths[at])
        widths[widest] -= widths[widest] > len(heads[widest])
    lines = []
    for number, row in enumerate(cells):
        fields = []
        for cell, width in zip(row, widths, strict=True):
            text = shortened(cell.text, width)
            padded = text + " " * (width - columns(text))
            fields.append(style.paint(padded, cell.verdict) if cell.verdict is not None else padded)
        line = "  ".join(fields).rstrip()
        lines.append(style.bold(line) if number == 0 else line)
    return lines


def moment(stamp: str) -> datetime:
    """Decode a time of a document (RFC 3339, UTC)."""
    return datetime.fromisoformat(stamp)


def span(seconds: float) -> str:
    """Two units at most, as a person says it: ``3d 4h``, ``12min``, ``0s``."""
    return spans.rough(seconds)


def local(stamp: str) -> str:
    """A time of a document in the reader's zone, with that zone's name."""
    return moment(stamp).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def percent(share: float) -> str:
    """Rounded down, so that what was not always there is never called 100 %."""
    return "100 %" if share >= 1 else f"{floor(share * 1e4) / 1e2:.2f} %"


def available(shares: Mapping[str, float | None], known_since: str, now: datetime) -> list[str]:
    """``99.98 % in 24 h``, ``100 % in 7 days``: windows in which somebody watched, none longer than what is known."""
    told = []
    for name, (words, seconds) in _WINDOWS.items():
        share, beyond = shares.get(name), (now - moment(known_since)).total_seconds() < seconds
        if share is not None:
            told.append(f"{percent(share)} {f'since {local(known_since)}' if beyond else f'in {words}'}")
        if beyond:
            break
    return told


def brief(seconds: float) -> str:
    """A length that may be below a second: ``0.11s``, ``4min 10s``."""
    return f"{seconds:.2f}s" if seconds < 1 else f"{seconds:.1f}s" if seconds < 10 else span(seconds)


def seconds_of(text: str) -> float:
    """Read a span such as ``30``, ``30s``, ``5min``, ``1h 30min``; raises ``ValueError`` with the right
    form."""
    try:
        return spans.seconds(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a span of time; write 30s, 5min or 1h") from error


def amount(size: float) -> str:
    """A number of bytes as a person says it: ``12.3 GB``; decimal, as stores charge for them."""
    for unit in ("bytes", "kB", "MB", "GB", "TB", "PB"):
        if size < 1000 or unit == "PB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"


def contained(size: Mapping[str, Any]) -> str:
    """How much is in a bucket, out of the status document: ``1.2 GB of 5.0 TB in 300 objects``."""
    quota = size["quotas"].get("quota_bytes") or size["quotas"].get("user_quota_bytes")
    bound = f" of {amount(quota)}" if quota else ""
    return f"{amount(size['bytes'])}{bound} in {size['objects']} object{'s' * (size['objects'] != 1)}"


def count_of(text: str) -> int:
    """Read a number of things; raises ``ValueError`` with the right form."""
    if not text.isdecimal():
        raise ValueError(f"{text!r} is not a number")
    return int(text)

"""Rows of figures as a table: for a terminal of 80 columns, and as markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure. `value` is judged against `goal` if there is one; `below` says on which side of it is good."""

    what: str
    ours: str
    peer: str
    value: float
    goal: float | None
    unit: str = "x"
    below: bool = True

    @property
    def met(self) -> bool:
        """Is the goal reached?"""
        if self.goal is None:
            return True
        return self.value <= self.goal if self.below else self.value >= self.goal

    def cells(self) -> tuple[str, ...]:
        """The columns."""
        figure = f"{self.value:.3g} {self.unit}"
        if self.goal is None:
            return (self.what, self.ours, self.peer, figure, "", "")
        goal = f"{'<=' if self.below else '>='} {self.goal:g} {self.unit}"
        return (self.what, self.ours, self.peer, figure, goal, "met" if self.met else "MISSED")


HEAD = ("what", "s3mountd", "peer", "figure", "goal", "")


def ratio(what: str, ours: Sequence[float], peer: Sequence[float], goal: float | None, unit: str = "s",
          below: bool = True) -> Row:
    """Median against median of the same run."""
    left, right = statistics.median(ours), statistics.median(peer)
    return Row(what, f"{left:.3g} {unit}", f"{right:.3g} {unit}", left / right, goal, "x", below)


def plain(rows: Iterable[Row]) -> str:
    """For a terminal."""
    table = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table
    )


def markdown(rows: Iterable[Row], about: str) -> str:
    """For docs/bench.md."""
    lines = ["# Figures", "", about, "", "| " + " | ".join((*HEAD[:-1], "verdict")) + " |", "|---" * len(HEAD) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row.cells()) + " |" for row in rows), ""])

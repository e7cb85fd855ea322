"""A large file read and written through mounts, in turn: each pair is of one store, directly and by a front."""

from __future__ import annotations

import os
import time
from typing import Any

from .polling import answer
from .stream import read

_PIECE = os.urandom(1 << 20)


def write(path: str, count: int) -> float:
    """MB/s of `count` MB written to a new file, which is in the store when it is closed; it is deleted again."""
    began = time.monotonic()
    with open(path, "wb", buffering=0) as file:
        for _ in range(count):
            file.write(_PIECE)
    took = time.monotonic() - began
    os.unlink(path)
    return count / took


def measure(pairs: dict[str, list[str]], key: str, megabytes: int, rounds: int, **_: object) -> dict[str, Any]:
    """By pair and what is done the MB/s of each round, directly and by a front; who begins changes."""
    found: dict[str, dict[str, list[list[float]]]] = {name: {"read": [[], []], "write": [[], []]} for name in pairs}
    for turn in range(rounds):
        for name, folders in pairs.items():
            for side in ((0, 1), (1, 0))[turn % 2]:
                found[name]["read"][side].append(read(f"{folders[side]}/{key}"))
            for side in ((0, 1), (1, 0))[turn % 2]:
                found[name]["write"][side].append(write(f"{folders[side]}/written-{turn}", megabytes))
    return {"found": found}


if __name__ == "__main__":
    answer(measure)

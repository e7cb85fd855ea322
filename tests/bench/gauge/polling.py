"""Looking at a folder again and again: is it readable, is it bare?"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

KNOWN = "hello.txt"
"""A file that is in every bucket and in no bare folder."""

_LIMIT = 60.0
_PAUSE = 0.001


class Late(Exception):
    """What was waited for did not come."""


def until(ready: Callable[[], Any], what: str, limit: float = _LIMIT, pause: float = _PAUSE) -> Any:
    """The first true value of `ready()`, looked for every `pause` seconds; raises Late."""
    deadline = time.monotonic() + limit
    while not (value := ready()):
        if time.monotonic() > deadline:
            raise Late(f"not within {limit:.0f} s: {what}")
        time.sleep(pause)
    return value


def readable(folder: str) -> bool:
    """Does the file that must be there give a byte?"""
    try:
        with open(f"{folder}/{KNOWN}", "rb") as file:
            return bool(file.read(1))
    except OSError:
        return False


def all_readable(folders: Iterable[str]) -> Callable[[], bool]:
    """A question for `until`: each folder is asked until it has answered once."""
    left = set(folders)

    def ready() -> bool:
        left.difference_update([folder for folder in left if readable(folder)])
        return not left

    return ready


def run(*command: str) -> str:
    """The output of a command; raises CalledProcessError."""
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    return done.stdout


def answer(measure: Callable[..., dict[str, Any]]) -> None:
    """The body of a gauge: arguments are one JSON object in argv[1], the answer goes to stdout."""
    print(json.dumps(measure(**json.loads(sys.argv[1]))))


@dataclass
class Seen:
    """What somebody who uses the folders all the time has met, counted."""

    good: int = 0
    refused: int = 0
    bare: int = 0


def _look(folder: str, _turn: int) -> bool:
    """True for the bare folder, which is of the same file system as its parent. Asks the kernel, mostly not S3."""
    return os.stat(folder).st_dev == os.stat(os.path.dirname(folder)).st_dev


def _read(folder: str, _turn: int) -> bool:
    """One read; True when the file that must be there is not."""
    try:
        with open(f"{folder}/{KNOWN}", "rb") as file:
            file.read()
    except FileNotFoundError:
        return True
    return False


def _write(folder: str, turn: int) -> bool:
    """One new file. Where it went is looked up afterwards, beneath the mount: nothing takes it away there."""
    with open(f"{folder}/written-{turn}", "xb") as file:
        file.write(b"to the bucket\n")
    return False


class Crowd:
    """Who use the folders from `with` to its end, each a process of its own."""

    _USERS: ClassVar = {"looker": (_look, 0.0003), "reader": (_read, 0.001), "writer": (_write, 0.01)}

    def __init__(self, folders: list[str]) -> None:
        """Seconds beside each user are the pause after a turn that went well."""
        self.folders = folders
        self.seen: dict[str, Seen] = {}
        self._stop = multiprocessing.Event()
        self._results: Any = multiprocessing.SimpleQueue()
        self._processes = [
            multiprocessing.Process(target=self._use, args=(name, act, pause), daemon=True)
            for name, (act, pause) in self._USERS.items()
        ]

    def __enter__(self) -> Crowd:
        for process in self._processes:
            process.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for _process in self._processes:
            name, seen = self._results.get()
            self.seen[name] = seen
        for process in self._processes:
            process.join()

    def _use(self, name: str, act: Callable[[str, int], bool], pause: float) -> None:
        seen, turn = Seen(), 0
        while not self._stop.is_set():
            for folder in self.folders:
                turn += 1
                try:
                    if act(folder, turn):
                        seen.bare += 1
                    else:
                        seen.good += 1
                except OSError:
                    seen.refused += 1
            time.sleep(pause)
        self._results.put((name, seen))

"""Run inside a machine by ``tests.machine.callers``: programs that use a mount, each a thread with one file of its own.

A line of input is ``NAME WORD ARGUMENT…``; what NAME was told before has to be over first. A line of output, as JSON,
tells how a word ended: ``ok``, the name of an errno, or ``WRONG`` for bytes that are not those of `content`.

    open PATH r|w      read OFFSET LENGTH      write LENGTH      close      get PATH (open, read all, close)
    fresh PATH NUMBER…     get any of the files PATH-NUMBER: one more reader every half a second, until one is served
"""

import contextlib
import errno
import functools
import json
import os
import queue
import random
import sys
import threading
import time

PIECE = 1 << 20


@functools.cache
def content(length: int) -> bytes:
    """The bytes of every file here: beginnings of one and the same noise."""
    return random.Random(4).randbytes(length)


WHOLE = int(sys.argv[1])


class Caller(threading.Thread):
    def __init__(self, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.words: queue.Queue[list[str]] = queue.Queue()
        self.file, self.at = -1, 0
        self.start()

    def run(self) -> None:
        while True:
            word, *arguments = self.words.get()
            began = time.monotonic()
            try:
                outcome = getattr(self, word)(*arguments) or "ok"
            except OSError as error:
                outcome = errno.errorcode[error.errno or 0]
            said = {"name": self.name, "word": word, "outcome": outcome, "seconds": time.monotonic() - began}
            print(json.dumps({**said, "at": self.at}), flush=True)

    def open(self, path: str, mode: str) -> None:
        self.file = os.open(path, os.O_RDONLY if mode == "r" else os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        self.at = 0

    def read(self, offset: str, length: str) -> str:
        first, count = int(offset), int(length)
        return "ok" if os.pread(self.file, count, first) == content(WHOLE)[first : first + count] else "WRONG"

    def write(self, length: str) -> None:
        end = self.at + int(length)
        while self.at < end:
            self.at += os.write(self.file, content(WHOLE)[self.at : min(self.at + PIECE, end)])

    def close(self) -> None:
        file, self.file = self.file, -1
        os.close(file)

    def get(self, path: str) -> str:
        with open(path, "rb") as file:
            data = file.read()
        return "ok" if data and data == content(WHOLE)[: len(data)] else "WRONG"

    def fresh(self, path: str, *numbers: str) -> str:
        found: queue.Queue[str] = queue.Queue()
        for number in numbers:
            threading.Thread(target=self.attempt, args=(f"{path}-{number}", found), daemon=True).start()
            with contextlib.suppress(queue.Empty):
                return found.get(timeout=0.5)
        return found.get()

    def attempt(self, path: str, found: "queue.Queue[str]") -> None:
        while found.empty():
            try:
                found.put(self.get(path))
            except OSError:
                time.sleep(0.005)


content(WHOLE)
print("begun", flush=True)
callers: dict[str, Caller] = {}
for line in sys.stdin:
    name, *words = line.split()
    if name not in callers:
        callers[name] = Caller(name)
    callers[name].words.put(words)

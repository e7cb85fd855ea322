"""Programs inside a machine that use a mount while things go wrong, and what each of them meets, timed."""

from __future__ import annotations

import hashlib
import json
import os
import queue
import random
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tests.machine.cache import REPO
from tests.machine.machine import Machine
from tests.s3.seaweed import ADMIN

WHOLE = 64 << 20
"""How long the longest file of theirs is, bytes."""

BIG, SMALL = "big", "small-{}"
SMALLS, SMALL_SIZE = 300, 1000

_STOCK = """
import boto3, json, random, sys
said = json.load(sys.stdin)
s3 = boto3.client("s3", endpoint_url=said["endpoint"], region_name="us-east-1",
                  aws_access_key_id=said["key"], aws_secret_access_key=said["secret"])
noise = random.Random(4).randbytes(said["whole"])
s3.put_object(Bucket=said["bucket"], Key=said["big"], Body=noise)
for number in range(said["smalls"]):
    s3.put_object(Bucket=said["bucket"], Key=f"small-{number}", Body=noise[:said["small"]])
"""
_SCRIPT = (REPO / "tests/faults/far_caller.py").read_text()


def content(length: int) -> bytes:
    """What callers write, and take for right when they read: the beginning of one and the same noise."""
    return random.Random(4).randbytes(length)


def digest(length: int) -> str:
    """SHA-256 of that content, in hex."""
    return hashlib.sha256(content(length)).hexdigest()


@dataclass(frozen=True)
class Outcome:
    """How a word of a caller ended: ``ok``, an errno's name, or ``WRONG`` bytes; after how many seconds."""

    name: str
    word: str
    outcome: str
    seconds: float
    at: int
    """Bytes its file has taken so far, for a writer."""


class Callers:
    """They live in one process; `told` makes it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._ends: dict[str, queue.Queue[Outcome]] = {}
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found = Outcome(**json.loads(line))
            self._ends[found.name].put(found)

    def tell(self, name: str, word: str, *arguments: object) -> None:
        """Begin it and do not wait; a caller does one thing after the other. The words are in far_caller.py."""
        self._ends.setdefault(name, queue.Queue())
        assert self._process.stdin is not None
        self._process.stdin.write((" ".join([name, word, *map(str, arguments)]) + "\n").encode())
        self._process.stdin.flush()

    def ended(self, name: str, timeout: float) -> Outcome:
        """How the oldest thing it was told ended; raises TimeoutError after that many seconds."""
        try:
            return self._ends[name].get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(f"{name} is at it since more than {timeout} s") from None

    def ask(self, name: str, word: str, *arguments: object, timeout: float = 30) -> Outcome:
        """Both at once."""
        self.tell(name, word, *arguments)
        return self.ended(name, timeout)

    def waits(self, name: str) -> bool:
        """Nothing it was told has ended since it was last asked for."""
        return self._ends[name].empty()


def stock(machine: Machine, bucket: str, endpoint: str) -> None:
    """Put BIG and the SMALLs there, files with the right bytes for callers to read, each small one new to a mount."""
    said = {"endpoint": endpoint, "bucket": bucket, "key": ADMIN.access_key, "secret": ADMIN.secret_key,
            "big": BIG, "whole": WHOLE, "smalls": SMALLS, "small": SMALL_SIZE}
    machine.run(["/usr/bin/python3", "-c", _STOCK], input=json.dumps(said))


@contextmanager
def callers(machine: Machine) -> Iterator[Callers]:
    """Callers in that machine; they are killed afterwards, their files as they are."""
    command = ["/usr/bin/python3", "-c", _SCRIPT, str(WHOLE)]
    process = machine.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield Callers(process)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

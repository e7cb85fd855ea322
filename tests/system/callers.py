"""Mounts whose callers wait, and processes inside a machine that do."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.machine import Machine
from tests.system import kit


class Callers:
    """Processes inside the machine that are blocked on a file."""

    def __init__(self, machine: Machine, path: str, count: int) -> None:
        self._machine, self.path = machine, path
        self._processes = [machine.popen(["cat", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                           for _ in range(count)]
        machine.wait_until(lambda: len(self.pids()) == count, 5, "they have begun")

    def pids(self) -> list[int]:
        """Those that still run, as numbered inside the machine."""
        listing = self._machine.run(["pgrep", "-x", "-f", f"cat {self.path}"], check=False).stdout
        return [int(line) for line in listing.split()]

    def blocked(self) -> bool:
        """Are all of them still there, a moment later?"""
        before = self.pids()
        with pytest.raises(TimeoutError):
            self._machine.wait_until(lambda: self.pids() != before, 0.5, "one of them ends")
        return len(before) == len(self._processes)

    def answers(self, timeout: float = 20) -> list[str]:
        """What each of them was told in the end."""
        found = [process.communicate(timeout=timeout) for process in self._processes]
        return [(out or error).decode() for out, error in found]

    def end(self) -> None:
        self._machine.run(["pkill", "-9", "-x", "-f", f"cat {self.path}"], check=False)
        for process in self._processes:
            process.wait(5)


@contextmanager
def callers_of(machine: Machine, path: str, count: int = 3) -> Iterator[Callers]:
    """So many processes that read the file; ended at the latest when this ends."""
    blocked = Callers(machine, path, count)
    try:
        yield blocked
    finally:
        blocked.end()


def away(machine: Machine) -> None:
    """S3 goes away, and that is proven."""
    machine.run("systemctl stop weed.service")
    assert machine.run("curl -s -m 2 http://127.0.0.1:9400/", check=False).returncode == 7, "S3 still answers"


def waiting_mount(name: str, bucket: str = "bucket-one", start_timeout: str = "4s", **keys: object) -> kit.Document:
    """One mount whose callers wait; as ``kit.mount``."""
    return kit.mount(name, bucket, "", when_away="wait", start_timeout=start_timeout, **keys)


def called_for(machine: Machine, name: str) -> kit.Document:
    """Its status once callers are made to wait."""
    def waits() -> bool:
        try:
            return bool(kit.look(machine, name)["callers_wait"])
        except (ValueError, LookupError):  # no daemon yet, or one that has not read its configuration
            return False

    machine.wait_until(waits, 10, f"callers of {name} wait")
    return kit.look(machine, name)

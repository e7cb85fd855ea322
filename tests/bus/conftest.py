"""A bus of its own for each test."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.bus.private_bus import Bus


@pytest.fixture
def bus() -> Iterator[Bus]:
    """Everything started on it ends with it."""
    daemon = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address"],
                              stdout=subprocess.PIPE, text=True)
    assert daemon.stdout is not None
    made = Bus(daemon.stdout.readline().strip())
    try:
        yield made
    finally:
        for child in [*made.children, daemon]:
            child.kill()
            child.communicate()

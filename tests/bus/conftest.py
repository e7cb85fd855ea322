"""A bus of its own for each test."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.bus.private_bus import Bus


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the program's compiled modules go."""
    return str(tmp_path_factory.mktemp("pycache"))


@pytest.fixture
def bus(compiled: str) -> Iterator[Bus]:
    """Everything started on it ends with it."""
    daemon = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address"],
                              stdout=subprocess.PIPE, text=True)
    assert daemon.stdout is not None
    made = Bus(daemon.stdout.readline().strip(), compiled, daemon)
    try:
        yield made
    finally:
        for child in [*made.children, daemon]:
            child.kill()
            child.communicate()

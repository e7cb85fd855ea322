"""The real s3mountd-http on a private bus, with the fake daemon of tests/bus."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bus.conftest import bus, compiled
from tests.bus.private_bus import Bus
from tests.web.browser import Browser, started
from tests.web.server import Server

__all__ = ["bus", "compiled"]


@pytest.fixture
def server(bus: Bus) -> Server:
    """Started on a port of its own; the bus ends it."""
    return Server(bus)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """Chromium with a fresh profile."""
    made = started(tmp_path)
    try:
        yield made
    finally:
        made.close()

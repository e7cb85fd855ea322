"""The clock is set while mounts serve. A STAND-IN: libfaketime moves what the daemon and its helpers read of the time
of day, for no machine here may set its own, and the offsets of a time namespace are fixed when a process enters it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tests.machine import Machine
from tests.system import kit

pytestmark = pytest.mark.once

LIBRARY, OFFSET = "/usr/local/lib/libfaketime.so.1", "/run/faketime"
# NO_CACHE: the offset is read at each call. Deadlines go by a clock that nobody can set (clock_settime(2)), left alone.
DROP_IN = f"""[Service]
Environment=LD_PRELOAD={LIBRARY} FAKETIME_TIMESTAMP_FILE={OFFSET} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
"""
INTERVAL = 5.0
DAY = 86_400.0


def _stamp(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _ahead(machine: Machine) -> float:
    """Seconds that the daemon's clock is ahead of this one."""
    return _stamp(kit.status(machine)["generated_at"]) - datetime.now(timezone.utc).timestamp()  # noqa: UP017


@pytest.fixture
def one(machine: Machine) -> Iterator[kit.Document]:
    """A mount that is well, of a daemon whose clock can be set."""
    [library] = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    machine.copy_in(library, LIBRARY)
    machine.write(OFFSET, "+0")
    machine.write("/run/systemd/system/s3mountd.service.d/clock.conf", DROP_IN)
    machine.run("systemctl daemon-reload && systemctl restart s3mountd")
    check = {"interval": f"{INTERVAL:.0f}s", "timeout": "4s", "failures": 1}
    kit.configure(machine, kit.mount("one", check=check, grace="0s", hang_timeout="4s"))
    [found] = kit.wait_ok(machine, "one")
    yield found
    # The next test's daemon must not begin with a history of another time.
    machine.run("systemctl stop s3mountd; rm -f /run/systemd/system/s3mountd.service.d/clock.conf; "
                "rm -rf /var/lib/s3mountd/history; systemctl daemon-reload; systemctl start s3mountd")


@pytest.mark.parametrize("days", [2, -2])
def test_a_clock_that_jumps_is_no_hang_and_no_outage(machine: Machine, one: kit.Document, days: int) -> None:
    with kit.hammer(machine, "/srv/one", readers=1) as met:
        machine.write(OFFSET, f"{days:+d}d")
        assert abs(_ahead(machine) - days * DAY) < 60, "the clock has been set"
        until = time.monotonic() + 2 * INTERVAL
        while time.monotonic() < until:
            found = kit.look(machine, "one")
            assert found["health"] == "ok", found
            time.sleep(0.2)
        # It goes on to be proven by the new clock.
        proven = _stamp(found["checked_at"]) - datetime.now(timezone.utc).timestamp()  # noqa: UP017
        assert abs(proven - days * DAY) < 60
    assert (met.errors, met.wrong, met.bare) == ({}, 0, 0)
    assert (found["pid"], found["restarts"], found["last_outage"]) == (one["pid"], 0, None)
    said = machine.journal("-u", "s3mountd", "-o", "cat")
    assert "does not answer" not in said and "affected" not in said and "Traceback" not in said

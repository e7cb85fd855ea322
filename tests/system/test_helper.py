"""The helper process stuck for good in a worker that is deaf: the daemon is as free as ever."""

import time
from collections.abc import Iterator

import pytest

from tests.machine import Machine
from tests.system.kit import (
    configure,
    kill,
    misbehave,
    mount,
    show,
    standin,
    status,
    wait_for,
    wait_ok,
    workers,
)

pytestmark = pytest.mark.once

DAEMON = "s3mountd.service"


@pytest.fixture
def stuck(machine: Machine) -> Iterator[int]:
    """A mount ``deaf`` whose worker has read a probe's request and never answers, and a good mount ``one``.

    The value is the helper's process id: one of its threads waits in the kernel, and will do so beyond a SIGKILL.
    """
    with standin(machine):
        configure(machine, mount("deaf"), mount("one", "bucket-two"))
        wait_ok(machine, "deaf", "one")
        misbehave(machine, bucket_one={"hang_at_request": 1})
        helper = helpers(machine)[0]
        machine.run("busctl call org.s3mountd1 /org/s3mountd1 org.s3mountd1.Manager Check s deaf")
        machine.wait_until(lambda: "request_wait_answer" in _tasks(machine, helper, "wchan"), 5, "a thread is stuck")
        yield helper
        for pid in workers(machine).values():
            kill(machine, pid)


def helpers(machine: Machine) -> list[int]:
    """Processes of all helper scopes, oldest first."""
    listing = machine.run("systemctl list-units --plain --no-legend 's3mountd-helper-*.scope'").stdout
    groups = [show(machine, line.split()[0], "ControlGroup") for line in listing.splitlines()]
    pids = machine.run(["cat", *(f"/sys/fs/cgroup{group}/cgroup.procs" for group in groups)]).stdout.split()
    return sorted(map(int, pids))


def uninterruptible(machine: Machine, pid: int) -> bool:
    """Has it a thread that not even a SIGKILL has ended?"""
    return "\tD (" in _tasks(machine, pid, "status")


def _tasks(machine: Machine, pid: int, file: str) -> str:
    return machine.run(f"cat /proc/{pid}/task/*/{file}", check=False).stdout


def answering(machine: Machine) -> int:
    """The daemon that answers, 0 for none."""
    try:
        return int(status(machine)["daemon"]["pid"])
    except ValueError:
        return 0


def seconds_until_another_answers(machine: Machine, old: int, order: str) -> float:
    began = time.monotonic()
    machine.run(order)
    # With the stuck helper in its control group systemd would wait for TimeoutStopSec=, which is six times as long.
    machine.wait_until(lambda: answering(machine) not in (0, old), 20, "a new daemon answers", every=0.02)
    return time.monotonic() - began


@pytest.mark.parametrize("order", [f"systemctl kill -s KILL {DAEMON}", f"systemctl restart {DAEMON}"])
def test_a_new_daemon_is_there_at_once(machine: Machine, stuck: int, order: str) -> None:
    old = int(show(machine, DAEMON, "MainPID"))
    took = seconds_until_another_answers(machine, old, order)
    print(f"{order}: a new daemon answers after {took:.2f} s")
    assert uninterruptible(machine, stuck), "the old helper was stuck all the while"
    wait_for(machine, "one", state="mounted", health="ok")


def test_a_stuck_helper_is_not_waited_for_when_it_is_killed(machine: Machine, stuck: int) -> None:
    old = int(show(machine, DAEMON, "MainPID"))
    machine.run(["kill", "-KILL", str(stuck)])
    began = time.monotonic()
    assert uninterruptible(machine, stuck)
    machine.run("s3mountctl restart one")
    machine.wait_until(lambda: set(helpers(machine)) - {stuck}, 5, "another helper", every=0.02)
    print(f"restarted by another helper after {time.monotonic() - began:.2f} s")
    assert uninterruptible(machine, stuck), "the old helper has not gone"
    assert answering(machine) == old

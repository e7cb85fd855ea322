"""Sleep, as a FAKE login1 in the machine tells of it: callers that would keep the kernel from freezing are freed."""

import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from tests.machine import Machine
from tests.machine.cache import REPO
from tests.system.kit import PYTHON, _end, configure, look, mount, wait_for, wait_ok

pytestmark = pytest.mark.once

FAKE = "/usr/local/lib/fake_login1.py"
Tell = Callable[[str], int]


@pytest.fixture
def login1(machine: Machine) -> Iterator[Tell]:
    """Tell it ``sleep``, ``wake`` or ``held``; it says how many locks are held."""
    machine.run("systemctl mask --runtime --now systemd-logind.service && "
                "ln -sf /dev/null /run/systemd/system/dbus-org.freedesktop.login1.service && systemctl daemon-reload")
    machine.copy_in(REPO / "tests/bus/fake_login1.py", FAKE)
    process = machine.popen([PYTHON, FAKE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def tell(word: str) -> int:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(f"{word}\n".encode())
        process.stdin.flush()
        return int(process.stdout.readline())

    try:
        yield tell
    finally:
        _end(process)
        machine.run("rm -f /run/systemd/system/dbus-org.freedesktop.login1.service; "
                    "systemctl unmask --runtime systemd-logind.service; systemctl daemon-reload; "
                    "systemctl start systemd-logind.service")


def stuck(machine: Machine, name: str) -> subprocess.Popen[bytes]:
    """A caller that waits at a worker that was stopped."""
    pid = look(machine, name)["pid"]
    machine.run(["kill", "-STOP", str(pid)])
    caller = machine.popen(["stat", f"/srv/{name}/no-such-file"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wchan = "cat /proc/$(pgrep -x stat)/wchan"
    machine.wait_until(lambda: "request_wait" in machine.run(wchan, check=False).stdout, 5, "the caller waits")
    return caller


@pytest.mark.parametrize("policy", ["abort", "keep"])
def test_before_sleep_callers_are_freed_where_that_is_wanted(machine: Machine, login1: Tell, policy: str) -> None:
    configure(machine, mount("one", on_sleep=policy, hang_timeout="10min"))
    wait_ok(machine, "one")
    machine.wait_until(lambda: login1("held") == 1, 10, "the daemon holds a lock")
    caller, pid = stuck(machine, "one"), look(machine, "one")["pid"]
    try:
        began = time.monotonic()
        login1("sleep")
        machine.wait_until(lambda: login1("held") == 0, 5, "the lock is released", every=0.02)
        print(f"{policy}: ready for sleep after {time.monotonic() - began:.2f} s")
        if policy == "abort":
            assert caller.wait(5) != 0
        else:
            assert caller.poll() is None, "it was to be left alone"
            machine.run(["kill", "-CONT", str(pid)])
        login1("wake")
        machine.wait_until(lambda: login1("held") == 1, 5, "another lock")
        wait_for(machine, "one", 15, state="mounted", health="ok", restarts=1 if policy == "abort" else 0)
    finally:
        machine.run(["kill", "-CONT", str(pid)], check=False)
        _end(caller)

"""The network comes later than the mounts: at boot, and after an outage in which a mount could not start."""

from __future__ import annotations

import time

import pytest

from tests.machine import Machine
from tests.machine.far import ENDPOINT, Far, joined, start
from tests.system import kit

pytestmark = pytest.mark.once("13")


def _starts_in(machine: Machine, name: str) -> float:
    """Seconds that its worker needs with a network."""
    began = time.monotonic()
    machine.run(f"s3mountctl restart {name}")
    kit.wait_ok(machine, name)
    return time.monotonic() - began


def _waits_long(machine: Machine, name: str) -> None:
    """Its next try is not soon."""
    def later() -> bool:
        one = kit.wait_for(machine, name, 60, state="waiting", health="down", code="name-unresolved")
        shown = machine.run(["date", "-d", str(one["next_try"]), "+%s.%N"]).stdout if one["next_try"] else "0"
        return float(shown) - time.time() > 6

    machine.wait_until(later, 60, f"{name} waits for long", every=0.3)


def _comes_back(machine: Machine, far: Far, name: str) -> None:
    """After the cable is in: one second, and what a start takes."""
    far.plug()
    began = time.monotonic()
    kit.wait_for(machine, name, 20, state="mounted")
    took = time.monotonic() - began
    started = _starts_in(machine, name)
    print(f"{name}: mounted {took:.2f} s after the network came, a start takes {started:.2f} s")
    # One second and a start are promised; the rest is for a busy machine.
    assert took <= 1 + started + 2


def test_a_network_that_comes_gives_a_waiting_mount_its_try_at_once(machine: Machine, far: Far) -> None:
    far.unplug()
    kit.configure(machine, kit.mount("late", endpoint_url=ENDPOINT, start_timeout="3s"))
    _waits_long(machine, "late")
    assert "not connected" in machine.run("ls /srv/late", check=False).stderr
    _comes_back(machine, far, "late")


def test_a_boot_without_network_is_not_held_up_and_the_mounts_come_with_it(own_machine: Machine) -> None:
    with joined(own_machine) as far:
        kit.configure(own_machine, kit.mount("afar", endpoint_url=ENDPOINT), kit.mount("near"))
        kit.wait_ok(own_machine, "afar", "near")
        own_machine.reboot()
        assert own_machine.run("systemctl is-system-running").stdout == "running\n"
        assert own_machine.run("ip route show default").stdout == ""
        kit.wait_ok(own_machine, "near")
        start(own_machine, plugged=False)
        kit.wait_for(own_machine, "afar", 30, code="name-unresolved")
        _comes_back(own_machine, far, "afar")
        assert own_machine.read("/srv/afar/hello.txt") == "hello from bucket-one\n"

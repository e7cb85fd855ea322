"""Every failure of the table is real, and `status` says which it is, with what to do, within seconds of the start."""

from __future__ import annotations

import pytest

from tests.machine import Machine
from tests.machine.failures import FAILURES, PROMISE, Failure, happening, mount, stage, tell
from tests.system import kit

SLACK = 8.0
"""Seconds more for a host that has many things to do at once; the figures of `make bench` are taken one by one."""
TOGETHER = [failure for failure in FAILURES if not failure.alone and not failure.gateway]
"""What needs a gateway of Ceph stands with what else is shown by one, in ``test_write_safety``."""
ALONE = [failure for failure in FAILURES if failure.alone]


def test_each_failure_has_its_code_and_hint_within_seconds_of_a_reload(machine: Machine) -> None:
    named = {str(mount(failure)["name"]): failure for failure in TOGETHER}
    with stage(machine):
        for failure in TOGETHER:
            with happening(machine, failure):
                pass
        told = tell(machine, named, kit.mount("well"))
        kit.wait_ok(machine, "well")
    print("seconds from reload to the reason:", ", ".join(f"{name} {one.seconds:.1f}" for name, one in told.items()))
    assert all(one.hint and one.text for one in told.values())
    assert max(one.seconds for one in told.values()) < PROMISE + SLACK


@pytest.mark.once
@pytest.mark.parametrize("failure", ALONE, ids=[failure.name for failure in ALONE])
def test_a_failure_of_the_whole_machine_is_told_and_over_with_it(machine: Machine, failure: Failure) -> None:
    machine.write("/root/.aws/credentials", kit.KEYS, 0o600)
    with happening(machine, failure):
        [told] = tell(machine, {"lone": failure}).values()
        assert told.hint and told.seconds < PROMISE + SLACK
        assert failure.code != "config-invalid" or 'did you mean "us-west-2"' in told.text
    if failure.code != "config-invalid":
        kit.wait_ok(machine, "lone")

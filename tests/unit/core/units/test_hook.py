"""The unit of a hook, and what is said of one that failed."""

import pytest

from mountd.core.messages import Ending
from mountd.core.units import hook as hook_unit
from mountd.core.units.sandbox import SANDBOX


def test_nothing_of_the_common_sandbox_is_loosened() -> None:
    found = hook_unit.properties(["/usr/local/bin/x", "a b"], "one")
    assert all(item in found for item in SANDBOX)
    said = {item.name: item.value for item in found}
    assert said["ExecStart"] == [("/usr/local/bin/x", ["/usr/local/bin/x", "a b"], False)]
    assert said["RuntimeMaxUSec"] == 30_000_000
    assert said["KillMode"] == "control-group"


def test_the_name_cannot_be_taken_for_a_workers() -> None:
    assert hook_unit.unit_name("a-b", 7) == "s3mountd-hook-a\\x2db-7.service"
    assert not hook_unit.unit_name("a", 7).startswith("s3mount-")


@pytest.mark.parametrize(("ending", "said"), [
    (Ending("success", 0), ""),
    (Ending("exit-code", 3), "ended with status 3"),
    (Ending("exit-code", 3, "first\nmail: no route \n\n"), "ended with status 3: mail: no route"),
    (Ending("exit-code", 203), "cannot be run"),
    (Ending("timeout", 15), "took longer than 30 s and was ended"),
    (Ending("signal", 11), "was ended by signal 11"),
    (Ending("oom-kill", 9), "used more memory than it may (128 MiB)"),
    (Ending("nonsense", 1), "failed (nonsense)"),
])
def test_a_failure_in_words(ending: Ending, said: str) -> None:
    assert hook_unit.failure(ending) == said

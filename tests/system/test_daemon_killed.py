"""The daemon killed by SIGKILL at chosen points and at random moments: no mount is lost, nothing is left behind."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.machine import Machine
from tests.system.daemons import (
    ONE,
    TWO,
    both,
    daemon_pid,
    next_daemon,
    recovers,
    use_dropin,
    wait_known,
    wait_traces,
)
from tests.system.kit import (
    CONFIG,
    alive,
    configure,
    hammer,
    kill,
    look,
    mount,
    mounts_on,
    status,
    toml,
    wait_for,
    wait_ok,
    workers,
)

PROGRAM = Path(__file__).parent / "killed_at.py"
START = "/usr/bin/python3 -I /usr/local/lib/killed_at.py /run/killed-points --config /etc/s3mountd/mounts.toml"
ORDER = "/run/killed-at"
DEAD = {"ENOTCONN", "ECONNABORTED"}
"""What callers of a worker that was killed are told."""

SWAP = (
    "mountd.system.fuse stage after",
    "mountd.system.systemd Systemd.start after",
    "mountd.system.syscalls move_mount after",
    "mountd.system.syscalls umount_lazy after",
)
CRASH = (
    "mountd.daemon.spare use after",
    "mountd.system.syscalls move_mount after",
)
GUARD = "mountd.system.fuse place_guard after"
STOP = "mountd.system.fuse detach after"


@pytest.fixture
def fatal(machine: Machine) -> Machine:
    """A machine whose daemon can be told where to die."""
    machine.copy_in(PROGRAM, "/usr/local/lib/killed_at.py")
    machine.write("/run/killed-points", "\n".join(sorted({*SWAP, *CRASH, GUARD, STOP})))
    use_dropin(machine, f"ExecStart=\nExecStart={START}")
    return machine


def dies_at(machine: Machine, point: str, trigger: str) -> None:
    """Run the trigger and wait for the daemon after the one that died at that point; its death is proven."""
    old = daemon_pid(machine)
    machine.write(ORDER, point)
    machine.run(trigger, check=False)
    next_daemon(machine, old)
    assert machine.run(["test", "-e", ORDER], check=False).returncode == 1, f"it did not die at {point}"


def test_killed_at_any_step_of_a_swap_it_costs_no_read_and_leaves_nothing(fatal: Machine) -> None:
    both(fatal)
    before = wait_traces(fatal)
    with hammer(fatal, "/srv/one") as met:
        for point in SWAP:
            dies_at(fatal, point, "s3mountctl restart --no-wait one")
            wait_traces(fatal, before)
            wait_known(fatal, daemon_pid(fatal))
    assert (met.errors, met.bare, met.wrong) == ({}, 0, 0)
    assert met.reads > 100
    recovers(fatal, "one")


@pytest.mark.once
def test_killed_at_any_step_of_a_recovery_the_next_one_completes_it(fatal: Machine) -> None:
    both(fatal)
    before = wait_traces(fatal)
    with hammer(fatal, "/srv/one", readers=1) as one, hammer(fatal, "/srv/two", readers=1) as two:
        for point in CRASH:
            victim = look(fatal, "one")["pid"]
            dies_at(fatal, point, f"kill -9 {victim}")
            assert not alive(fatal, victim)
            wait_traces(fatal, before)
            wait_known(fatal, daemon_pid(fatal))
    assert (one.bare, one.wrong, set(one.errors) - DEAD) == (0, 0, set())
    assert (two.errors, two.bare, two.wrong) == ({}, 0, 0)


@pytest.mark.once
def test_killed_with_a_guard_in_place_the_folder_stays_guarded(fatal: Machine) -> None:
    dies_at(fatal, GUARD, f"""cat >{CONFIG} <<'end'\n{toml([mount("lost", "bucket-nobody")])}end\n
                              s3mountctl reload --no-wait""")
    for _ in range(2):
        wait_for(fatal, "lost", state="failed", code="bucket-missing")
        assert mounts_on(fatal, "/srv/lost") == ["fuse.s3mountd-guard s3mountd-guard:lost"]
        assert "not connected" in fatal.run("ls /srv/lost", check=False).stderr
        old = daemon_pid(fatal)
        kill(fatal, old)
        next_daemon(fatal, old)


@pytest.mark.once
def test_killed_while_it_unmounts_the_next_one_lets_the_worker_go(fatal: Machine) -> None:
    both(fatal)
    leaving = look(fatal, "one")["pid"]
    dies_at(fatal, STOP, "s3mountctl stop --no-wait one")
    wait_for(fatal, "one", state="stopped")
    assert mounts_on(fatal, "/srv/one") == [] and not alive(fatal, leaving)
    fatal.wait_until(lambda: len(workers(fatal)) == 1, 10, "one worker is left")
    wait_ok(fatal, "two")


@pytest.mark.once
def test_killed_beside_a_worker_that_is_stopped_with_callers_stuck_in_it(machine: Machine) -> None:
    before = both(machine)
    stopped = look(machine, "one")["pid"]
    machine.run(["kill", "-STOP", str(stopped)])
    caller = machine.popen(["cat", "/srv/one/hello.txt"])
    try:
        machine.wait_until(lambda: "request_wait_answer" in machine.run("cat /proc/[0-9]*/wchan", check=False).stdout,
                           5, "somebody waits for the stopped worker")
        with hammer(machine, "/srv/two", readers=1) as met:
            for _ in range(2):
                old = daemon_pid(machine)
                kill(machine, old)
                new = next_daemon(machine, old)
                machine.wait_until(lambda new=new: _answers(machine, new), 5, "it answers")  # type: ignore[misc]
                wait_ok(machine, "two")
            assert workers(machine) == before, "a stopped worker is not touched"
        assert caller.poll() is None, "the caller still waits"
        machine.run(["kill", "-CONT", str(stopped)])
        assert caller.wait(10) == 0
    finally:
        caller.kill()
    assert (met.errors, met.bare, met.wrong) == ({}, 0, 0)
    wait_ok(machine, "one")


def _answers(machine: Machine, pid: int) -> bool:
    try:
        return bool(status(machine)["daemon"]["pid"] == pid)
    except ValueError:
        return False


def test_killed_twenty_times_at_any_moment_it_leaves_nothing_behind(machine: Machine) -> None:
    both(machine)
    before = wait_traces(machine)
    chance = random.Random(3)  # the same moments in each run, so far as a machine can
    changes = (
        "s3mountctl restart --no-wait one",
        "kill -9 $(pgrep -of '^/usr/bin/mount-s3 bucket-two')",
        "s3mountctl reload --no-wait",
        "systemctl daemon-reload",
    )
    with hammer(machine, "/srv/one", readers=1) as one, hammer(machine, "/srv/two", readers=1) as two:
        for round_ in range(20):
            old = daemon_pid(machine)
            if chance.random() < 0.5:
                machine.write(CONFIG, toml([{**ONE, "read_only": round_ % 2 == 0}, TWO]))
            # It dies while it starts, stages, swaps, drains or buries.
            machine.run(f"{chance.choice(changes)}; sleep {chance.random() * 0.3:.3f}; kill -9 {old}", check=False)
            new = next_daemon(machine, old)
            if round_ % 4 == 3:
                wait_known(machine, new)
        wait_known(machine, new)
        configure(machine, ONE, TWO)
        after = wait_traces(machine, before)
    assert (one.errors, one.bare, one.wrong) == ({}, 0, 0), "nobody killed its worker"
    assert (two.bare, two.wrong, set(two.errors) - DEAD) == (0, 0, set())
    assert after.descriptors <= before.descriptors + 2, (before, after)
    print(f"20 kills: {one.reads + two.reads} reads, {two.errors} while a worker was dead; "
          f"descriptors {before.descriptors}, {after.descriptors}; RSS {before.rss:.1f}, {after.rss:.1f} MB")

"""The daemon of a machine: which one it is, whether it knows what runs, and what there is of it and its workers."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from tests.machine import Machine
from tests.system.kit import alive, configure, kill, look, mount, show, status, wait_ok, workers

DAEMON = "s3mountd.service"
DROPIN = "/run/systemd/system/s3mountd.service.d/test.conf"
ONE, TWO = mount("one"), mount("two", "bucket-two")


def daemon_pid(machine: Machine) -> int:
    """The main process of the daemon's unit, 0 while there is none."""
    return int(show(machine, DAEMON, "MainPID"))


def next_daemon(machine: Machine, old: int, timeout: float = 10) -> int:
    """The main process of the daemon's unit once it is another one than ``old``, which is gone by then."""
    def another() -> int:
        pid = daemon_pid(machine)
        return pid if pid != old else 0

    new = machine.wait_until(another, timeout, f"a daemon after {old}", every=0.05)
    assert not alive(machine, old)
    return new


def knows(machine: Machine, pid: int) -> bool:
    """Does the daemon of that number answer that everything is mounted, and has it proved so by itself?"""
    try:
        document = status(machine)
    except ValueError:  # it is on its way
        return False
    mounts, daemon = document["mounts"], document["daemon"]
    return bool(
        daemon["pid"] == pid and mounts and all(one["state"] == "mounted" and one["health"] == "ok" for one in mounts)
        and all(one["checked_at"] >= daemon["since"] for one in mounts))


def wait_known(machine: Machine, pid: int, timeout: float = 20) -> None:
    """Wait until that daemon knows that all is well."""
    machine.wait_until(lambda: knows(machine, pid), timeout, f"daemon {pid} knows that all is well", every=0.05)


def both(machine: Machine, **daemon: object) -> dict[str, int]:
    """Two mounts, ``one`` and ``two``; unit → process of their workers."""
    configure(machine, ONE, TWO, **daemon)
    wait_ok(machine, "one", "two")
    found = workers(machine)
    assert len(found) == 2
    return found


def recovers(machine: Machine, name: str) -> None:
    """The daemon hears of a worker's end: kill it, and the next one comes, and is the only one."""
    old = look(machine, name)["pid"]
    kill(machine, old)
    machine.wait_until(lambda: look(machine, name)["pid"] not in (0, old), 20, "another worker")
    wait_ok(machine, name)
    machine.wait_until(lambda: len(workers(machine)) == len(status(machine)["mounts"]), 10, "one worker a mount")


def use_dropin(machine: Machine, text: str) -> None:
    """The daemon started anew with these lines in its ``[Service]``; the reset before the next test takes them out."""
    machine.write(DROPIN, f"[Service]\n{text}\n")
    machine.run("systemctl daemon-reload && systemctl restart s3mountd")


@dataclass
class Traces:
    """What there is of s3mountd on a machine, counted. Spares are part of it: wait until they are there."""

    units: Counter[str]
    """Names without the generation and the process id."""
    mounts: Counter[str]
    processes: Counter[str]
    descriptors: int = field(compare=False)
    """Of the daemon."""
    rss: float = field(compare=False)
    """Of the daemon, in MB."""


def traces(machine: Machine) -> Traces:
    """Count; raises CommandFailed while there is no daemon."""
    pid = daemon_pid(machine)
    listing = machine.run("systemctl list-units --all --plain --no-legend 's3mount*.service' 's3mount*.scope'").stdout
    units = Counter(re.sub(r"-\d+[.]", ".", line.split()[0]) for line in listing.splitlines())
    # What asks S3 comes when it is needed and goes by itself.
    del units["s3mountd-s3.service"]
    table = (line.split(" ") for line in machine.read("/proc/1/mountinfo").splitlines())
    mounts = Counter(row[4] for row in table if row[-3].startswith("fuse.") or row[-2].startswith("s3mountd-guard"))
    names = machine.run(["ps", "-eo", "comm="]).stdout.split("\n")
    processes = Counter(name for name in names if re.match(r"s3mount(?!d-s3)|mount-s3|[(].*await", name))
    descriptors = len(machine.run(["ls", f"/proc/{pid}/fd"]).stdout.split())
    rss = int(machine.run(["awk", "/^VmRSS/ { print $2 }", f"/proc/{pid}/status"]).stdout) / 1024
    return Traces(units, mounts, processes, descriptors, rss)


def wait_traces(machine: Machine, wanted: Traces | None = None, timeout: float = 30) -> Traces:
    """Wait until nothing more or less is there than ``wanted``, by default one worker and one spare for each mount."""
    seen: list[Traces] = []

    def settled() -> Traces | None:
        seen[:] = [traces(machine)]
        now = seen[0]
        if wanted is not None:
            return now if now == wanted else None
        mounts = len(status(machine)["mounts"])
        there = (now.processes["mount-s3"], now.processes["s3mount-await"], sum(now.mounts.values()))
        return now if there == (mounts, mounts, mounts) else None

    try:
        found = machine.wait_until(settled, timeout, "nothing is left over", every=0.2)
    except TimeoutError as error:
        raise TimeoutError(f"{error}; wanted {wanted}; last seen {seen}") from None
    assert found is not None
    return found

"""The steps of trouble: a worker killed, a changed file, a reboot, a wrong bucket."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.bench import rig
from tests.demo import facts
from tests.demo.show import Show
from tests.machine.machine import Machine

WATCH = 4.0
"""Seconds that the reader looks on. A worker that served two seconds or more is replaced at once."""

SHUTDOWN = 45.0
"""Seconds for down and up. Workers that do not end make it 90 seconds more."""


@contextmanager
def watched(machine: Machine, folder: str) -> Iterator[dict[str, Any]]:
    """A reader on the folder while something is done to it; its findings are there at the end."""
    found: dict[str, Any] = {}
    said = json.dumps({"folder": folder, "seconds": WATCH})
    command = ["/usr/bin/python3", "-m", "gauge.watch", said]
    process = machine.popen(command, user="rob", env={"PYTHONPATH": rig.INSIDE}, stdout=subprocess.PIPE)
    assert process.stdout is not None
    if process.stdout.readline() != b"watching\n":
        raise RuntimeError("the watching reader did not begin")
    yield found
    out, _ = process.communicate(timeout=WATCH + 30)
    found |= json.loads(out)


def _cold_start(machine: Machine) -> float:
    found = rig.gauge(machine, "bare", rounds=3)
    return float(found["median"])


def _spares(machine: Machine) -> int:
    """Workers that wait in their sandbox for the other one to die."""
    return int(machine.run("pgrep -fc '^/bin/sh /usr/libexec/s3mountd/s3mount-await '", check=False).stdout or 0)


def kill(show: Show, machine: Machine) -> None:
    """kill -9."""
    with show.step("kill -9", "A worker dies the hard way while a reader asks for a file hundreds of times a "
                              "second. Look at how long it has to wait, and that it never sees the empty folder "
                              "beneath. About 5 seconds.") as step:
        cold = _cold_start(machine)
        machine.wait_until(lambda: _spares(machine) == len(facts.GOOD), 15, "a spare waits beside each worker")
        before = facts.pids(machine)
        with watched(machine, "/home/rob/data") as seen:
            done = show.command(f"kill -9 {before['data']}")
        facts.came(machine, facts.GOOD)
        show.command("s3mountctl logs data -n 60 | grep s3mountd")
        after = facts.pids(machine)
        show.gap()
        show.say(f"The reader: {seen['good']} reads, {seen['refused']} refused meanwhile, {seen['bare']} of the bare "
                 f"folder. Without a good read for {seen['gap']:.2f} s; a mount-s3 started by hand needs {cold:.2f} s.")
        step.claims += [
            ("the worker died and another one serves", done.returncode == 0 and after["data"] != before["data"]
             and seen["refused"] > 0 and seen["good"] > 0),
            ("the gap was shorter than a second", seen["gap"] < 1),
            ("nobody met the bare folder", seen["bare"] == 0),
            ("no other worker was touched", {**after, "data": 0} == {**before, "data": 0}),
        ]
        step.figure = f"{seen['gap']:.2f} s gap, bare folder {seen['bare']} times"


def edit(show: Show, machine: Machine) -> None:
    """One mount changes, and only that one."""
    with show.step("A change in the file", "safe shall become read-only. plan says what a reload would do; the "
                                           "reload does it, under a reader who notices nothing. "
                                           "About 5 seconds.") as step:
        before = facts.pids(machine)
        show.command("sed -i '/^folder = .*safe\"$/a read_only = true' /etc/s3mountd/mounts.toml")
        plan = show.command("s3mountctl plan")
        with watched(machine, "/home/rob/safe") as seen:
            show.command("s3mountctl reload")
        facts.came(machine, facts.GOOD)
        refused = show.command("touch safe/more", "rob")
        after = facts.pids(machine)
        named = [name for name in (*facts.GOOD, facts.WRONG) if f" {name} " in f"{plan.stdout} ".replace("\n", " ")]
        show.gap()
        show.say(f"The reader: {seen['good']} reads, {seen['refused']} refused, {seen['bare']} of the bare folder.")
        step.claims += [
            ("plan named safe and nothing else", named == ["safe"]),
            ("safe has a new worker, the others have the same as before",
             after["safe"] != before["safe"] and {**after, "safe": 0} == {**before, "safe": 0}),
            ("no read failed meanwhile", seen["good"] > 0 and seen["refused"] == 0 and seen["bare"] == 0),
            ("safe is read-only now", refused.returncode != 0 and "Read-only" in refused.stderr),
        ]
        step.figure = f"1 of {len(after)} new, {seen['refused']} failed reads"


def _birth(machine: Machine) -> str:
    """When the machine's first process began."""
    return machine.read("/proc/1/stat").rpartition(")")[2].split()[19]


def reboot(show: Show, machine: Machine) -> None:
    """The power cycle."""
    with show.step("A reboot", "The machine reboots, and nobody does anything. About 10 seconds.") as step:
        before = _birth(machine)
        began = time.monotonic()
        show.act("systemctl reboot", machine.reboot)
        down_and_up = time.monotonic() - began
        began = time.monotonic()
        facts.came(machine, facts.GOOD)
        took = time.monotonic() - began
        show.command("s3mountctl status | head -n 6")
        read = show.command("cat data/hello.txt && tail -n 1 data/new/numbers", "rob")
        step.claims += [
            ("it did reboot: its first process is another one", _birth(machine) != before),
            ("no worker held up the shutdown", down_and_up < SHUTDOWN),
            ("the four mounts are back by themselves", set(facts.GOOD) <= facts.well(machine)),
            ("rob reads his files", read.returncode == 0 and "100000" in read.stdout),
        ]
        step.figure = f"all back {took:.1f} s after boot"


def explain(show: Show, machine: Machine) -> None:
    """The wrong bucket."""
    with show.step("The wrong bucket", "One mount never came. Look at the reason, and at the line that mends it; "
                                       "then it is mended.") as step:
        status = show.command("s3mountctl status")
        row = facts.mounts(machine)[facts.WRONG]
        code = (row["reason"] or {}).get("code", "")
        story = show.command(f"s3mountctl explain {code}")
        before = facts.pids(machine)
        show.command("sed -i s/bucket-tree/bucket-three/ /etc/s3mountd/mounts.toml")
        show.command("s3mountctl reload")
        facts.came(machine, (*facts.GOOD, facts.WRONG))
        read = show.command("cat typo/hello.txt", "rob")
        final = show.command("s3mountctl status")
        after = facts.pids(machine)
        step.claims += [
            ("status named the bucket that is missing", code == "bucket-missing" and "bucket-tree" in status.stdout),
            ("explain knows that code", story.returncode == 0 and bool(story.stdout)),
            ("the mended mount serves the right bucket", read.stdout == "hello from bucket-three\n"),
            ("no other worker was touched", before.items() <= after.items() and len(after) == 5),
            ("status ends with 0: all is well", final.returncode == 0),
        ]
        step.figure = code


TROUBLE = (kill, edit, reboot, explain)

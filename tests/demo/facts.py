"""What the machine answers when it is asked for facts: every verdict is made from these."""

from __future__ import annotations

import json
from typing import Any

from tests.machine.machine import Machine

GOOD = ("data", "safe", "runs", "archive")
WRONG = "typo"


def mounts(machine: Machine) -> dict[str, dict[str, Any]]:
    """The status document's mounts by name; empty while the daemon does not answer."""
    answer = machine.run(["s3mountctl", "status", "--json"], check=False).stdout
    return {row["name"]: row for row in json.loads(answer)["mounts"]} if answer.strip() else {}


def well(machine: Machine) -> set[str]:
    """The names of the mounts that are mounted and proven."""
    return {name for name, row in mounts(machine).items() if (row["state"], row["health"]) == ("mounted", "ok")}


def pids(machine: Machine) -> dict[str, int]:
    """The worker process of each mount, as the kernel has it: every number is that of a living mount-s3."""
    said = {name: int(row["pid"]) for name, row in mounts(machine).items() if row["pid"]}
    living = machine.run(["pgrep", "-x", "mount-s3"], check=False).stdout.split()
    return {name: pid for name, pid in said.items() if str(pid) in living}


def fuse_mounted(machine: Machine, folder: str) -> bool:
    """Is a mount of mount-s3 on that folder, by the kernel's own table?"""
    shown = machine.run(["findmnt", "--noheadings", "--output=FSTYPE", folder], check=False).stdout
    return "fuse.mount-s3" in shown


def came(machine: Machine, names: tuple[str, ...], timeout: float = 60) -> None:
    """Wait until these mounts are proven and every other one has come to a result; raises TimeoutError."""

    def settled() -> bool:
        rows = mounts(machine)
        busy = [name for name, row in rows.items() if row["state"] == "mounting" or row["health"] == "unknown"]
        return set(names) <= well(machine) and not busy

    machine.wait_until(settled, timeout, f"{', '.join(names)} are mounted")

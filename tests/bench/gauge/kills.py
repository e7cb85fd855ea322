"""Workers killed one after the other while a reader and a writer use the folders; a bare start between the kills."""

from __future__ import annotations

import json
import os
import select
import signal
import time
from collections.abc import Callable
from typing import Any

from . import bare
from .polling import Crowd, answer, readable, run, until

BENEATH = "/mnt/beneath"


def kill(pid: int, folder: str) -> float:
    """Seconds from SIGKILL until a file can be read again. The death is proven before the first look."""
    handle = os.pidfd_open(pid)
    began = time.monotonic()
    signal.pidfd_send_signal(handle, signal.SIGKILL)
    if not select.select([handle], [], [], 10)[0]:
        raise RuntimeError(f"process {pid} outlived SIGKILL")
    os.close(handle)
    until(lambda: readable(folder), f"{folder} after the death of {pid}")
    return time.monotonic() - began


def of_s3mountd(folder: str, standby: bool = False) -> int:
    """The worker of a folder, as status tells it; it has to be one that s3mountd calls ok, if asked with a standby."""
    mounts = json.loads(run("s3mountctl", "status", "--json"))["mounts"]
    found = next(mount for mount in mounts if mount["folder"] == folder)
    well = found["state"] == "mounted" and found["health"] == "ok" and found["standby"] >= standby
    return int(found["pid"]) if well else 0


def of_unit(unit: str) -> int:
    """The main process of a service."""
    return int(run("systemctl", "show", "--property=MainPID", "--value", unit))


def beneath(folders: list[str]) -> list[str]:
    """The names in the bare folders, seen past every mount through a bind mount of the root."""
    os.makedirs(BENEATH, exist_ok=True)
    run("mount", "--bind", "/", BENEATH)
    try:
        return [name for folder in folders for name in os.listdir(BENEATH + folder)]
    finally:
        run("umount", BENEATH)


def measure(
    folders: list[str], cycles: int, spell: float, bucket: str, options: list[str], unit: str = "",
    standby: bool = False,
) -> dict[str, Any]:
    """`cycles` kills in turn over the folders, each folder served for `spell` seconds before its worker dies.

    With `unit` that service is the worker instead of s3mountd's; with `standby` there is a second worker at each kill.
    """
    pid_of: Callable[[str], int] = (lambda _: of_unit(unit)) if unit else (lambda folder: of_s3mountd(folder, standby))
    until(lambda: all(readable(folder) for folder in folders), "the folders before the first kill")
    served = dict.fromkeys(folders, time.monotonic())
    killed: list[int] = []
    gaps, cold = [], []
    with Crowd(folders) as crowd:
        for turn in range(cycles):
            folder = folders[turn % len(folders)]
            cold.append(bare.cold_start(bucket, options))
            pid: int = until(lambda: pid_of(folder), f"a worker for {folder}", pause=0.05)  # noqa: B023 - used at once
            time.sleep(max(0.0, served[folder] + spell - time.monotonic()))
            gaps.append(kill(pid, folder))
            served[folder] = time.monotonic()
            killed.append(pid)
    return {
        "gaps": gaps,
        "cold": cold,
        "killed": len(set(killed)),
        "seen": {name: vars(seen) for name, seen in crowd.seen.items()},
        "beneath": beneath(folders),
    }


if __name__ == "__main__":
    answer(measure)

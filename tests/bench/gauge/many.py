"""Many mounts at once: how long until all are up, how much the daemon takes, how fast it answers and comes back."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

from . import bare
from .polling import all_readable, answer, readable, run, until

DAEMON = "s3mountd.service"


def show(name: str) -> int:
    """A number that systemd knows of the daemon."""
    return int(run("systemctl", "show", f"--property={name}", "--value", DAEMON))


def from_nothing(folders: list[str]) -> None:
    """No daemon, no worker, no mount; the configuration stays."""
    run("systemctl", "stop", DAEMON)
    run("/usr/libexec/s3mountd/s3mountd", "--unmount-all")
    until(lambda: not any(readable(folder) for folder in folders), "nothing is mounted")
    until(lambda: "s3mount-" not in run("systemctl", "list-units", "--plain", "--no-legend", "s3mount-*-[0-9]*"),
          "the workers are gone", pause=0.05)


def up(folders: list[str]) -> tuple[float, float]:
    """Seconds until all are readable: from the daemon's exec, and from the command that starts it."""
    asked = time.monotonic()
    run("systemctl", "start", "--no-block", DAEMON)
    until(all_readable(folders), f"{len(folders)} mounts")
    done = time.monotonic()
    return done - show("ExecMainStartTimestampMonotonic") / 1e6, done - asked


def memory() -> dict[str, float]:
    """MB in memory of the daemon and of its helper: RSS, and PSS which counts what both share once."""
    daemon = show("MainPID")
    helpers = Path(f"/proc/{daemon}/task/{daemon}/children").read_text().split()
    found = {}
    for role, pids in (("daemon", [str(daemon)]), ("helper", helpers)):
        for field in ("Rss", "Pss"):
            rows = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids]
            kilobytes = sum(int(row.split(f"\n{field}:")[1].split()[0]) for row in rows)
            found[f"{role}_{field.lower()}"] = kilobytes / 1024
    return found


def status(times: int) -> float:
    """Median seconds of `s3mountctl status`, as a person waits for it."""
    taken = []
    for _ in range(times):
        began = time.monotonic()
        subprocess.run(["s3mountctl", "status"], stdout=subprocess.DEVNULL, check=False)
        taken.append(time.monotonic() - began)
    return statistics.median(taken)


def workers() -> dict[str, int]:
    """The processes of all mounts that are proven to serve."""
    done = subprocess.run(["s3mountctl", "status", "--json"], stdout=subprocess.PIPE, check=False, text=True)
    try:
        mounts = json.loads(done.stdout)["mounts"]
    except ValueError:
        return {}
    return {row["name"]: row["pid"] for row in mounts if row["state"] == "mounted" and row["health"] == "ok"}


def status_with_one_stopped(times: int) -> float:
    """The same with the process of one mount stopped; proven by its state."""
    pid = next(iter(workers().values()))
    os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "T", f"{pid} is stopped")
        return status(times)
    finally:
        os.kill(pid, signal.SIGCONT)


def adopted() -> dict[str, Any]:
    """Seconds from `kill -9` of the daemon until a new one calls every mount ok; whether a worker was touched."""
    before, daemon = workers(), show("MainPID")
    began = time.monotonic()
    os.kill(daemon, signal.SIGKILL)
    until(lambda: show("MainPID") not in (0, daemon) and len(workers()) == len(before), "adoption", pause=0.01)
    took = time.monotonic() - began
    return {"seconds": took, "same": workers() == before}


def measure(folders: list[str], rounds: int, bucket: str, options: list[str]) -> dict[str, Any]:
    """Bare and s3mountd's in turn, `rounds` times; the rest with the mounts of the last round."""
    ours, asked, peer = [], [], []
    paths = bare.folders(len(folders))
    for _ in range(rounds):
        from_nothing(folders)
        peer.append(bare.start(bucket, paths, options))
        bare.end(paths)
        since_exec, since_asked = up(folders)
        ours.append(since_exec)
        asked.append(since_asked)
    until(lambda: len(workers()) == len(folders), "every mount is called ok", pause=0.1)
    return {"ours": ours, "asked": asked, "bare": peer, "memory": memory(), "status": status(10),
            "status_stopped": status_with_one_stopped(10), "adopted": adopted()}


if __name__ == "__main__":
    answer(measure)

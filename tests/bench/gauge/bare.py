"""The peer: mount-s3 as a person starts it, without a keeper."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from typing import Any

from .polling import all_readable, answer, readable, run, until

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/root", "AWS_EC2_METADATA_DISABLED": "true"}


def command(bucket: str, folder: str, options: list[str]) -> list[str]:
    """The command line with the same options as the worker's."""
    return ["/usr/bin/mount-s3", bucket, folder, "--allow-other", *options]


def folders(count: int) -> list[str]:
    """Folders for that many bare mounts, made."""
    paths = [f"/mnt/bare-{number}" for number in range(count)]
    for path in paths:
        os.makedirs(path, exist_ok=True)
    return paths


def start(bucket: str, paths: list[str], options: list[str]) -> float:
    """Seconds from the first exec until a file could be read in each folder; they stay mounted."""
    began = time.monotonic()
    started = [
        subprocess.Popen(command(bucket, path, options), env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        for path in paths
    ]
    until(all_readable(paths), f"{len(paths)} bare mounts")
    took = time.monotonic() - began
    for process in started:
        process.wait()
    return took


def end(paths: list[str]) -> None:
    """Unmount and wait until every worker of these folders is gone."""
    for path in paths:
        run("umount", "--lazy", path)
    until(lambda: not any(readable(path) for path in paths), "the bare mounts are gone")
    until(lambda: not _workers(paths), "the bare workers are gone", pause=0.01)


def _workers(paths: list[str]) -> bool:
    pattern = "|".join(f"mount-s3 [^ ]+ {path} " for path in paths)
    return subprocess.run(["pgrep", "-f", pattern], stdout=subprocess.DEVNULL, check=False).returncode == 0


def cold_start(bucket: str, options: list[str]) -> float:
    """Seconds that one start from nothing takes until a file is readable."""
    paths = folders(1)
    took = start(bucket, paths, options)
    end(paths)
    return took


def measure(bucket: str, options: list[str], rounds: int) -> dict[str, Any]:
    """`rounds` cold starts."""
    taken = [cold_start(bucket, options) for _ in range(rounds)]
    return {"taken": taken, "median": statistics.median(taken)}


if __name__ == "__main__":
    answer(measure)

"""How the tests run the engine: built on demand, in an environment that is only theirs."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.s3.seaweed import ADMIN, Identity

HERE = Path(__file__).resolve().parent


@functools.cache
def binary() -> str:
    """Path of the engine, built by `build.sh` when its sources changed; its progress goes to stderr."""
    built = subprocess.run([str(HERE / "build.sh")], stdout=subprocess.PIPE, text=True, check=True)
    return built.stdout.strip()


def environment(identity: Identity = ADMIN, **more: str) -> dict[str, str]:
    """The whole environment of one engine: nothing of the caller's, whose AWS_* variables change results."""
    return {
        "PATH": os.defpath,
        "HOME": "/nonexistent",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": identity.access_key,
        "AWS_SECRET_ACCESS_KEY": identity.secret_key,
        **more,
    }


def run(
    *arguments: str, env: dict[str, str] | None = None, fds: Sequence[int] = (), limit: float = 60
) -> subprocess.CompletedProcess[str]:
    """Runs the engine to its end, or to that of its launcher when it goes to the background."""
    return subprocess.run(
        [binary(), *arguments],
        env=environment() if env is None else env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=limit,
        pass_fds=fds,
        check=False,
    )


def spawn(*arguments: str, env: dict[str, str] | None = None, fds: Sequence[int] = ()) -> subprocess.Popen[str]:
    """Starts the engine in the foreground; both its streams go to one pipe."""
    return subprocess.Popen(
        [binary(), *arguments, "--foreground"],
        env=environment() if env is None else env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        pass_fds=fds,
    )


def until_mounted(process: subprocess.Popen[str]) -> list[str]:
    """Reads output up to the line that says the mount is there; AssertionError if it never comes."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if " is mounted at " in line and line.startswith(("bucket ", "prefix ")):
            return lines
    raise AssertionError("the engine ended before it had mounted:\n" + "".join(lines))

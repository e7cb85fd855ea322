"""A machine as a user's would be: S3 at hand, the worker and the package of this source tree installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from tests.machine.cache import REPO, digest, made_once, say, source_files
from tests.machine.machine import Machine
from tests.setup.worker import worker


@cache
def package(version: str | None = None) -> Path:
    """The .deb of this source tree: S3MOUNTD_DEB, or built once per state of what goes into it.

    With `version` the same sources under another one, for upgrades and downgrades. One process
    always gets the same file, though the tree may change under it. Raises
    CalledProcessError, its output shown, when it does not build.
    """
    given = os.environ.get("S3MOUNTD_DEB")
    if given and version is None:
        return Path(given)
    folder = made_once(
        "deb", digest(version or "", _digest_of_sources()), lambda draft: _build(draft, version)
    )
    return next(folder.glob("s3mountd_*.deb"))


def equip(machine: Machine) -> None:
    """S3, worker and package into a booted machine; the daemon then runs with an empty configuration."""
    machine.start_s3()
    machine.install_worker(worker())
    machine.install_deb(package())


def _digest_of_sources() -> str:
    inputs = [path for path in source_files() if path.relative_to(REPO).parts[0] not in ("tests", ".ci")]
    return digest(*(part for path in inputs for part in (str(path.relative_to(REPO)), path.read_bytes())))


def _build(draft: Path, version: str | None) -> None:
    say(f"building the package {version or ''}".rstrip())
    draft.mkdir(parents=True)
    choice = ["--version", version] if version else []
    build = [str(REPO / "packaging/build-deb.sh"), *choice, str(draft)]
    done = subprocess.run(build, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode or not list(draft.glob("s3mountd_*.deb")):
        print(done.stdout, file=sys.stderr)
        shutil.rmtree(draft)
        raise subprocess.CalledProcessError(done.returncode or 1, build, done.stdout)


if __name__ == "__main__":
    print(package())

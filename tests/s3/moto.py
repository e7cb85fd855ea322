"""A moto server: AWS's S3, STS and IAM, with signatures, session tokens and policies looked at; loopback only.

What moto 5.2.5 does not do (tried): its keys never end, no request is in the wrong region, there is no portal of IAM
Identity Center, and its metadata service answers whoever asks, with keys that its own store does not take.
``tests/faults`` stands in for that.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from mountd.core.profiles import Keys
from tests.machine.cache import REPO, digest, made_once, say

PYTHON = "/usr/bin/python3"
SETUP = REPO / "tests/s3/moto_setup.py"
BUCKET, REGION = "lab-bucket", "eu-west-1"
_LIST = REPO / "tests/setup/moto.txt"
_START_LIMIT = 30.0


@dataclass(frozen=True)
class Account:
    """Who is who in it: ``lab`` may do everything, ``guest`` nothing, the roles (ARNs) ``reader`` and ``machine`` list
    and read, and ``machine`` assume roles."""

    endpoint: str
    lab: Keys
    guest: Keys
    reader: str
    machine: str

    @classmethod
    def of(cls, endpoint: str, printed: str) -> Account:
        """Out of what ``moto_setup`` printed."""
        said = json.loads(printed)
        return cls(endpoint, Keys(**said["lab"]), Keys(**said["guest"]), said["reader"], said["machine"])


def question(endpoint: str) -> str:
    """What ``moto_setup`` is asked."""
    return json.dumps({"endpoint": endpoint, "bucket": BUCKET, "region": REGION})


def tree(python: str) -> Path:
    """The cached packages of moto for that Python ("3.11"), to be its PYTHONPATH; made if need be (15 s).

    Raises CalledProcessError when no package index is in reach.
    """
    def make(draft: Path) -> None:
        say(f"installing moto for Python {python} (15 s, once)")
        with tempfile.TemporaryDirectory(prefix="s3mountd-") as scratch:
            subprocess.run([PYTHON, "-m", "venv", scratch], check=True)
            subprocess.run([f"{scratch}/bin/pip", "install", "--quiet", "--no-deps", "--only-binary=:all:",
                            "--disable-pip-version-check", f"--python-version={python}", f"--target={draft}",
                            f"--requirement={_LIST}"], check=True)

    return made_once("moto", digest(python, _LIST.read_bytes()), make)


def command(packages: Path | str, port: int) -> list[str]:
    """The command line of a server on that port of loopback."""
    return ["/usr/bin/env", f"PYTHONPATH={packages}", PYTHON, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]


@dataclass(frozen=True)
class Moto:
    """One that runs on this host."""

    process: subprocess.Popen[bytes]
    account: Account

    @classmethod
    def start(cls, folder: Path, port: int) -> Moto:
        """Start one and set it up. Raises RuntimeError when it does not come up."""
        endpoint, log = f"http://127.0.0.1:{port}", folder / "moto.log"
        packages = tree(f"{sys.version_info.major}.{sys.version_info.minor}")
        with log.open("wb") as out:
            process = subprocess.Popen(command(packages, port), stdout=out, stderr=out, cwd=folder)
        try:
            end = time.monotonic() + _START_LIMIT
            while not _answers(endpoint):
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"moto does not come up:\n{log.read_text()}")
                time.sleep(0.05)
            done = subprocess.run([PYTHON, str(SETUP)], input=question(endpoint), check=True, text=True,
                                  stdout=subprocess.PIPE)
        except BaseException:
            process.kill()
            process.wait()
            raise
        return cls(process, Account.of(endpoint, done.stdout))

    def stop(self) -> None:
        """End it, and forget all that was stored."""
        self.process.kill()
        self.process.wait()


def _answers(endpoint: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint}/moto-api/", timeout=2):  # noqa: S310  on loopback
            return True
    except (urllib.error.URLError, ConnectionError):
        return False

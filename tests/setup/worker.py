"""Which mount-s3 the tests and the demonstration run.

The one on PATH; else the engine of tests/engine where cargo is there; else AWS's own release, downloaded and
verified as AWS documents it; else the engine with a cargo that its build script installs.

`python3 -m tests.setup.worker` prints a directory PREFIX with PREFIX/bin/mount-s3 and the libraries it needs
beside it.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Collection
from pathlib import Path

from tests.machine.cache import REPO, digest, made_once, say

RELEASES = "https://s3.amazonaws.com/mountpoint-s3-release"

# Published in the Amazon S3 user guide, "Verifying the signature of the Mountpoint for Amazon S3 package".
FINGERPRINTS = frozenset(
    {
        "8AEFE705EBE329C0948C75A66F1C3B3AEF4B030B",
        "673FE4061506BB469A0EF857BE397A52B086DA5A",
    }
)

ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}  # uname's word: AWS's word
DOWNLOAD_LIMIT = 30.0


class NotVerified(Exception):
    """What was downloaded is not what the expected key signed; nothing of it was kept."""


def worker() -> Path:
    """The PREFIX of the worker; S3MOUNTD_WORKER names one outright. Builds or downloads what is missing.

    Raises NotVerified, or CalledProcessError when the engine does not build.
    """
    given = os.environ.get("S3MOUNTD_WORKER")
    on_path = shutil.which("mount-s3")
    if given:
        return Path(given)
    if on_path:
        return _copied(Path(on_path).resolve())
    if _cargo_is_there():
        return engine()
    try:
        return amazons()
    except OSError as error:
        say(f"AWS's own package cannot be had ({error}): building the engine")
        return engine()


def engine() -> Path:
    """The engine of tests/engine, built once per state of its sources."""
    done = subprocess.run(
        [str(REPO / "tests/engine/build.sh")], check=True, stdout=subprocess.PIPE, text=True
    )
    return Path(done.stdout.strip()).parents[1]


def amazons(base: str | None = None, fingerprints: Collection[str] = FINGERPRINTS) -> Path:
    """AWS's release for this architecture, from `base` or S3MOUNTD_WORKER_URL or AWS itself.

    Raises NotVerified for anything not signed by a key of `fingerprints`, OSError when it cannot be reached.
    """
    base = base or os.environ.get("S3MOUNTD_WORKER_URL", RELEASES)
    folder = f"{base}/latest/{ARCHITECTURES[platform.machine()]}"

    def make(draft: Path) -> None:
        say(f"downloading mount-s3 from {base}")
        with tempfile.TemporaryDirectory(prefix="s3mountd-") as scratch:
            keys = _download(f"{base}/public_keys/KEYS", Path(scratch))
            archive = _download(f"{folder}/mount-s3.tar.gz", Path(scratch))
            signature = _download(f"{folder}/mount-s3.tar.gz.asc", Path(scratch))
            verify(archive, signature, keys, fingerprints)
            draft.mkdir(parents=True)
            subprocess.run(["tar", "-C", str(draft), "--no-same-owner", "-xzf", str(archive)], check=True)

    return made_once("worker-aws", digest(folder), make)


def verify(file: Path, signature: Path, keys: Path, fingerprints: Collection[str]) -> None:
    """Return if `signature` over `file` is good and by one of `fingerprints`; else raise NotVerified.

    The keys are imported into a keyring of their own, so only the fingerprint decides whom to believe.
    """
    with tempfile.TemporaryDirectory(prefix="s3mountd-") as home:
        gpg = ["gpg", "--homedir", home, "--batch", "--no-tty", "--no-autostart", "--trust-model", "always"]
        subprocess.run([*gpg, "--import", str(keys)], check=False, capture_output=True)
        done = subprocess.run(
            [*gpg, "--status-fd", "1", "--verify", str(signature), str(file)],
            check=False,
            capture_output=True,
            text=True,
        )
    words = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("[GNUPG:] ")]
    good = done.returncode == 0 and any(row[0] == "GOODSIG" for row in words)
    # The last field of VALIDSIG is the fingerprint of the primary key (GnuPG doc/DETAILS).
    signers = {row[-1] for row in words if row[0] == "VALIDSIG"}
    if not good or not signers or not signers <= set(fingerprints):
        raise NotVerified(
            f"{file.name}: no good signature of {' or '.join(sorted(fingerprints))}\n{done.stderr}"
        )


def _download(url: str, folder: Path) -> Path:
    target = folder / url.rpartition("/")[2]
    # Whatever the scheme: nothing of it is used before its signature was verified.
    with urllib.request.urlopen(url, timeout=DOWNLOAD_LIMIT) as answer, target.open("wb") as out:  # noqa: S310
        shutil.copyfileobj(answer, out)
    return target


def _cargo_is_there() -> bool:
    return bool(shutil.which("cargo")) or (Path.home() / ".cargo/bin/cargo").exists()


def _copied(program: Path) -> Path:
    def make(draft: Path) -> None:
        (draft / "bin").mkdir(parents=True)
        shutil.copy2(program, draft / "bin/mount-s3")
        for library in program.parents[1].glob("lib/libfuse*"):
            (draft / "lib").mkdir(exist_ok=True)
            shutil.copy2(library, draft / "lib")

    return made_once("worker-path", digest(str(program), program.read_bytes()), make)


if __name__ == "__main__":
    try:
        print(worker())
    except NotVerified as problem:
        sys.exit(str(problem))

"""Which mount-s3 is installed, asked of itself."""

import subprocess

from mountd.words.options import Version, parse_version

WORKER = "mount-s3"
LIMIT = 5.0
"""Seconds for ``mount-s3 --version``."""


def worker() -> str | None:
    """What mount-s3 says after its name, or None when there is none on PATH that answers."""
    try:
        ran = subprocess.run([WORKER, "--version"], capture_output=True, text=True, timeout=LIMIT, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return ran.stdout.strip().removeprefix(WORKER).strip()


def parsed(text: str | None) -> Version | None:
    """The version as numbers, or None when the text holds none."""
    try:
        return parse_version(text) if text else None
    except ValueError:
        return None

"""Who is at the keyboard: under sudo that is who called it, whose files and keys are meant."""

import os
import pwd
from pathlib import Path


def uid() -> int:
    """The number of the user."""
    return int(os.environ.get("SUDO_UID") or 0) if os.geteuid() == 0 else os.geteuid()


def home() -> str:
    """Where that user's files lie."""
    try:
        return pwd.getpwuid(uid()).pw_dir
    except KeyError:
        return str(Path.home())

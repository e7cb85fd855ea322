"""The commands that need no daemon: check, logs, version."""

import os
import subprocess
from argparse import Namespace

from mountd import __version__
from mountd.cli.console import Console
from mountd.cli.reads import nearest
from mountd.cli.text import clean
from mountd.core.verdict import Exit
from mountd.words.errors import MountdError


def check(console: Console, args: Namespace) -> int:
    """Look for faults in configuration files."""
    # Importing what reads TOML costs more than all of `status`.
    from mountd.cli import checking, versions
    found = checking.check(args.file, versions.parsed(versions.worker()))
    if args.json:
        console.say_json(found.as_document())
        return found.status
    console.warn(f"warning: {warning}" for warning in found.warnings)
    console.warn(f"note: {note}" for note in found.notes)
    if found.problems:
        console.say(clean(str(problem)) for problem in found.problems)
    else:
        count = len(found.mounts)
        console.say([f"{count} mount{'s' * (count != 1)}, no faults."])
    return found.status


def logs(console: Console, args: Namespace) -> int:
    """Become journalctl, asking for the field that every line about a mount carries.

    Raises ``no-such-mount`` for a name that nobody knows and of which nothing was ever written.
    """
    words = ["journalctl", f"S3MOUNT_NAME={args.name}", f"--lines={args.lines}", "--no-hostname"]
    words += ["--follow"] * args.follow + ["--output=json"] * args.json
    try:
        # The journal first: the daemon may be what is looked into, and then its answer takes a while.
        one = [*words[:2], "--lines=1", "--quiet", "--output=cat"]
        known = [args.name] if subprocess.run(one, capture_output=True, check=False).stdout else _known(console)
        if known is not None and args.name not in known:
            raise MountdError("no-such-mount", f"{args.name!r}{nearest(args.name, known)}")
        os.execvp(words[0], words)
    except OSError as error:
        console.warn([f"s3mountctl: cannot run journalctl: {error.strerror}"])
    return Exit.DOWN


def _known(console: Console) -> list[str] | None:
    """The names of all mounts, None where nobody says."""
    try:
        return [mount["name"] for mount in console.client.status()["mounts"]]
    except MountdError:
        return None


def version(console: Console, args: Namespace) -> int:
    """Show the versions of this program, the daemon and mount-s3."""
    from mountd.cli import versions
    found = {"s3mountctl": __version__, "s3mountd": _daemon_version(console), versions.WORKER: versions.worker()}
    if args.json:
        console.say_json(found)
    else:
        console.say(f"{name:<11} {text or 'unknown'}" for name, text in found.items())
    return Exit.WELL


def _daemon_version(console: Console) -> str | None:
    try:
        return str(console.client.status()["version"])
    except MountdError as error:
        console.fail(error)
        return None

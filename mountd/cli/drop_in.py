"""Files of the configuration written by a command: what is written has passed the daemon's own rules."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from mountd.cli import checking, versions
from mountd.cli.console import Console
from mountd.core.config import toml_text
from mountd.core.verdict import Exit
from mountd.words.errors import MountdError
from mountd.words.model import Mount, Place


def judged(console: Console, file: Path, text: str) -> tuple[Exit, Sequence[Mount]]:
    """Is a new file right beside all that is there? What is wrong is said; with WELL its mounts."""
    found = checking.check([], versions.parsed(versions.worker()), {str(file): text})
    ours = [fault for fault in found.problems if fault.place.file == str(file)]
    if found.problems:
        # Faults of other files stand in the way as well: the configuration is taken on as a whole.
        console.warn(_said(problem.place, file, str(problem)) for problem in ours or found.problems)
        return Exit.USAGE if ours else Exit.DOWN, ()
    if file.exists():
        console.warn([f"s3mountctl: {file} is there already"])
        return Exit.USAGE, ()
    warnings = [one for one in found.warnings if one.place.file == str(file)]
    console.warn(f"warning: {_said(one.place, file, str(one))}" for one in warnings)
    return Exit.WELL, [mount for mount in found.mounts if mount.place.file == str(file)]


def is_writable(file: Path) -> bool:
    """May the caller write there?"""
    return os.access(file.parent if file.parent.exists() else file.parent.parent, os.W_OK)


def writable(file: Path) -> None:
    """Raises ``not-permitted`` when the caller may not write there: better said before a store is asked."""
    if not is_writable(file):
        raise MountdError("not-permitted", f"{file}: {os.strerror(errno.EACCES)}")


def shown(file: Path, text: str) -> Sequence[str]:
    """What will be written, for a person."""
    return [f"# {file}", *text.splitlines(), ""]


def sections(mounts: Sequence[dict[str, object]]) -> str:
    """The text of a file with these mounts."""
    return "\n".join(map(toml_text.section, mounts))


def _said(place: Place, file: Path, text: str) -> str:
    """A fault of a file that is not written yet has no line worth a look."""
    return text.replace(f"{place}: ", "", 1) if place.file == str(file) else text


def forget(file: Path) -> None:
    """Remove a file. Raises ``not-permitted``."""
    try:
        file.unlink()
    except OSError as error:
        raise _refused(file, error) from error


def write(file: Path, text: str) -> None:
    """Replace a file whole, for everybody to read, as its own mode says where it is there. Raises ``not-permitted``."""
    fresh = file.with_name(f".{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o644
        # There may be a secret in it (webhook): it is never more open than the file that it replaces.
        fresh.unlink(missing_ok=True)
        fresh.touch(0o600)
        fresh.write_text(text, "utf-8")
        fresh.chmod(mode)
        fresh.replace(file)
    except OSError as error:
        raise _refused(file, error) from error


def _refused(file: Path, error: OSError) -> MountdError:
    return MountdError("not-permitted", f"{file}: {error.strerror}")

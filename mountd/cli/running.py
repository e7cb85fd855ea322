"""Mounts that run without s3mountd: mount-s3 started by hand, and who uses a folder. Nothing touches a mount."""

import contextlib
import os
import pwd
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mountd.cli.checking import resolved
from mountd.core.imports import mount_s3
from mountd.core.imports.draft import Draft, Imported, Line, Proposal, Remark
from mountd.system import holders, mounts

_PROC = Path("/proc")
_LIMIT = 5.0
"""Seconds for a question to systemd."""
_MOUNT_HELPER = "mount.mount-s3"
_FROM_MOUNT = 5
"""Words of ``mount.mount-s3 BUCKET FOLDER -o OPTIONS``, by which mount-s3 knows that mount(8) calls it (lib.rs)."""


@dataclass(frozen=True)
class _Process:
    folder: Path
    words: tuple[str, ...]

    @property
    def where(self) -> str:
        return f"process {self.folder.name}"

    def variables(self) -> Mapping[str, str]:
        """Its environment; empty when it may not be read."""
        with contextlib.suppress(OSError):
            text = (self.folder / "environ").read_bytes().decode("utf-8", "replace")
            return dict(one.partition("=")[::2] for one in text.split("\0"))
        return {}


def by_hand() -> Imported:
    """The mounts of every mount-s3 that runs without a supervisor, in this mount namespace."""
    found = Imported()
    places = _mounted()
    for process in _processes():
        one = _read(process)
        found += Imported(remarks=one.remarks)
        for proposal in one.proposals:
            folder = resolved(str(proposal.keys["folder"]))
            if folder in places:
                found += Imported((_with_keys(proposal, process, folder),))
            else:
                found += Imported(remarks=(Remark(process.where, f"nothing is mounted on {folder} any more"),))
    # While it starts in the background there are two of the same words.
    return Imported(tuple({one.keys["folder"]: one for one in found.proposals}.values()),
                    tuple(dict.fromkeys(found.remarks)))


def mount_id(folder: str) -> int:
    """The number of the topmost mount of a folder, 0 when there is none."""
    return next((entry.mount_id for entry in reversed(_entries()) if entry.path == folder), 0)


def users(folder: str) -> list[str]:
    """``name (pid) path`` of some that have files of the mount open."""
    return holders.of_mount(mount_id(folder), folder)


def stopped_by(folder: str) -> str:
    """The command that stops the service whose mount-s3 serves that folder, which would start it again; "" for none."""
    for process in _processes():
        if folder in {str(one.keys.get("folder")) for one in _read(process).proposals}:
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                group = (process.folder / "cgroup").read_text("utf-8").strip()
                systemctl = ["systemctl", *["--user"] * ("user@" in group)]
                unit = group.rpartition("/")[2]
                # Any service may have a child that is mount-s3 (cron); one that is made for it says so.
                text = subprocess.run([*systemctl, "cat", unit], capture_output=True, timeout=_LIMIT,
                                      check=False).stdout
                if unit.endswith(".service") and mount_s3.PROGRAM.encode() in text:
                    return " ".join([*systemctl, "disable", "--now", unit])
    return ""


def _read(process: _Process) -> Imported:
    words = process.words
    if len(words) == _FROM_MOUNT and words[3] == "-o":
        return mount_s3.fstab(Draft(process.where), Line(words[1], words[2], words[4]))
    return mount_s3.command(process.where, _absolute(process), process.variables())


def _absolute(process: _Process) -> list[str]:
    """The words without the program, folders as seen from where it was started."""
    with contextlib.suppress(OSError):
        start = (process.folder / "cwd").readlink()
        return [os.path.normpath(start / word) if word.startswith(("./", "../")) or _is_bare(start, word) else word
                for word in process.words[1:]]
    return list(process.words[1:])


def _is_bare(start: Path, word: str) -> bool:
    return not word.startswith(("-", "/", "s3://")) and os.path.normpath(start / word) in _mounted()


def _with_keys(proposal: Proposal, process: _Process, folder: str) -> Proposal:
    """Whose keys it uses: those of the one who started it, where there are any."""
    keys = {**proposal.keys, "folder": folder}
    credentials = dict(keys.pop("credentials", None) or {})  # type: ignore[call-overload]
    with contextlib.suppress(OSError, KeyError):
        owner = pwd.getpwuid(process.folder.stat().st_uid)
        if not credentials.get("anonymous") and (Path(owner.pw_dir) / ".aws").is_dir():
            credentials["user"] = owner.pw_name
    return Proposal(proposal.where, folder, {**keys, **({"credentials": credentials} if credentials else {})})


def _processes() -> Iterator[_Process]:
    """Every mount-s3 that mounted a folder itself, and is in this mount namespace."""
    here = _namespace(_PROC / "self")
    for folder in sorted(_PROC.glob("[0-9]*"), key=lambda one: int(one.name)):
        with contextlib.suppress(OSError):
            words = tuple((folder / "cmdline").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0"))
            ours = any(word.startswith("/dev/fd/") for word in words)
            if words[0].rpartition("/")[2] in {mount_s3.PROGRAM, _MOUNT_HELPER} and not ours and (
                    _namespace(folder) == here):
                yield _Process(folder, words)


def _namespace(folder: Path) -> str:
    return str((folder / "ns" / "mnt").readlink())


def _entries() -> tuple[mounts.Entry, ...]:
    return mounts.parse(mounts.MOUNTINFO.read_text("utf-8", "surrogateescape"))


def _mounted() -> set[str]:
    return {entry.path for entry in _entries()}

"""The mount table: /proc/self/mountinfo read into values, and a bell that rings when it changes."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mountd.core.layers import Kind, Layer
from mountd.words import paths

MOUNTINFO = Path("/proc/self/mountinfo")


@dataclass(frozen=True)
class Entry:
    """One line of mountinfo (proc(5)), of it what is used here."""

    mount_id: int
    parent_id: int
    minor: int
    path: str
    fstype: str
    source: str
    is_shared: bool = False
    """Do mounts made below it reach other mount namespaces (mount_namespaces(7))?"""


_OCTAL = re.compile(r"\\([0-7]{3})")


def _unescape(text: str) -> str:
    """Undo the kernel's octal escapes of space, tab, newline and backslash."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text) if "\\" in text else text


def _parse_line(line: str) -> Entry:
    left, _, right = line.partition(" - ")
    fields = left.split(" ")
    fstype, source = right.split(" ")[:2]
    minor = fields[2].partition(":")[2]
    shared = any(field.startswith("shared:") for field in fields[6:])
    return Entry(int(fields[0]), int(fields[1]), int(minor), _unescape(fields[4]), fstype, _unescape(source), shared)


def parse(text: str) -> tuple[Entry, ...]:
    """All entries of a mountinfo text, in the kernel's order."""
    return tuple(_parse_line(line) for line in text.splitlines() if " - " in line)


def _layer(entry: Entry) -> Layer:
    guard = entry.source.startswith(f"{paths.GUARD_SOURCE}:")
    if guard and entry.fstype == f"fuse.{paths.GUARD_SOURCE}":
        kind = Kind.ERROR_GUARD
    elif guard and entry.fstype == "tmpfs":
        kind = Kind.EMPTY_GUARD
    elif entry.fstype == f"fuse.{paths.FUSE_SUBTYPE}":
        kind = Kind.LIVE
    else:
        kind = Kind.FOREIGN
    return Layer(kind, entry.minor, entry.mount_id, f"{entry.fstype} {entry.source}")


def stack(entries: Iterable[Entry]) -> tuple[Layer, ...]:
    """The mounts of one folder as layers, topmost first."""
    here = {entry.mount_id: entry for entry in entries}
    lower = {entry.parent_id for entry in here.values()}
    layers = []
    top = next((entry for entry in here.values() if entry.mount_id not in lower), None)
    while top is not None:
        layers.append(_layer(top))
        top = here.get(top.parent_id)
    return tuple(layers)


def by_path(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The entries of each folder."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.path, []).append(entry)
    return found


class MountTable:
    """The table as last read; stale after ``forget()``, which the bell and every own change call."""

    def __init__(self, path: Path = MOUNTINFO) -> None:
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._folders: dict[str, list[Entry]] | None = None

    def fileno(self) -> int:
        """A descriptor that polls as exceptional (POLLPRI) after each change of the table (proc(5))."""
        return self._file

    def forget(self) -> None:
        """The table has changed, or may have: read it anew at the next question."""
        self._folders = None

    @property
    def folders(self) -> dict[str, list[Entry]]:
        """All mounts of the daemon's namespace by the folder they are on."""
        if self._folders is None:
            os.lseek(self._file, 0, os.SEEK_SET)
            self._folders = by_path(parse(self._read()))
        return self._folders

    def folders_of(self, minor: int) -> list[str]:
        """Where the file system of that device is mounted; copies (bind mounts) may lie elsewhere."""
        return [path for path, entries in self.folders.items() if any(entry.minor == minor for entry in entries)]

    def _read(self) -> str:
        blocks = []
        while block := os.read(self._file, 1 << 20):
            blocks.append(block)
        return b"".join(blocks).decode("utf-8", "surrogateescape")

    def stack(self, folder: str) -> tuple[Layer, ...]:
        """What is mounted on a folder, topmost first."""
        return stack(self.folders.get(folder, ()))

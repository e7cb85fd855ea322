"""Checks around the folders: who sees a mount, and who walks through it without having been asked to."""

import os
import re
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mountd.core.findings import Finding, Level, ok, skipped
from mountd.core.layers import Kind
from mountd.system import mounts
from mountd.system.answering import Question
from mountd.system.host.asked import Asked
from mountd.words import paths

_UPDATEDB = Path("/etc/updatedb.conf")
_NAMED = 3
"""Files that are named of those that stand in the way."""
_TYPE = f"fuse.{paths.FUSE_SUBTYPE}"


def propagation(asked: Asked, table: Path = mounts.MOUNTINFO) -> Iterator[Finding]:
    """Mounts reach services and containers with namespaces of their own only from a shared parent."""
    name = "propagation"
    entries = {entry.path: entry for entry in mounts.parse(table.read_text("utf-8", "surrogateescape"))}
    private = sorted({parent.path for one in asked.mounts
                      if (parent := _parent(one.folder, entries)) is not None and not parent.is_shared})
    if private:
        yield Finding(name, Level.WARNING, f"{', '.join(private)} is private: services and containers that have "
                      "started do not see mounts below it", f"run: mount --make-rshared {private[0]}")
    elif asked.mounts:
        yield ok(name, "mounts reach services and containers that have started")
    else:
        yield skipped(name, "no mounts are configured")


def _parent(folder: str, entries: dict[str, mounts.Entry]) -> mounts.Entry | None:
    """The mount in which the folder lies, not the one that lies on it."""
    above = os.path.dirname(folder)
    while above not in entries and above != "/":
        above = os.path.dirname(above)
    return entries.get(above)


def updatedb(asked: Asked, file: Path = _UPDATEDB) -> Iterator[Finding]:
    """updatedb(8) walks all folders every night; through a bucket that takes hours and costs requests."""
    try:
        text = file.read_text("utf-8", "replace")
    except OSError:
        yield ok("updatedb", f"there is no {file}: nothing walks the buckets for locate")
        return
    kept_out = {key: set(value.split()) for key, value in re.findall(r'(?m)^\s*(PRUNE\w+)\s*=\s*"([^"]*)"', text)}
    walked = [one.folder for one in asked.mounts if not _pruned(one.folder, kept_out.get("PRUNEPATHS", set()))]
    if _TYPE in kept_out.get("PRUNEFS", set()) or (asked.mounts and not walked):
        yield ok("updatedb", "keeps out of the buckets")
    else:
        yield Finding("updatedb", Level.WARNING, "walks the buckets every night for locate",
                      f'add {_TYPE} to PRUNEFS="..." in {file}')


def _pruned(folder: str, pruned: set[str]) -> bool:
    return any(folder == one or folder.startswith(f"{one.rstrip('/')}/") for one in pruned)


def fit(question: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    """The task ``fit``: can ``folder`` be mounted on? Answer: ``code``, "" when it can or when that is not to be seen
    from here, and ``detail``. ``hide``: files in it may be hidden."""
    folder = str(question["folder"])
    entries = mounts.parse(mounts.MOUNTINFO.read_text("utf-8", "surrogateescape"))
    layers = mounts.stack(entry for entry in entries if entry.path == folder)
    code, detail = "", ""
    if layers and layers[0].kind is Kind.FOREIGN:
        code, detail = "foreign-mount", layers[0].description
    elif not layers:
        try:
            if not stat.S_ISDIR(os.stat(folder).st_mode):
                code, detail = "folder-unusable", "it is not a folder"
            elif not question["hide"] and (names := sorted(os.listdir(folder))):
                code, detail = "folder-not-empty", f"it holds {', '.join(names[:_NAMED])}"
        except FileNotFoundError:
            pass
        except OSError as error:
            # s3mountd, which is root, may see more.
            if os.geteuid() == 0:
                code, detail = "folder-unusable", error.strerror or str(error)
    return {"code": code, "detail": detail}


def answers(question: Question, _descriptors: Sequence[int]) -> dict[str, Any]:
    """The task ``folder``: does ``folder`` answer, as whoever asks? Answer: ``mounted`` (the type of what is on it, ""
    for nothing), ``seconds``, ``error``. One that hangs never answers: who asks has a limit."""
    folder = str(question["folder"])
    entries = mounts.parse(mounts.MOUNTINFO.read_text("utf-8", "surrogateescape"))
    layers = mounts.stack(entry for entry in entries if entry.path == folder)
    if not layers:
        return {"mounted": "", "seconds": 0.0, "error": ""}
    begun, error = time.monotonic(), ""
    try:
        os.statvfs(folder)
    except OSError as refused:
        error = refused.strerror or str(refused)
    return {"mounted": layers[0].kind.name.lower(), "seconds": time.monotonic() - begun, "error": error}

"""The task ``keys``: whose keys count for a mount, or for whoever calls, written to descriptors of the caller's."""

import contextlib
import os
import queue
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from mountd.system import keys
from mountd.system.answering import Question
from mountd.words.errors import MountdError
from mountd.words.model import Credentials

_FOLDER_LIMIT = 1.0
"""Seconds for a look at a folder that may be mounted."""

_FOR_ROOT = "none that you may read: use sudo"


def keys_of(question: Question, descriptors: Sequence[int]) -> dict[str, Any]:
    """Question: ``credentials`` (as in the configuration); ``uid`` of the one for whom they are looked up, or None for
    the owner of ``folder``; ``name`` of the mount, ``ca_bundle`` ("" for none); descriptors: one to be written to for
    each of ``files``. Answer: ``source``, and which of ``files`` there are. Raises MountdError, OSError.
    """
    wanted, name = Credentials(**question["credentials"]), str(question["name"])
    uid = 0 if wanted.anonymous else question["uid"]
    uid = _owner(str(question["folder"])) if uid is None else uid
    if uid is None:
        source, contents = _copies(name)
    else:
        found = keys.look(wanted, uid)
        source, contents = found.source, dict(found.contents)
        if found.credential:
            contents["credentials"] = keys.unsealed(found.credential)
    if name and os.geteuid() and not source:
        # It may be root's, or the machine's role: nobody else can tell.
        raise MountdError("no-credentials", _FOR_ROOT)
    if question["ca_bundle"]:
        contents[keys.CA] = _read(str(question["ca_bundle"]))
    return {"source": source, "files": _hand_over(contents, question["files"], descriptors)}


def _copies(name: str) -> tuple[str, dict[str, bytes]]:
    """What the daemon has copied for a mount."""
    contents = {}
    try:
        copies = keys.opened(name)
    except PermissionError:
        raise MountdError("no-credentials", _FOR_ROOT) from None
    for one, number in copies.items():
        with open(number, "rb") as file:
            contents[one] = file.read()
    return "the copy that s3mountd made for the mount", contents


def _hand_over(contents: Mapping[str, bytes], names: Sequence[str], descriptors: Sequence[int]) -> list[str]:
    given = dict(zip(names, descriptors, strict=True))
    for name, content in contents.items():
        with open(given[name], "wb", closefd=False) as file:
            file.write(content)
    return list(contents)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise MountdError("tls-failed", f"ca_bundle {path}: {error.strerror}") from error


def _owner(folder: str) -> int | None:
    """Who a folder belongs to, or will when it is made; None when it does not say, which is what the folder of a mount
    that is not well does."""
    said: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def look() -> None:
        try:
            said.put(_future_owner(folder))
        except OSError:
            said.put(None)

    threading.Thread(target=look, daemon=True).start()
    with contextlib.suppress(queue.Empty):
        return said.get(timeout=_FOLDER_LIMIT)
    return None


def _future_owner(folder: str) -> int:
    """A folder that is not there is made with the owner of the one above (system.folders)."""
    while True:
        try:
            return os.stat(folder).st_uid
        except FileNotFoundError:
            folder = os.path.dirname(folder)

"""The task ``keys``: whose keys count for a mount, or for whoever calls, written to descriptors of the caller's."""

import contextlib
import os
import pwd
import queue
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from mountd.core import profiles
from mountd.core.units.worker import file_name, unit_name
from mountd.system import keys
from mountd.system.answering import Question
from mountd.system.resolve import sources
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.model import Credentials

_FOLDER_LIMIT = 1.0
"""Seconds for a look at a folder that may be mounted."""

_FOR_ROOT = "none that you may read: use sudo"


def keys_of(question: Question, descriptors: Sequence[int]) -> dict[str, Any]:
    """Question: ``credentials`` (as in the configuration); ``uid`` of the one for whom they are looked up, or None for
    the owner of ``folder``; ``name`` of the mount, ``ca_bundle`` ("" for none); descriptors: one to be written to for
    each of ``files``. Answer: ``source``; which of ``files`` there are; ``broker``: the URL that has the keys for who
    shows the ``token`` among them, "" where the files have the keys. Raises MountdError, OSError.
    """
    wanted, name = Credentials(**question["credentials"]), str(question["name"])
    uid = 0 if wanted.anonymous else question["uid"]
    uid = _owner(str(question["folder"])) if uid is None else uid
    broker, token = _door(name)
    if uid is None:
        source, contents = _copies(name)
    else:
        found = keys.look(wanted, uid)
        source, contents = found.source, _contents(found, wanted, has_door=bool(token))
    if token:
        contents["token"] = token
    if name and os.geteuid() and not source:
        # It may be root's, or the machine's role: nobody else can tell.
        raise MountdError("no-credentials", _FOR_ROOT)
    if question["ca_bundle"]:
        contents[keys.CA] = _read(str(question["ca_bundle"]))
    return {"source": source, "broker": broker, "files": _hand_over(contents, question["files"], descriptors)}


def _contents(found: keys.Found, wanted: Credentials, *, has_door: bool) -> dict[str, bytes]:
    """The files in which the keys stand, where they stand in files."""
    if has_door:
        return {}
    if found.credential:
        return {**found.contents, "credentials": keys.unsealed(found.credential)}
    if wanted.assume_role or found.start == "web-identity":
        raise MountdError("no-credentials", _FOR_ROOT if os.geteuid() else "s3mountd has none for this mount now")
    if found.start == "user" and pwd.getpwnam(found.user).pw_uid == os.geteuid():
        return {"credentials": _as_user(found, wanted.profile)}
    return dict(found.contents)


def _as_user(found: keys.Found, profile: str) -> bytes:
    """Keys in a way that only their user can go (SSO, a program), as a credentials file."""
    os.environ["HOME"] = found.home
    got = sources.of_user({"profile": profile, "user": found.user})
    texts = (found.contents.get(name, b"").decode("utf-8", "replace") for name in ("credentials", "config"))
    region = profiles.profiles(*texts).get(profile or "default", {}).get("region", "")
    rows = {"aws_access_key_id": got.keys.access, "aws_secret_access_key": got.keys.secret,
            "aws_session_token": got.keys.token, "region": region}
    lines = "".join(f"{key} = {value}\n" for key, value in rows.items() if value)
    return f"[{profile or 'default'}]\n{lines}".encode()


def _door(name: str) -> tuple[str, bytes]:
    """URL and token with which a worker of the mount gets its keys of the broker; nothing when it has none, or nobody
    but root may ask."""
    begin, end = file_name(unit_name(name, 0)).rsplit("0", 1)
    try:
        port = int(paths.BROKER_PORT.read_text())
        tokens = [path for path in sorted(paths.TOKENS.iterdir())
                  if path.name.startswith(begin) and path.name.removeprefix(begin).removesuffix(end).isdecimal()]
        return (f"http://127.0.0.1:{port}/{tokens[-1].name}", tokens[-1].read_bytes()) if name and tokens else ("", b"")
    except (OSError, ValueError):
        return "", b""


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

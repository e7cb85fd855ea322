"""``s3mountctl bundle``: one file with all that support needs, and no secret in it."""

import io
import json
import os
import tarfile
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mountd.cli import caller, checking, doctor
from mountd.cli.child import Child, in_memory
from mountd.cli.console import Console
from mountd.core.verdict import Exit
from mountd.words.errors import MountdError

_PART_LIMIT = 45.0
"""Seconds for all files that the machine gives; they are made at once."""
_SCAN_LIMIT = 60.0


def bundle(console: Console, args: Namespace) -> int:
    """Collect, search, show, ask, write."""
    name = time.strftime("s3mountd-%Y%m%dT%H%M%SZ", time.gmtime())
    target = Path(args.output or f"{name}.tar.gz")
    files = _documents(console)
    asked = {"mounts": [doctor.wanted(mount) for mount in checking.check([], None).mounts], "uid": caller.uid()}
    child = Child("mountd.system.host.main", "the process that collects")
    try:
        files |= _of_machine(child, asked, console)
        content = _packed(files, name)
        hits = _scanned(child, asked, content)
    finally:
        child.close()
    if hits:
        console.warn(["s3mountctl: nothing was written, for there are secrets where none should be:",
                      *(f"  - {hit}" for hit in hits), "This is a fault of s3mountd: please tell its makers of it, "
                      "without the secret."])
        return Exit.DOWN
    sizes = {file: len(text) for file, text in files.items()}
    if not args.json:
        console.say(f"{size:>9}  {file}" for file, size in sizes.items())
    if not _agreed(console, args, target, len(content)):
        return Exit.DEGRADED
    _write(target, content)
    if args.json:
        console.say_json({"file": str(target), "bytes": len(content), "files": sizes})
    else:
        console.say([f"written: {target} ({len(content)} bytes)"])
    return Exit.WELL


def _agreed(console: Console, args: Namespace, target: Path, size: int) -> bool:
    if args.yes:
        return True
    answer = console.ask(f"Write these files to {target} ({size} bytes)? [y/N]")
    if answer is None:
        console.warn(["s3mountctl: nobody is there to be asked; say --yes"])
    return (answer or "").lower() in ("y", "yes")


def _documents(console: Console) -> dict[str, bytes]:
    """What s3mountd and this program say, each with a limit of its own."""
    def status() -> Any:
        # Without a bus there is no client.
        return console.client.status()

    return {
        "status.json": _told(status),
        "plan.json": _told(lambda: console.client.plan()),  # noqa: PLW0108  for the same reason
        "history.json": _told(lambda: console.client.history("")),
        "check.json": _told(lambda: checking.check([], None).as_document()),
        "doctor.json": _told(lambda: doctor.examined(status, None, console.progress).as_document())}


def _told(ask: Callable[[], Any]) -> bytes:
    try:
        said = ask()
    except MountdError as error:
        said = {"failed": {"code": error.fault.code, "detail": error.detail}}
    return (json.dumps(said, indent=2, ensure_ascii=False) + "\n").encode()


def _of_machine(child: Child, asked: Mapping[str, Any], console: Console) -> dict[str, bytes]:
    """The files that the machine gives; one that does not come in time says so in its place."""
    console.progress("collecting")
    end = time.monotonic() + _PART_LIMIT
    opened, files = dict[str, tuple[int, int]](), dict[str, bytes]()
    for name in child.ask("parts", _PART_LIMIT)["names"]:
        number = in_memory()
        opened[name] = number, child.begin("part", [number], name=name, **asked)
    for name, (number, question) in opened.items():
        try:
            size = child.answer(question, end)["bytes"]
            files[name] = os.pread(number, size, 0)
        except MountdError as error:
            files[name] = f"not collected: {error.detail}\n".encode()
        finally:
            os.close(number)
    return files


def _packed(files: Mapping[str, bytes], folder: str) -> bytes:
    """A tar.gz of these files in a folder."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mode, entry.mtime = len(content), 0o600, int(time.time())
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _scanned(child: Child, asked: Mapping[str, Any], content: bytes) -> list[str]:
    number = in_memory(content)
    try:
        os.lseek(number, 0, os.SEEK_SET)
        return list(child.ask("scan", _SCAN_LIMIT, [number], **asked)["hits"])
    finally:
        os.close(number)


def _write(target: Path, content: bytes) -> None:
    """For its owner alone, and in place of nothing that is there."""
    try:
        number = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(number, "wb") as file:
            file.write(content)
    except OSError as error:
        raise MountdError("host-refused", f"{target}: {error.strerror}") from error

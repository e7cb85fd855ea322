"""The commands that change what is configured: edit and remove."""

import os
import shlex
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from mountd.cli import acts, checking, drop_in, own, versions
from mountd.cli.console import Console, UsageError
from mountd.core.config import toml_cut
from mountd.core.verdict import Exit
from mountd.words import paths
from mountd.words.errors import MountdError


def remove(console: Console, args: Namespace) -> int:
    """Take mounts out of the files they stand in, and have them unmounted."""
    owners = {mount["name"]: mount.get("owner", "") for mount in console.client.status()["mounts"]}
    of_users = [name for name in dict.fromkeys(args.name) if owners.get(name, own.is_listed(name))]
    worst = own.remove(console, args, of_users) if of_users else Exit.WELL
    others = [name for name in dict.fromkeys(args.name) if name not in of_users]
    for name in others:
        _remove(name)
    return max(worst, acts.reload(console, args)) if others else worst


def edit(console: Console, args: Namespace) -> int:
    """Have a configuration file edited as a draft; what passes the rules is taken on, and nothing else is."""
    console.client.status()
    mount = checking.named(args.name, checking.check([], None)) if args.name else None
    if mount is not None and mount.owner:
        return _worked_on(console, Path(mount.place.file), own.listed(mount), lambda text: own.check(mount, text),
                          lambda text: own.change(console, args, mount, text))
    file = Path(mount.place.file) if mount is not None else paths.CONFIG
    # Better said before the work than after it.
    drop_in.writable(file)

    def check(text: str) -> checking.Found:
        return checking.check([], versions.parsed(versions.worker()), {str(file): text})

    def take_on(text: str) -> int:
        drop_in.write(file, text)
        return acts.reload(console, args)

    return _worked_on(console, file, file.read_text("utf-8") if file.exists() else "", check, take_on)


def _worked_on(console: Console, file: Path, before: str, check: Callable[[str], checking.Found],
               take_on: Callable[[str], int]) -> int:
    """Have a text edited until it passes or the person gives up; one that passes and is another one is taken on."""
    draft = before
    while True:
        draft = _edited(draft, file)
        found = check(draft)
        console.warn(str(problem) for problem in found.problems)
        if not found.problems or not _again(console):
            break
    if found.problems or draft == before:
        console.warn(["s3mountctl: nothing was changed"])
        return Exit.DOWN if found.problems else Exit.WELL
    return take_on(draft)


def _edited(text: str, file: Path) -> str:
    """The text as the person leaves it; raises UsageError when there is no editor."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "sensible-editor"
    with tempfile.NamedTemporaryFile("w+", prefix=f"{file.stem}-", suffix=".toml", encoding="utf-8") as draft:
        draft.write(text)
        draft.flush()
        try:
            ended = subprocess.run([*shlex.split(editor), draft.name], check=False).returncode
        except OSError as error:
            raise UsageError(f"the editor {editor} cannot be run ({error.strerror}): set EDITOR") from error
        # Editors that save by renaming leave another file under the name.
        return text if ended else Path(draft.name).read_text("utf-8")


def _again(console: Console) -> bool:
    if not sys.stdin.isatty():
        return False
    console.warn(["Edit again? [Y/n]"])
    return not sys.stdin.readline().strip().lower().startswith("n")


def _remove(name: str) -> None:
    found = checking.check([], None)
    mount = checking.named(name, found)
    file = Path(mount.place.file)
    in_file = [one for one in found.mounts if one.place.file == str(file)]
    text = file.read_text("utf-8")
    left = toml_cut.without_mount(text, in_file.index(mount), mount.place.line)
    if left is None:
        raise MountdError("config-invalid", f"{mount.place}: take the mount out by hand, it is written unusually")
    if file.parent == paths.DROPINS and not left.strip():
        drop_in.forget(file)
    else:
        drop_in.write(file, left)

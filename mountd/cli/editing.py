"""The commands that write configuration: add, edit, remove. What is written has passed the daemon's own rules."""

import os
import shlex
import subprocess
import sys
import tempfile
from argparse import Namespace
from pathlib import Path

import tomli

from mountd.cli import acts, checking, versions
from mountd.cli.console import Console
from mountd.core.config import toml_cut, toml_text
from mountd.core.config.rules import derived_name
from mountd.core.verdict import Exit
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.model import Place

_PLAIN = ("provider", "endpoint_url", "region", "read_only", "allow_delete", "allow_overwrite")
"""Keys with an option of their own."""


def add(console: Console, args: Namespace) -> int:
    """Write one mount into a file of its own, have it mounted, and show how that went."""
    keys = _keys(args)
    file = paths.DROPINS / f"{keys['name']}.toml"
    text = toml_text.section(keys)
    found = checking.check([], versions.parsed(versions.worker()), {str(file): text})
    ours = [fault for fault in found.problems if fault.place.file == str(file)]
    if found.problems:
        # Faults of other files stand in the way as well: the configuration is taken on as a whole.
        console.warn(_said(problem.place, file, str(problem)) for problem in ours or found.problems)
        return Exit.USAGE if ours else Exit.DOWN
    if file.exists():
        console.warn([f"s3mountctl: {file} is there already"])
        return Exit.USAGE
    warnings = [one for one in found.warnings if one.place.file == str(file)]
    console.warn(f"warning: {_said(one.place, file, str(one))}" for one in warnings)
    if not args.json:
        console.say([f"# {file}", *text.splitlines(), ""])
    if args.dry_run:
        return Exit.WELL
    console.client.status()
    _write(file, text)
    return acts.reload(console, args)


def remove(console: Console, args: Namespace) -> int:
    """Take mounts out of the files they stand in, and have them unmounted."""
    console.client.status()
    for name in dict.fromkeys(args.name):
        _remove(name)
    return acts.reload(console, args)


def edit(console: Console, args: Namespace) -> int:
    """Have a configuration file edited as a draft; what passes the rules is taken on, and nothing else is."""
    console.client.status()
    file = _file_of(args.name) if args.name else paths.CONFIG
    before = file.read_text("utf-8") if file.exists() else ""
    draft = before
    while True:
        draft = _edited(draft, file)
        found = checking.check([], versions.parsed(versions.worker()), {str(file): draft})
        console.warn(str(problem) for problem in found.problems)
        if not found.problems or not _again(console):
            break
    if found.problems or draft == before:
        console.warn(["s3mountctl: nothing was changed"])
        return Exit.DOWN if found.problems else Exit.WELL
    _write(file, draft)
    return acts.reload(console, args)


def _edited(text: str, file: Path) -> str:
    """The text as the person leaves it; raises ``not-permitted`` when there is no editor."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "sensible-editor"
    with tempfile.NamedTemporaryFile("w+", prefix=f"{file.stem}-", suffix=".toml", encoding="utf-8") as draft:
        draft.write(text)
        draft.flush()
        try:
            ended = subprocess.run([*shlex.split(editor), draft.name], check=False).returncode
        except OSError as error:
            raise MountdError("not-permitted", f"{editor}: {error.strerror}; set EDITOR") from error
        # Editors that save by renaming leave another file under the name.
        return text if ended else Path(draft.name).read_text("utf-8")


def _again(console: Console) -> bool:
    console.warn(["Edit again? [Y/n]"])
    return sys.stdin.isatty() and not sys.stdin.readline().strip().lower().startswith("n")


def _keys(args: Namespace) -> dict[str, object]:
    # The slash in an access point's ARN is no prefix.
    bucket, prefix = args.bucket.removeprefix("s3://"), ""
    if not bucket.startswith("arn:"):
        bucket, _, prefix = bucket.partition("/")
    # Links are followed by the rules of the configuration, without touching a mount.
    folder = os.path.normpath(Path.cwd() / args.folder)
    given = {key: getattr(args, key) for key in _PLAIN if getattr(args, key)}
    keys: dict[str, object] = {"name": args.mount_name or derived_name(folder), "bucket": bucket}
    if prefix.strip("/"):
        keys["prefix"] = prefix.strip("/") + "/"
    keys |= {"folder": folder, **given}
    if args.profile:
        keys["credentials"] = {"profile": args.profile}
    return keys | dict(map(_setting, args.set or ()))


def _setting(word: str) -> tuple[str, object]:
    """``key=value`` as TOML reads it; a bare word is text. Raises ``config-invalid``."""
    key, equals, written = word.partition("=")
    if not equals or not key.strip():
        raise MountdError("config-invalid", f"--set {word}: write --set key=value")
    try:
        return key.strip(), tomli.loads(f"value = {written}")["value"]
    except tomli.TOMLDecodeError:
        return key.strip(), written.strip()


def _said(place: Place, file: Path, text: str) -> str:
    """A fault of a file that is not written yet has no line worth a look."""
    return text.replace(f"{place}: ", "", 1) if place.file == str(file) else text


def _file_of(name: str) -> Path:
    return Path(checking.named(name, checking.check([], None)).place.file)


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
        _forget(file)
    else:
        _write(file, left)


def _forget(file: Path) -> None:
    try:
        file.unlink()
    except OSError as error:
        raise _refused(file, error) from error


def _write(file: Path, text: str) -> None:
    """Replace a file whole, for everybody to read, as its own mode says where it is there."""
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

"""``s3mountctl add``: one mount into a file of its own, mounted, and how that went."""

import os
from argparse import Namespace
from pathlib import Path

import tomli

from mountd.cli import acts, drop_in
from mountd.cli.console import Console
from mountd.core.config.rules import derived_name
from mountd.core.verdict import Exit
from mountd.words import paths
from mountd.words.errors import MountdError

_PLAIN = ("provider", "endpoint_url", "region", "read_only", "allow_delete", "allow_overwrite")
"""Keys with an option of their own."""


def add(console: Console, args: Namespace) -> int:
    """Write one mount into a file of its own, have it mounted, and show how that went."""
    keys = _keys(args)
    file = paths.DROPINS / f"{keys['name']}.toml"
    text = drop_in.sections([keys])
    if refused := drop_in.accepted(console, file, text):
        return refused
    if not args.json:
        console.say(drop_in.shown(file, text))
    if args.dry_run:
        return Exit.WELL
    console.client.status()
    drop_in.write(file, text)
    return acts.reload(console, args)


def bucket_and_prefix(text: str) -> tuple[str, str]:
    """``s3://BUCKET/PREFIX``, a name or an ARN, as the two keys; the prefix "" or with its slash."""
    bucket, prefix = text.removeprefix("s3://"), ""
    # The slash in an access point's ARN is no prefix.
    if not bucket.startswith("arn:"):
        bucket, _, prefix = bucket.partition("/")
    return bucket, prefix.strip("/") + "/" if prefix.strip("/") else ""


def folder_of(text: str) -> str:
    """A folder as it is written in the configuration."""
    # Links are followed by the rules of the configuration, without touching a mount.
    return os.path.normpath(Path.cwd() / text)


def _keys(args: Namespace) -> dict[str, object]:
    bucket, prefix = bucket_and_prefix(args.bucket)
    folder = folder_of(args.folder)
    given = {key: getattr(args, key) for key in _PLAIN if getattr(args, key)}
    keys: dict[str, object] = {"name": args.mount_name or derived_name(folder), "bucket": bucket}
    if prefix:
        keys["prefix"] = prefix
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

"""``s3mountctl add``: one mount into a file of its own, tried on the store first, mounted, and how that went."""

import difflib
import os
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import tomli

from mountd.cli import acts, checking, dialogue, drop_in, kind, own, stores
from mountd.cli.console import Console
from mountd.core.config import rules, users
from mountd.core.verdict import Exit
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.model import Mount

_PLAIN = ("provider", "endpoint_url", "region", "read_only", "allow_delete", "allow_overwrite")
"""Keys with an option of their own."""
_OF_THE_DAEMON = ("systemd_credential", "assume_role", "web_identity")
"""What in ``credentials`` names keys that s3mountd alone gets."""
_MOST = 5
"""Buckets that are named."""
_FOLDERS = {
    "folder-not-empty": "move its files away, or say --set nonempty=hide, or name another folder",
    "folder-unusable": "name another folder, or mend the path",
    "foreign-mount": "unmount it (umount {folder}), or take it over: s3mountctl import mount-s3 --take-over",
}
"""What helps where the folder cannot be mounted on."""
_FOLDER_LIMIT = 3.0
_CHECK_LIMIT = 8.0
"""Seconds that the bucket has to answer."""


def add(console: Console, args: Namespace) -> int:
    """Write one mount into a file of its own, have it mounted, and show how that went."""
    if args.bucket and args.folder:
        keys = _keys(args)
        keys |= {key: value for key, value in kind.of_mounts(
            str(keys.get("endpoint_url", "")), checking.check([], None).mounts).items() if key not in keys}
        if kind.is_open(keys) and not args.no_check:
            try:
                keys["provider"] = kind.asked(console, keys) or kind.unknown(console, keys)
            except MountdError as error:
                return kind.unreached(console, error, keys)
        return put(console, args, _ordered(keys))
    if args.bucket or not console.can_ask:
        console.warn(["s3mountctl: say BUCKET and FOLDER, or neither at a terminal"])
        return Exit.USAGE
    if not args.dry_run and not drop_in.is_writable(paths.DROPINS / "new.toml") and not own.counts(console):
        # Better said before all the questions.
        raise MountdError("not-permitted", users.HOW_TO_ALLOW)
    return dialogue.add(console, args, put)


def put(console: Console, args: Namespace, keys: dict[str, object], agreed: Callable[[], bool] = lambda: True,
        ) -> int:
    """Check, show and, if that is agreed to, write a mount. Nothing is written that would not come up."""
    file = paths.DROPINS / f"{keys['name']}.toml"
    if not drop_in.is_writable(file):
        if own.counts(console):
            return own.put(console, args, keys, agreed, tried)
        if not args.dry_run:
            raise MountdError("not-permitted", users.HOW_TO_ALLOW)
    text = drop_in.sections([keys])
    refused, mounts = drop_in.judged(console, file, text)
    if refused:
        return refused
    if not args.dry_run:
        console.client.status()
        if refused := tried(console, args, mounts[0]):
            return refused
    if not args.json:
        console.say(drop_in.shown(file, text))
    if args.dry_run or not agreed():
        return Exit.WELL
    drop_in.write(file, text)
    return acts.reload(console, args)


def tried(console: Console, args: Namespace, mount: Mount) -> Exit:
    """Would the mount come up? What is wrong with its folder or, but with --no-check, with its bucket is said."""
    return unfit(console, mount) or (Exit.WELL if args.no_check else checked(console, mount))


def unfit(console: Console, mount: Mount) -> Exit:
    """Why the folder cannot be mounted on, which is said; WELL when it can, or when that is for s3mountd to see."""
    children = stores.Children()
    try:
        found = children.host.ask("fit", _FOLDER_LIMIT, folder=mount.folder, hide=mount.nonempty == "hide")
    except MountdError:
        return Exit.WELL
    finally:
        children.close()
    code = str(found["code"])
    if not code:
        return Exit.WELL
    status = console.fail(MountdError(code, str(found["detail"])), _FOLDERS[code].format(folder=mount.folder),
                          folder=mount.folder)
    console.warn([f"Nothing was written. More: s3mountctl explain {code}"])
    return status


def checked(console: Console, mount: Mount) -> Exit:
    """Does the bucket answer with the keys that the mount would use? What is wrong is said."""
    # The hints are then those for somebody who is at the command line, not for one who edits a file.
    whose = replace(stores.of_mount(mount), name="")
    source = hint = ""
    try:
        with stores.Store(whose) as store:
            source = store.source
            console.progress(f"asking {whose.endpoint} for {mount.bucket} ({source})")
            # Keys that only s3mountd can get at are asked without: a refusal then means nothing.
            found = store.ask("diagnose", limit=_CHECK_LIMIT, elsewhere=any(
                getattr(mount.credentials, name) for name in _OF_THE_DAEMON))
            if found["code"] == "bucket-missing":
                hint = _there_are(store, mount.bucket)
        if not found["code"]:
            return Exit.WELL
        error = MountdError(str(found["code"]), str(found["detail"]))
    except MountdError as raised:
        error = raised
    status = stores.fail(console, error, whose, source, hint)
    console.warn([f"Nothing was written; --no-check does it all the same. More: s3mountctl explain {error.fault.code}"])
    return status


def _there_are(store: stores.Store, bucket: str) -> str:
    """The hint for a bucket that is not there: the nearest name, or those that the key sees, if it may list them."""
    try:
        names = [str(one["name"]) for one in store.ask("buckets")["buckets"]]
    except MountdError:
        return ""
    near = difflib.get_close_matches(bucket, names, n=1)
    if near:
        return f"did you mean {near[0]}?"
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    seen = f"the key sees {', '.join(names[:_MOST])}{more}" if names else "the key sees no bucket at all"
    return f"{seen}; to make one: s3mountctl bucket create"


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
    if args.ca_bundle:
        given["ca_bundle"] = str(Path(args.ca_bundle).absolute())
    keys: dict[str, object] = {"name": args.mount_name or rules.name_of(folder, bucket), "bucket": bucket}
    if prefix:
        keys["prefix"] = prefix
    keys |= {"folder": folder, **given}
    credentials = {"profile": args.profile} if args.profile else {}
    if args.s3cfg:
        credentials["s3cfg"] = str(Path(args.s3cfg).absolute())
    if credentials:
        keys["credentials"] = credentials
    return keys | dict(map(_setting, args.set or ()))


def _ordered(keys: dict[str, object]) -> dict[str, object]:
    """As a person would write them: what the store is stands before its URL."""
    first = [key for key in ("name", "bucket", "prefix", "folder", "provider") if key in keys]
    return {key: keys[key] for key in dict.fromkeys([*first, *keys])}


def _setting(word: str) -> tuple[str, object]:
    """``key=value`` as TOML reads it; a bare word is text. Raises ``config-invalid``."""
    key, equals, written = word.partition("=")
    if not equals or not key.strip():
        raise MountdError("config-invalid", f"--set {word}: write --set key=value")
    try:
        return key.strip(), tomli.loads(f"value = {written}")["value"]
    except tomli.TOMLDecodeError:
        return key.strip(), written.strip()

"""``s3mountctl import``: mounts of other tools, shown as TOML, written as one file, and taken over with consent."""

import contextlib
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mountd.cli import acts, adding, caller, checking, drop_in, kind, running, takeover
from mountd.cli.console import Console
from mountd.cli.reads import nearest
from mountd.core.imports.draft import Imported, Proposal, Source
from mountd.core.imports.settle import Given, settled
from mountd.core.imports.table import IMPORTERS, Importer
from mountd.core.verdict import Exit
from mountd.words import paths
from mountd.words.errors import MountdError
from mountd.words.model import Mount
from mountd.words.providers import PROVIDERS


def import_(console: Console, args: Namespace) -> int:
    """Propose what a source has, write it, and have it mounted."""
    for word, known, what in ((args.source, IMPORTERS, "source"), (args.provider, PROVIDERS, "provider")):
        if word and word not in known:
            console.warn([f"s3mountctl: there is no {what} {word!r}{nearest(word, known)}",
                          f"There are: {', '.join(known)}"])
            return Exit.USAGE
    try:
        read = _found(IMPORTERS[args.source], args.file)
    except ValueError as error:
        console.warn([f"s3mountctl: {error}"])
        return Exit.USAGE
    found = _settled(console, read, args)
    if not args.json:
        console.note(map(str, found.remarks))
    if not found.proposals:
        return _nothing(console, args, found)
    mounts = [dict(one.keys) for one in found.proposals]
    file = paths.DROPINS / f"{mounts[0]['name'] if len(mounts) == 1 else args.source}.toml"
    text = drop_in.sections(mounts)
    refused, _ = drop_in.judged(console, file, text)
    if refused:
        return refused
    if not args.json:
        console.say(drop_in.shown(file, text))
    elif args.dry_run:
        console.say_json(_document(file, text, found))
    return Exit.WELL if args.dry_run else _written(console, args, file, text, found)


def _written(console: Console, args: Namespace, file: Path, text: str, found: Imported) -> int:
    drop_in.writable(file)
    there = [folder for folder in map(_folder, found.proposals) if running.mount_id(folder)]
    if args.take_over:
        takeover.announce(console, there, args.timeout)
    elif there:
        console.note(f"{folder} is mounted still: s3mountd waits until it is free (--take-over frees it)"
                     for folder in there)
    before = console.client.status()
    drop_in.write(file, text)
    try:
        plan = console.client.plan()
        console.client.reload()
        if args.take_over:
            takeover.release(console, there, args.timeout)
    except (MountdError, KeyboardInterrupt):
        # Half a change would leave mounts that wait for ever.
        drop_in.forget(file)
        console.client.reload()
        console.warn([f"s3mountctl: nothing was changed, {file} is gone again"])
        raise
    return acts.settle(console, args, {**plan, "import": _document(file, text, found)}, before)


def _found(row: Importer, file: str | None) -> Imported:
    """What the source has. Raises ValueError with what a person should know."""
    if not file and not row.files:
        return running.by_hand()
    path = Path(file) if file else _usual(row)
    try:
        text = path.read_text("utf-8", "replace")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    try:
        return row.parse(Source(text, str(path.absolute()), _text))
    except ValueError as error:
        raise ValueError(f"{path} is not what {row.name} writes ({error})") from error


def _usual(row: Importer) -> Path:
    places = [Path(file.replace("~", caller.home(), 1)) for file in row.files]
    return next((path for path in places if path.is_file()), places[0])


def _text(file: str) -> str:
    try:
        return Path(file).read_text("utf-8", "replace")
    except OSError:
        return ""


def _recognised(console: Console, one: Proposal, given: Given, there: Sequence[Mount]) -> Proposal:
    """With what is known of its store, or what that says itself; as it is where the store is not reached."""
    keys = {**one.keys, **given.place}
    keys = {**kind.of_mounts(str(keys.get("endpoint_url", "")), there), **keys}
    if kind.is_open(keys) and {"bucket", "folder"} <= keys.keys():
        with contextlib.suppress(MountdError):
            keys |= {"provider": kind.asked(console, keys)}
    return replace(one, keys={key: value for key, value in keys.items() if value != ""})


def _settled(console: Console, found: Imported, args: Namespace) -> Imported:
    bucket, prefix = adding.bucket_and_prefix(args.bucket) if args.bucket else ("", "")
    folder = adding.folder_of(args.folder) if args.folder else ""
    given = Given(args.only or "", bucket, prefix, folder, args.provider or "", args.endpoint_url or "")
    there = checking.check([], None).mounts
    if not given.provider:
        found = replace(found, proposals=tuple(_recognised(console, one, given, there) for one in found.proposals))
    return settled(found, given, [mount.name for mount in there], [mount.folder for mount in there])


def _nothing(console: Console, args: Namespace, found: Imported) -> int:
    if args.json:
        console.say_json(_document(None, "", found))
    console.warn(["s3mountctl: there is nothing to import"])
    return Exit.USAGE if found.remarks else Exit.WELL


def _folder(proposal: Proposal) -> str:
    return checking.resolved(str(proposal.keys["folder"]))


def _document(file: Path | None, text: str, found: Imported) -> dict[str, Any]:
    return {"file": str(file) if file else None, "text": text, "mounts": [dict(one.keys) for one in found.proposals],
            "remarks": [{"where": remark.where, "text": remark.text} for remark in found.remarks]}

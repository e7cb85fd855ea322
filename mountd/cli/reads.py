"""The commands that only look: status, list, plan."""

import difflib
from argparse import Namespace
from collections.abc import Iterable, Sequence

from mountd.cli import render
from mountd.cli.console import Console
from mountd.core import verdict
from mountd.core.verdict import Document, Exit
from mountd.words.errors import MountdError


def status(console: Console, args: Namespace) -> int:
    """Show all mounts, or everything about the named ones."""
    if args.json and not args.name:
        text = console.client.status_text()
        console.say([text])
        # Decoded after it is printed: the bytes are the daemon's own, whatever this version thinks of them.
        return verdict.of_document(console.client.decoded(text))
    document = console.client.status()
    if args.name:
        document = narrowed(document, args.name)
    if args.json:
        console.say_json(document)
    else:
        console.say((render.details if args.name else render.status)(document, console.style))
    return verdict.of_mounts(document["mounts"]) if args.name else verdict.of_document(document)


def list_mounts(console: Console, args: Namespace) -> int:
    """Show names, folders and buckets; exit status 0 whatever their state."""
    mounts = console.client.status()["mounts"]
    if args.json:
        keys = ("name", "folder", "bucket", "prefix", "provider", "state")
        console.say_json([{key: mount[key] for key in keys} for mount in mounts])
    elif args.names:
        console.say(mount["name"] for mount in mounts)
    else:
        console.say(render.listing(mounts, console.style))
    return Exit.WELL


def plan(console: Console, args: Namespace) -> int:
    """Show what a reload would do."""
    document = console.client.plan()
    if args.json:
        console.say_json(document)
    else:
        console.say(render.plan(document, console.style))
    return Exit.DOWN if document["problems"] else Exit.WELL


def narrowed(document: Document, names: Sequence[str]) -> Document:
    """The document with only the named mounts, in that order; raises ``no-such-mount``."""
    by_name = {mount["name"]: mount for mount in document["mounts"]}
    for name in names:
        if name not in by_name:
            raise MountdError("no-such-mount", f"{name!r}{nearest(name, by_name)}")
    return {**document, "mounts": [by_name[name] for name in dict.fromkeys(names)]}


def nearest(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the known word that begins so, or is most similar, or nothing."""
    words = list(known)
    begun = [one for one in words if word and one.startswith(word)]
    close = begun if len(begun) == 1 else difflib.get_close_matches(word, words, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""

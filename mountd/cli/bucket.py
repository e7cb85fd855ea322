"""``s3mountctl bucket``: what is done to buckets themselves, and how much is in them."""

import secrets
import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from mountd.cli.console import Console, UsageError
from mountd.cli.findings import of_plain, show
from mountd.cli.reads import nearest
from mountd.cli.stores import Store, Whose, fail, of_mount
from mountd.cli.text import Cell, amount, clean, contained, local, table
from mountd.cli.whoami import STORE_KEYS, chosen
from mountd.core import findings, measured
from mountd.core.config import rules
from mountd.core.config.values import WrongValueError
from mountd.core.verdict import Exit
from mountd.words.errors import MountdError

_BUDGET = 2.0
"""Seconds after which a long task tells how far it is."""
_PAGE_LIMIT = 60.0
"""Seconds for one answer of a long task: a page of a full bucket can take its time."""
_DIGITS = 12


def bucket(console: Console, args: Namespace) -> int:
    """Do one of the actions of the table."""
    action = ACTIONS.get(args.action)
    if action is None:
        console.warn([f"s3mountctl: there is no bucket action {args.action!r}{nearest(args.action, ACTIONS)}",
                      f"One of: {', '.join(ACTIONS)}"])
        return Exit.USAGE
    whose = _of_a_mount(args) or chosen(args, args.mount)
    name = (args.bucket or "").removeprefix("s3://").rstrip("/") or whose.bucket
    if not name and args.action != "list":
        console.warn([f"s3mountctl: which bucket? Name it, or say --mount NAME (s3mountctl bucket {args.action})"])
        return Exit.USAGE
    if name != whose.bucket or (whose.prefix and not args.mount):
        whose = whose.of_bucket(name)
    source = ""
    try:
        with Store(whose) as store:
            source = store.source
            return action(console, args, store)
    except MountdError as error:
        return fail(console, error, whose, source)


def _of_a_mount(args: Namespace) -> Whose | None:
    """The store of the mount whose bucket is meant where none is named: that bucket is where it is mounted from."""
    named = args.mount or any(vars(args)[key] for key in STORE_KEYS)
    if named or args.action in ("list", "create") or not args.bucket:
        return None
    # What reads TOML takes its time to import.
    from mountd.cli import checking
    mounts = [one for one in checking.check([], None).mounts if one.bucket == args.bucket.removeprefix("s3://")]
    stores = {(one.endpoint, one.credentials) for one in mounts}
    if len(stores) > 1:
        raise UsageError(f"mounts of several stores have a bucket {args.bucket}: say --mount "
                         f"{' or '.join(one.name for one in mounts)}")
    return of_mount(mounts[0]) if mounts else None


def _list(console: Console, args: Namespace, store: Store) -> int:
    found = store.ask("buckets")["buckets"]
    if args.json:
        console.say_json(found)
    elif found:
        rows = [[Cell(clean(one["name"])), Cell(local(one["created"]) if one["created"] else "")] for one in found]
        console.say(table(("BUCKET", "CREATED"), rows, (0,), console.style))
    else:
        console.say([f"No buckets at {store.whose.endpoint}. To make one: s3mountctl bucket create NAME"])
    return Exit.WELL


def _create(console: Console, args: Namespace, store: Store) -> int:
    name = store.whose.bucket
    if not args.exact:
        name = f"{name}-{secrets.randbelow(10 ** _DIGITS):0{_DIGITS}}"
    try:
        rules.bucket(name, strict=True)
    except WrongValueError as error:
        console.warn([f"s3mountctl: {error}"])
        return Exit.USAGE
    if not _agreed(console, args, f"Make the bucket {name} at {store.whose.endpoint}? [y/N]", ("y", "yes")):
        return Exit.DEGRADED
    made = store.ask("create", limit=30.0, bucket=name, abort_days=args.abort_uploads_after or 0)
    notes = [_note("public access", made["public"], "blocked")]
    if made["lifecycle"]:
        notes.append(_note("uploads that were not ended", made["lifecycle"],
                           f"aborted after {args.abort_uploads_after} days"))
    if args.json:
        console.say_json({"bucket": name, "public_access": made["public"], "lifecycle": made["lifecycle"]})
    else:
        console.say([f"made: {name}", *(f"  {label}: {text}" for label, text in notes)])
        console.say([f"To mount it: sudo s3mountctl add s3://{name} FOLDER{_same_store(args)}"])
    return Exit.WELL if made["lifecycle"] in ("", "done") else Exit.DEGRADED


def _same_store(args: Namespace) -> str:
    """The options that name the store again."""
    named = (("--endpoint-url", args.endpoint_url), ("--provider", args.provider), ("--profile", args.profile),
             ("--ca-bundle", args.ca_bundle))
    return "".join(f" {option} {text}" for option, text in named if text)


def _note(label: str, told: str, done: str) -> tuple[str, str]:
    return label, done if told == "done" else f"not set: {told}"


def _remove(console: Console, args: Namespace, store: Store) -> int:
    whose = store.whose
    used = _mounts_of(whose)
    if used:
        console.warn([f"s3mountctl: {whose.bucket} is mounted as {', '.join(used)}",
                      f"{'':12}first: s3mountctl remove {' '.join(used)}"])
        return Exit.DOWN
    there = store.ask("contents")
    if not there["empty"] and not args.force:
        console.warn([f"s3mountctl: {whose.bucket} is not empty; --force removes all that is in it, for good"])
        return Exit.DOWN
    full = "" if there["empty"] else " WITH ALL THAT IS IN IT"
    question = f"Remove the bucket {whose.bucket} at {whose.endpoint}{full}? Type its name:"
    if not _agreed(console, args, question, (whose.bucket,)):
        return Exit.DEGRADED
    counted = {"deleted": 0, "aborted": 0} if there["empty"] else _emptied(console, store)
    removed = store.ask("remove", limit=30.0)["removed"]
    if args.json:
        console.say_json({"bucket": whose.bucket, "removed": removed, **counted})
    elif removed:
        console.say([f"removed: {whose.bucket}"])
    else:
        console.warn([f"s3mountctl: somebody writes to {whose.bucket}: it is not empty, and was left"])
    return Exit.WELL if removed else Exit.DOWN


def _emptied(console: Console, store: Store) -> dict[str, int]:
    done = {"deleted": 0, "aborted": 0}
    while True:
        said = store.ask("empty", limit=_PAGE_LIMIT, budget=_BUDGET)
        done = {kind: count + said[kind] for kind, count in done.items()}
        console.progress(f"{done['deleted']} objects and versions deleted, {done['aborted']} uploads aborted")
        if not said["left"]:
            return done


def _size(console: Console, args: Namespace, store: Store) -> int:
    whose = store.whose
    objects, size, usage = _counted(console, store)
    quotas = measured.quotas(usage)
    kept = _keep(store, {"objects": objects, "bytes": size, "at": time.time(), "quotas": quotas})
    if args.json:
        console.say_json({"bucket": whose.bucket, "prefix": whose.prefix, "objects": objects, "bytes": size,
                          "quotas": quotas, "kept": kept})
    else:
        console.say([f"{contained({'objects': objects, 'bytes': size, 'quotas': {}})} in {whose.source}"])
        console.say(f"  {_QUOTAS[name]}: {amount(value) if name.endswith('bytes') else value}"
                    for name, value in quotas.items())
    return Exit.WELL


def _counted(console: Console, store: Store) -> tuple[int, int, Mapping[str, int]]:
    """Objects, bytes, and what the store itself knows of the whole bucket, which saves the counting."""
    said = store.ask("size", limit=_PAGE_LIMIT, budget=0.0, token="")
    usage, objects, size = said["usage"], said["objects"], said["bytes"]
    if said["token"] and not store.whose.prefix and {"objects", "bytes"} <= set(usage):
        return usage["objects"], usage["bytes"], usage
    while said["token"]:
        said = store.ask("size", limit=_PAGE_LIMIT, budget=_BUDGET, token=said["token"])
        objects, size = objects + said["objects"], size + said["bytes"]
        console.progress(f"{amount(size)} in {objects} objects so far")
    return objects, size, usage


_QUOTAS = {"quota_bytes": "the bucket may hold", "quota_objects": "the bucket may hold objects",
           "user_quota_bytes": "all of the user's buckets may hold",
           "user_quota_objects": "all of the user's buckets may hold objects"}


def _keep(store: Store, figures: Mapping[str, Any]) -> bool:
    """For ``status NAME``; root's privilege. Not being kept is no failure."""
    whose = store.whose
    try:
        return bool(store.host.ask("figure", 5.0, key=measured.key(whose.endpoint, whose.source), **figures)["kept"])
    except MountdError:
        return False


def _policy(console: Console, args: Namespace, store: Store) -> int:
    rows = store.ask("policy", limit=20.0)["findings"]
    found = list(map(of_plain, rows))
    if args.json:
        console.say_json({"bucket": store.whose.bucket, "findings": rows})
    else:
        console.say(show(found, console.style))
    return findings.worst(found)


def _mounts_of(whose: Whose) -> list[str]:
    """The configured mounts of that bucket. Raises ``config-invalid`` where nobody can tell."""
    from mountd.cli import checking
    found = checking.check([], None)
    if found.problems:
        raise MountdError("config-invalid", "so it is not known whether the bucket is mounted")
    return [mount.name for mount in found.all
            if mount.bucket == whose.bucket and _place(mount.endpoint) == _place(whose.endpoint)]


def _place(endpoint: str) -> object:
    """Where an endpoint is, however it is written: all of AWS is one, for its buckets' names are."""
    parts = urlsplit(endpoint)
    host = (parts.hostname or "").rstrip(".")
    return "AWS" if not host or rules.is_aws(endpoint) else (host, parts.port)


def _agreed(console: Console, args: Namespace, question: str, right: tuple[str, ...]) -> bool:
    """Did the person say one of the right words, or ``--yes`` before?"""
    if args.yes:
        return True
    answer = console.ask(question)
    if answer is None:
        console.warn(["s3mountctl: nobody is there to be asked; say --yes"])
    elif answer.lower() not in right:
        console.warn(["s3mountctl: nothing was changed"])
        return False
    return answer is not None


ACTIONS: dict[str, Callable[[Console, Namespace, Store], int]] = {
    "list": _list, "create": _create, "remove": _remove, "size": _size, "policy-check": _policy}

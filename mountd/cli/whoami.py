"""``s3mountctl whoami``: whose keys are used, and who they are to the store."""

import os
from argparse import Namespace
from typing import Any

from mountd.cli import render
from mountd.cli.console import Console, UsageError
from mountd.cli.stores import Store, Whose, fail, of_caller, of_mount
from mountd.cli.text import clean, span
from mountd.core.diagnosis import SKEW_LIMIT
from mountd.core.verdict import Exit
from mountd.words.errors import MountdError
from mountd.words.model import Mount

_BY = {
    "sts": "the store's STS",
    "buckets": "the owner of the buckets that the key sees",
    "anonymous": "nothing is signed",
    "": "nobody: the store takes the key and does not tell whose it is",
}


def whoami(console: Console, args: Namespace) -> int:
    """Show who a mount, or the caller, is to the store."""
    whose = chosen(args, args.name)
    source = ""
    try:
        with Store(whose) as store:
            source = store.source
            found = store.ask("identity")
    except MountdError as error:
        return fail(console, error, whose, source)
    if args.json:
        console.say_json({"mount": whose.name, "endpoint": whose.endpoint, "provider": whose.provider,
                          "source": source, **{key: found[key] for key in _KEYS}})
    else:
        console.say(render.labelled(_fields(whose, source, found), console.style))
    return Exit.DEGRADED if _is_off(found["skew"]) else Exit.WELL


_KEYS = ("by", "account", "arn", "user", "key", "skew")


STORE_KEYS = ("profile", "endpoint_url", "user", "region", "provider", "ca_bundle")
"""The arguments that name a store and keys which no mount has to have."""


def chosen(args: Namespace, name: str | None) -> Whose:
    """The store and keys that the arguments name: a mount's, or those of the options. Raises MountdError
    and UsageError."""
    given = {key: getattr(args, key) or "" for key in STORE_KEYS}
    if not name:
        # As AWS's own tools do; a user that is named has profiles of his own.
        chosen_before = "" if given["user"] else os.environ.get("AWS_PROFILE", "")
        return of_caller(**{**given, "profile": given["profile"] or chosen_before})
    if any(given.values()):
        raise UsageError(f"{name} has a store and keys of its own: leave the options away")
    return of_mount(configured(name))


def configured(name: str) -> Mount:
    """The mount of that name, as the files say. Raises ``no-such-mount``."""
    # What reads TOML takes its time to import.
    from mountd.cli import checking
    return checking.named(name, checking.check([], None))


def _fields(whose: Whose, source: str, found: Any) -> list[tuple[str, str]]:
    rows = [("mount", whose.name), ("endpoint", whose.endpoint), ("keys", source), ("key", found["key"]),
            ("identity", found["arn"] or found["user"]), ("account", found["account"]), ("told by", _BY[found["by"]]),
            ("clock", _clock(found["skew"]))]
    return [(label, clean(str(text))) for label, text in rows if text]


def _clock(skew: float | None) -> str:
    if skew is None:
        return ""
    # The Date of an answer has whole seconds, and the answer takes its time.
    if abs(skew) < 2:
        return "as the store's"
    off = f"{span(abs(skew))} {'ahead of' if skew > 0 else 'behind'} the store's"
    return f"{off}: set it, see timedatectl" if _is_off(skew) else off


def _is_off(skew: float | None) -> bool:
    return skew is not None and abs(skew) >= SKEW_LIMIT

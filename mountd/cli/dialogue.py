"""``s3mountctl add`` without a word: what is needed is asked for, with what is found on this machine to choose from."""

import secrets
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mountd.cli import kind, on_hand, stores
from mountd.cli.console import Console
from mountd.cli.text import clean, shortened
from mountd.core.config.rules import is_aws, name_of
from mountd.core.config.values import suggestion
from mountd.core.verdict import Exit
from mountd.words.errors import FaultClass, MountdError
from mountd.words.model import Credentials
from mountd.words.providers import PROVIDERS, guessed

Put = Callable[[Console, Namespace, dict[str, object], Callable[[], bool]], int]
_MOST = 40
"""Buckets that are shown; any other can be typed."""
_AWS = "Amazon S3"
_ANOTHER = "another one"
_NEW = "new"
_DIGITS = 12
_NUMBER = "a number"
_CREATE_LIMIT = 30.0
"""Seconds."""
_NAMING = "its name (NAME/PREFIX for a part of it), or new"


def add(console: Console, args: Namespace, put: Put) -> int:
    """Ask, then check, show and write as with arguments."""
    console.warn(["A number chooses, Enter takes what stands in brackets, Ctrl-C leaves everything as it is.", ""])
    try:
        wanted = _wanted(console)
        # A bucket that is not made yet cannot be tried.
        args.no_check = args.no_check or wanted.is_new
        refused: list[Exit] = []
        status = put(console, args, wanted.keys, lambda: _agreed(console, wanted, refused))
        return refused[0] if refused else status
    except KeyboardInterrupt:
        console.warn(["", "s3mountctl: nothing was changed"])
        return Exit.INTERRUPTED


@dataclass(frozen=True)
class _Wanted:
    keys: dict[str, object]
    whose: stores.Whose
    is_new: bool


def _agreed(console: Console, wanted: _Wanted, refused: list[Exit]) -> bool:
    """Shall it be? A new bucket is made only then; ``refused`` gets the exit status when it cannot be made."""
    if not _yes(console, f"{'Make the bucket, write' if wanted.is_new else 'Write'} this and mount it?", True):
        return False
    if wanted.is_new:
        try:
            with stores.Store(wanted.whose) as store:
                store.ask("create", limit=_CREATE_LIMIT, bucket=wanted.keys["bucket"], abort_days=0)
        except MountdError as error:
            bucket = str(wanted.keys["bucket"])
            refused.append(stores.fail(console, error, replace(wanted.whose, bucket=bucket)))
    return not refused


def _wanted(console: Console) -> _Wanted:
    hand = on_hand.look()
    store = _store(console, hand)
    whose, credentials, names = _keys(console, hand, store)
    bucket, prefix = _bucket(console, names)
    is_new = bucket == _NEW
    if is_new:
        bucket = console.answer("Name of the new bucket", f"{hand.user}-{secrets.randbelow(10 ** _DIGITS):0{_DIGITS}}")
    folder = _folder(console, hand, bucket)
    keys: dict[str, object] = {"name": name_of(folder, bucket), "bucket": bucket, "prefix": prefix, "folder": folder,
                               **store, "allow_delete": _yes(console, "May files be deleted through it?", False),
                               "credentials": credentials}
    return _Wanted({key: value for key, value in keys.items() if value}, whose, is_new)


def _store(console: Console, hand: on_hand.OnHand) -> dict[str, object]:
    """Provider, endpoint and CA, nothing for AWS."""
    while True:
        url = _url(console, hand)
        if not url or is_aws(url):
            return {"endpoint_url": url} if url else {}
        known = hand.endpoints[url].keys if url in hand.endpoints else {}
        keys: dict[str, object] = {"endpoint_url": url, **known}
        if _recognised(console, hand, keys):
            return {key: keys[key] for key in ("provider", "endpoint_url", "ca_bundle") if key in keys}


def _recognised(console: Console, hand: on_hand.OnHand, keys: dict[str, object]) -> bool:
    """Put the provider to the keys, and the CA where one is needed; False where the store is not reached."""
    while kind.is_open(keys):
        try:
            keys["provider"] = kind.asked(console, keys) or _kind(console)
        except MountdError as error:
            url = str(keys["endpoint_url"])
            if error.fault.code != "tls-failed":
                console.fail(error, "correct the URL; Ctrl-C leaves", endpoint=url)
                return False
            console.fail(error, "name the file with the CA of the store, if it has one of its own", endpoint=url)
            file = console.answer("File with the CA, or Enter for another store")
            if not file:
                return False
            keys["ca_bundle"] = str(Path(hand.path(file)).absolute())
    keys.setdefault("provider", guessed(str(keys["endpoint_url"])))
    return True


def _url(console: Console, hand: on_hand.OnHand) -> str:
    """Of the store, "" for AWS."""
    found = list(hand.endpoints)
    lines = [_AWS, *(f"{url} ({known.where})" for url, known in hand.endpoints.items())]
    while True:
        said = _chosen(console, "Which store?", [*lines, f"{_ANOTHER}: type its URL"], "its URL")
        if said in {"1", _AWS}:
            return ""
        url = found[int(said) - 2] if said.isdigit() and 2 <= int(said) <= len(found) + 1 else said
        if said.isdigit() and int(said) == len(lines) + 1:
            url = console.answer("URL of the store, such as https://s3.example.org")
        if url.startswith(("http://", "https://")):
            return url.rstrip("/")
        console.warn([f"{clean(url)} is no URL: it begins with https:// or http://"])


def _kind(console: Console) -> str:
    others = [row for row in PROVIDERS.values() if row.needs_endpoint]
    while True:
        said = _chosen(console, "What kind of store is it?", [f"{row.name:<14} {row.title}" for row in others],
                       "its name", str(len(others)))
        if said.isdigit() and 1 <= int(said) <= len(others):
            return others[int(said) - 1].name
        if said in PROVIDERS:
            return said
        console.warn([f"There is no such kind. {suggestion(said, PROVIDERS)}".strip()])


def _keys(console: Console, hand: on_hand.OnHand, store: Mapping[str, object],
          ) -> tuple[stores.Whose, Mapping[str, object], list[str]]:
    """Keys that the store takes, as far as it can be told, and the buckets that they see."""
    named = {key: str(value) for key, value in store.items()}
    while True:
        credentials = _credentials(console, hand, named.get("endpoint_url", ""))
        whose = replace(stores.of_caller(**named), credentials=Credentials(**credentials))  # type: ignore[arg-type]
        names = _listed(console, whose)
        if names is not None:
            return whose, credentials, names


def _credentials(console: Console, hand: on_hand.OnHand, url: str) -> Mapping[str, object]:
    kinds = hand.keys(url)
    while True:
        said = _chosen(console, "Whose keys?", [title for title, _ in kinds], _NUMBER)
        if said.isdigit() and 1 <= int(said) <= len(kinds):
            return kinds[int(said) - 1][1]
        console.warn(["Say one of the numbers. Other keys come into ~/.aws with: aws configure"])


def _bucket(console: Console, names: Sequence[str]) -> tuple[str, str]:
    """Bucket and prefix, picked from those that the keys see, or typed; ``new`` for one that is to be made."""
    lines = [*names[:_MOST], *[f"... and {len(names) - _MOST} more: type the name"] * (len(names) > _MOST)]
    while True:
        said = _chosen(console, "Which bucket?", lines, _NAMING,
                       "1" if names else "")
        if said.isdigit() and 1 <= int(said) <= min(len(names), _MOST):
            return names[int(said) - 1], ""
        bucket, _, prefix = said.removeprefix("s3://").partition("/")
        if bucket and not (said.isdigit() and int(said) <= len(lines)):
            return bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else ""


def _listed(console: Console, whose: stores.Whose) -> list[str] | None:
    """The buckets that the keys see, none where they may not list them; None for keys that are not taken."""
    if whose.credentials.anonymous:
        return []
    source = ""
    try:
        with stores.Store(whose) as opened:
            source = opened.source
            return [str(one["name"]) for one in opened.ask("buckets")["buckets"]]
    except MountdError as error:
        # Not to be allowed to list them is usual.
        if error.fault.klass is FaultClass.CREDENTIALS:
            console.fail(error, "choose others, or mend these and choose them again; Ctrl-C leaves",
                         endpoint=whose.endpoint, credentials=source or error.detail)
            console.warn([""])
            return None
        if error.fault.code != "access-denied":
            stores.fail(console, error, whose, source)
        console.warn(["The buckets cannot be listed with these keys; the name of one can be typed all the same.", ""])
        return []


def _folder(console: Console, hand: on_hand.OnHand, bucket: str) -> str:
    usual = f"{hand.home}/{bucket}"
    while True:
        folder = hand.path(console.answer("Which folder? It is made when it is not there", usual))
        if folder.startswith("/"):
            return str(Path(folder))
        console.warn([f"Say the whole path, such as {usual}"])


def _chosen(console: Console, question: str, lines: Sequence[str], otherwise: str, usual: str = "1") -> str:
    """A number of the lines, or what else was typed."""
    width = console.error_style.width
    numbered = (f"  {number:>2}  {clean(line)}" for number, line in enumerate(lines, 1))
    console.warn([question, *(shortened(line, width) for line in numbered)])
    plain = not lines or otherwise == _NUMBER
    prompt = otherwise[0].upper() + otherwise[1:] if plain else f"A number, or {otherwise}"
    said = ""
    while not said:
        said = console.answer(prompt, usual)
    console.warn([""])
    return said


def _yes(console: Console, question: str, usual: bool) -> bool:
    said = console.answer(f"{question} [{'Y/n' if usual else 'y/N'}]").lower()
    return said.startswith("y") if said else usual

"""What is: ``s3mountctl watch``, a live table on a terminal, else a stream of lines."""

import json
import time
from argparse import Namespace
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from mountd.cli import render, screen
from mountd.cli.console import Console
from mountd.cli.reads import narrowed
from mountd.cli.text import Style, clean, local, moment, shortened
from mountd.core import verdict
from mountd.core.verdict import Document, Exit
from mountd.words.errors import MountdError

_AGES = 1.0
"""Seconds between two looks, for the ages."""
_BREATH = 0.1
"""Seconds between two pictures, however much happens."""
_QUIET = 1.0
"""Seconds for which a signal that came at the wrong moment may be overlooked."""
_EVENTS = 200


def watch(console: Console, args: Namespace) -> int:
    """Show the mounts as they turn, until Ctrl-C; the exit status is 128 and the number of the signal, as of shells."""
    narrowed(console.client.status(), args.name)
    with screen.noted_ends() as ended:
        if args.json:
            _stream(console, args.name, ended, lambda mount: console.say([json.dumps(mount, ensure_ascii=False)]))
        elif console.out_is_terminal:
            _live(console, args.name, ended)
        else:
            _stream(console, args.name, ended, lambda mount: console.say([f"{_stamp(_now())}  {line(mount)}"]))
    return 128 + ended[0]


def line(mount: Document) -> str:
    """One turn of a mount in a line."""
    reason = f": {clean(mount['reason']['text'])}" if mount["reason"] else ""
    word = f"{mount['state']}, {mount['health']}" if mount["state"] == "mounted" else mount["state"]
    return f"{clean(mount['name'])}: {word}{reason}"


def picture(document: Document, away: str, events: Sequence[str], size: tuple[int, int], colour: bool) -> list[str]:
    """What the terminal shows: the table, the reasons, and what happened last, as far as there is room."""
    width, height = size
    style = Style(width, colour)
    mounts = document["mounts"]
    now = moment(document["generated_at"])
    head = [shortened(f"s3mountd {document['version']}, {_stamp(now)}. Ctrl-C ends.", width)]
    if away:
        head.append(style.paint(shortened(f"s3mountd does not answer ({away}); below is what was known last", width),
                                Exit.DOWN))
    table = render.overview(_urgent_first(mounts, height - len(head) - 3), now, style)
    room = height - len(head) - 1
    rows = table[:max(2, room)]
    left = len(table) - len(rows)
    if left:
        rows[-1] = f"... and {left + 1} more"
    sick = [shortened(line(mount), width) for mount in mounts if mount["reason"] and not verdict.is_ready(mount)]
    lines = [*head, "", *rows]
    for block in (sick, events):
        room = height - len(lines) - 1
        if room > 0 and block:
            lines += ["", *(shortened(one, width) for one in block[-room:])]
    return lines[:height]


def _urgent_first(mounts: Sequence[Document], room: int) -> list[Document]:
    """Where not all fit, those that are not well come first."""
    return sorted(mounts, key=verdict.of_mount, reverse=True) if len(mounts) > room else list(mounts)


def _live(console: Console, names: Sequence[str], ended: Sequence[int]) -> None:
    events: deque[str] = deque(maxlen=_EVENTS)
    document = _of(console.client.status(), names)
    away = ""
    with screen.taken(console.out) as shown, console.client.news(ended) as wait:
        while not ended:
            shown.show(picture(document, away, list(events), shown.size, console.style.colour))
            time.sleep(_BREATH)
            for name, text in wait(_AGES):
                if name and (not names or name in names):
                    events.append(f"{_stamp(_now())}  {line(json.loads(text))}")
            try:
                document, away = _of(console.client.status(), names), ""
            except MountdError as error:
                away = error.detail


def _stream(
    console: Console, names: Sequence[str], ended: Sequence[int], show: Callable[[Document], None],
) -> None:
    """Every mount as it is, then every turn; all of them again when the daemon was away."""
    stale, told = True, False
    with console.client.news(ended, console.out) as wait:
        while not ended:
            if stale:
                try:
                    _all(_of(console.client.status(), names)["mounts"], show)
                    stale = told = False
                except MountdError as error:
                    if not told:
                        console.warn([f"s3mountctl: {error.detail}; waiting for it"])
                    told = True
            for name, text in wait(_AGES if stale else _QUIET):
                stale = stale or not name
                if name and (not names or name in names):
                    show(json.loads(text))


def _all(mounts: Iterable[Document], show: Callable[[Document], None]) -> None:
    for mount in mounts:
        show(mount)


def _of(document: Document, names: Sequence[str]) -> Document:
    """Only the named ones, as far as they are there: one may be taken out while it is watched."""
    return {**document, "mounts": [one for one in document["mounts"] if not names or one["name"] in names]}


def _now() -> datetime:
    return datetime.now(UTC)


def _stamp(when: datetime) -> str:
    return local(when.isoformat())

"""What was: ``s3mountctl history``."""

from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime

from mountd.cli.console import Console
from mountd.cli.text import Cell, Style, available, brief, clean, local, moment, table, wrapped
from mountd.core.verdict import Document, Exit


def history(console: Console, args: Namespace) -> int:
    """Show outages and availability; exit status 0 whatever they were."""
    if args.json and not args.name:
        console.say([console.client.history_text("")])
        return Exit.WELL
    documents = [console.client.history(name) for name in dict.fromkeys(args.name)] or [console.client.history("")]
    document = {**documents[0], "mounts": [mount for one in documents for mount in one["mounts"]]}
    if args.json:
        console.say_json(document)
    else:
        console.say(page(document, args.blips, console.style))
    return Exit.WELL


def page(document: Document, blips: bool, style: Style) -> list[str]:
    """A paragraph a mount: availability, then its outages, newest last."""
    now = moment(document["generated_at"])
    lines: list[str] = []
    for mount in document["mounts"]:
        lines += [""] * bool(lines) + _paragraph(mount, now, blips, style)
    return lines or ["No mounts are configured."]


def _paragraph(mount: Document, now: datetime, blips: bool, style: Style) -> list[str]:
    shown = [one for one in mount["outages"] if blips or not one["blip"]]
    hidden = len(mount["outages"]) - len(shown)
    known = mount["known_since"]
    shares = available(mount["availability"], known, now) if known else []
    told = ", ".join(shares) or ("not watched lately" if known else "never seen well")
    name = style.bold(clean(mount["name"]))
    lines = [name, *wrapped(told, style.width, "  ", 2)]
    lines += [f"  {line}" for line in _outages(shown, Style(style.width - 2, style.colour))]
    if hidden:
        words = "blip that was over within the mount's grace" if hidden == 1 else (
            "blips that were over within the mount's grace")
        lines += wrapped(f"and {hidden} {words} (--blips)", style.width, "  ", 2)
    return lines


def _outages(outages: Sequence[Document], style: Style) -> list[str]:
    if not outages:
        return ["no outage"]
    rows = [[Cell(local(one["from"])), *_length(one), Cell(one["code"]), Cell(clean(_ended(one)))] for one in outages]
    return table(("FROM", "LASTED", "CODE", "DONE"), rows, (2, 3), style)


def _length(outage: Document) -> tuple[Cell]:
    text = brief(outage["seconds"])
    return (Cell(text) if outage["to"] else Cell(f"{text} so far", Exit.DOWN),)


def _ended(outage: Document) -> str:
    if not outage["to"]:
        return "-"
    return f"{outage['done']} (blip)" if outage["blip"] else str(outage["done"])

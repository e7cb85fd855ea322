"""``s3mountctl explain``: codes, what people stumble over, kinds of stores; each from its table in ``words``."""

from argparse import Namespace
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from mountd.cli import render
from mountd.cli.console import Console
from mountd.cli.reads import nearest
from mountd.cli.text import Cell, Style, span, table, wrapped
from mountd.core.verdict import Exit
from mountd.words.errors import FAULTS, Fault
from mountd.words.providers import PROVIDERS, Preset
from mountd.words.topics import TOPICS, Topic

_PROVIDER = "provider/"


@dataclass(frozen=True)
class Page:
    """One thing that can be explained: its line in the table, its page, and both for a machine."""

    name: str
    kind: str
    line: str
    shown: Callable[[Style], list[str]]
    plain: dict[str, Any]


def explain(console: Console, args: Namespace) -> int:
    """Show the table of everything that is explained, or one page."""
    if args.code is None:
        chosen = list(PAGES.values())
    elif args.code in PAGES:
        chosen = [PAGES[args.code]]
    else:
        console.warn([f"s3mountctl: there is no code {args.code!r}{nearest(args.code, PAGES)}",
                      "All of them: s3mountctl explain"])
        return Exit.USAGE
    if args.json:
        console.say_json([page.plain for page in chosen])
    elif args.code is None:
        rows = [[Cell(page.name), Cell(page.kind), Cell(page.line)] for page in chosen]
        console.say(table(("CODE", "CLASS", "MEANS"), rows, (2,), console.style))
    else:
        console.say(chosen[0].shown(console.style))
    return Exit.WELL


def _of_fault(fault: Fault) -> Page:
    plain = {"code": fault.code, "class": fault.klass.value, "text": fault.sentence, "hint": fault.hint,
             "story": fault.story}
    return Page(fault.code, fault.klass.value, render.filled(fault.sentence), lambda style: _fault(fault, style), plain)


def _fault(fault: Fault, style: Style) -> list[str]:
    retry = fault.retry
    tries = "not before something is changed" if retry.first is None else (
        f"again after {span(retry.first)}, then at growing distance up to {span(retry.cap)}")
    fields = [("means", render.filled(fault.sentence)), ("to mend", render.filled(fault.hint)),
              ("class", fault.klass.value), ("tried", tries)]
    return [style.bold(fault.code), *render.labelled(fields, style), "", *wrapped(fault.story, style.width)]


def _of_topic(topic: Topic) -> Page:
    plain = {"code": topic.name, "class": "topic", "text": topic.title, "hint": topic.instead, "story": topic.story}
    return Page(topic.name, "topic", topic.title, lambda style: _topic(topic, style), plain)


def _topic(topic: Topic, style: Style) -> list[str]:
    fields = [("means", topic.title), ("instead", topic.instead)]
    return [style.bold(topic.name), *render.labelled(fields, style), "", *wrapped(topic.story, style.width)]


def _of_provider(preset: Preset) -> Page:
    limits = [{"code": limit.code, "text": limit.text, "source": limit.source} for limit in preset.limits]
    plain = {"code": _PROVIDER + preset.name, "class": "provider", "text": preset.title, "hint": "", "story": "",
             "options": dict(preset.options), "proven": preset.proven, "sts": preset.has_sts, "limits": limits}
    return Page(_PROVIDER + preset.name, "provider", preset.title, lambda style: _provider(preset, style), plain)


def _provider(preset: Preset, style: Style) -> list[str]:
    presets = ", ".join(f"{key} = {render.value(item)}" for key, item in preset.options.items())
    fields = [("is", preset.title), ("endpoint", preset.endpoint), ("presets", presets or "none"),
              ("STS", "yes: roles and temporary keys" if preset.has_sts else "no: static keys"),
              ("proven", f"with {preset.proven}" if preset.proven else "not here: from documents")]
    lines = [style.bold(_PROVIDER + preset.name), *render.labelled(fields, style)]
    for limit in preset.limits:
        lines += ["", *wrapped(f"{limit.text} ({limit.source})", style.width, f"{limit.code}: ", 2)]
    return lines


def _pages() -> Iterable[Page]:
    yield from map(_of_fault, FAULTS.values())
    yield from map(_of_topic, TOPICS.values())
    yield from map(_of_provider, PROVIDERS.values())


PAGES: dict[str, Page] = {page.name: page for page in _pages()}

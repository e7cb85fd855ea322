"""Documents into text for people. Pure: the same document, style and table give the same lines."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from mountd.cli import aside, writing
from mountd.cli.text import Cell, Style, available, brief, clean, contained, local, moment, span, table, wrapped
from mountd.core import verdict
from mountd.core.verdict import Document, Exit
from mountd.words import paths
from mountd.words.errors import FAULTS

_LABEL = 12
_UNPROVEN = {
    "mounting": "being mounted; nothing has to be done",
    "waiting": "not there yet; it is tried by itself",
    "draining": "unmounted; the worker still finishes files that are open",
}
"""What to say of a mount that is not well while the daemon gives no reason."""
_BEGIN = (
    "No mounts are configured. To begin:",
    "",
    "    sudo s3mountctl add s3://my-bucket /home/me/my-bucket",
    "",
    "or write into " + str(paths.CONFIG) + ", then run: sudo s3mountctl reload",
    "More: man s3mountd.toml",
)
_CHANGE = {"add": "+", "remove": "-", "remount": "~", "update": "~", "move": "~"}


def status(document: Document, style: Style) -> list[str]:
    """The whole host: faults of the configuration, a line a mount, then what is wrong and how to mend it."""
    now, mounts = moment(document["generated_at"]), document["mounts"]
    lines = _problems(document, style)
    if not mounts:
        return lines + list(_BEGIN)
    lines += overview(mounts, now, style)
    shared = _shared(document)
    for cause, names in shared:
        lines += ["", *_common_trouble(cause, names, now, style)]
    told = {name for _, names in shared for name in names}
    for mount in mounts:
        if verdict.of_mount(mount) is not Exit.WELL and mount["name"] not in told:
            lines += ["", *trouble(mount, now, style)]
    return [*lines, "", *aside.versions(document, style), _summary(mounts)]


def details(document: Document, style: Style) -> list[str]:
    """Everything known of each mount, one block a mount."""
    now = moment(document["generated_at"])
    lines = _problems(document, style)
    for number, mount in enumerate(document["mounts"]):
        lines += [""] * (number > 0) + _detail(mount, now, style)
    return lines


def trouble(mount: Document, now: datetime, style: Style) -> list[str]:
    """Why a mount is not well, since when, when the next try is, and what mends it."""
    reason = mount["reason"]
    level = verdict.of_mount(mount)
    text = clean(reason["text"]) if reason else _UNPROVEN.get(mount["state"], "not proven yet")
    word = mount["health"] if mount["state"] == "mounted" else mount["state"]
    name = f"{clean(mount['name'])} ({word}):"
    head, *rest = wrapped(text, style.width, f"{name} ", 2)
    lines = [style.paint(name, level) + head[len(name):], *rest]
    fields = [("since", _for(mount["since"], now) + _restarts(mount))]
    fields += _next_try(mount, now)
    if reason:
        fields.append(("to mend", clean(reason["hint"])))
        fields.append(("more", f"s3mountctl explain {reason['code']}"))
    return lines + labelled(fields, style)


def _shared(document: Document) -> list[tuple[Document, list[str]]]:
    """What several mounts have in common, with the names of those that have nothing worse of their own."""
    codes = {mount["name"]: mount["reason"]["code"] for mount in document["mounts"] if mount["reason"]}
    found = ((cause, [name for name in cause["mounts"] if codes.get(name) == cause["code"]])
             for cause in document.get("causes", ()))
    return [(cause, names) for cause, names in found if len(names) > 1]


def _common_trouble(cause: Document, names: Sequence[str], now: datetime, style: Style) -> list[str]:
    """One cause of several mounts, said once."""
    head = f"{len(names)} mounts:"
    first, *rest = wrapped(clean(cause["text"]), style.width, f"{head} ", 2)
    return [style.paint(head, Exit.DOWN) + first[len(head):], *rest, *labelled([
        ("mounts", ", ".join(map(clean, names))), ("since", _for(cause["since"], now)),
        ("to mend", clean(cause["hint"])), ("more", f"s3mountctl explain {cause['code']}")], style)]


def outcome(mount: Document, now: datetime, style: Style) -> list[str]:
    """One mount after a command: a line when well, its trouble when not."""
    if verdict.of_mount(mount) is not Exit.WELL:
        return trouble(mount, now, style)
    name = style.paint(f"{clean(mount['name'])}:", Exit.WELL)
    where = f" on {clean(mount['folder'])}" if mount["state"] == "mounted" else ""
    where = f" for the first access to {clean(mount['folder'])}" if verdict.sleeps(mount) else where
    return [f"{name} {mount['state']}{where}"]


def listing(mounts: Sequence[Document], style: Style) -> list[str]:
    """Names, folders and buckets, nothing that changes."""
    rows = [[Cell(clean(mount["name"])), *_where(mount)] for mount in mounts]
    return table(("NAME", "FOLDER", "SOURCE"), rows, (0, 1, 2), style) if rows else list(_BEGIN)


def plan(document: Document, style: Style) -> list[str]:
    """What a reload does: one paragraph a mount with its changed keys and the effect on people."""
    lines = [style.paint("The configuration has faults; a reload would be refused:", Exit.DOWN)] * bool(
        document["problems"])
    lines += _bullets(document["problems"], style)
    for change in document["changes"]:
        mark = f"{_CHANGE.get(change['change'], '~')} {clean(change['name'])} ({change['change']})"
        lines.append(style.bold(mark))
        lines += wrapped(clean(change["effect"]), style.width, "", 4)
        lines += [f"    {key['key']}: {value(key['from'])} -> {value(key['to'])}" for key in change["keys"]]
    lines += [line for note in document["notes"] for line in wrapped(clean(note), style.width, "note: ", 6)]
    return lines or ["Nothing changes: what runs is what the configuration says."]


def failure(code: str, detail: str, known: Mapping[str, str], style: Style, hint: str = "") -> list[str]:
    """An error of a command itself: headline, further lines of the detail, hint (its own, or that of the table)."""
    fault = FAULTS[code]
    first, *rest = clean_lines(detail) or [""]
    if rest:
        first, rest = "see below", [first, *rest]
    text = filled(fault.sentence, {"detail": first, **known})
    lines = wrapped(text, style.width, "s3mountctl: ", 12)
    lines += _bullets(rest, style)
    return lines + wrapped(filled(hint or fault.hint, {"detail": first, **known}), style.width, "", 12)


def clean_lines(text: str) -> list[str]:
    """The lines of a message, each made safe, without empty ones."""
    return [clean(line) for line in text.splitlines() if line.strip()]


def filled(template: str, known: Mapping[str, str] | None = None) -> str:
    """A sentence of the table with what is known filled in, and NAME, FOLDER ... for the rest."""

    class Placeholders(dict[str, str]):
        def __missing__(self, key: str) -> str:
            return {"detail": "…", "place": str(paths.CONFIG)}.get(key, key.upper())

    return template.format_map(Placeholders(known or {}))


def source(mount: Document) -> str:
    """The bucket and prefix as one word."""
    return clean(f"s3://{mount['bucket']}/{mount['prefix'] or ''}".removesuffix("/"))


def value(raw: Any) -> str:
    """A value of the configuration, as a person writes it there."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if raw is None:
        return "(not set)"
    if isinstance(raw, dict):
        return "{ " + ", ".join(f"{key} = {value(item)}" for key, item in raw.items()) + " }"
    if isinstance(raw, (list, tuple)):
        return "[" + ", ".join(value(item) for item in raw) + "]"
    return f'"{clean(raw)}"' if isinstance(raw, str) else str(raw)


def _problems(document: Document, style: Style) -> list[str]:
    problems, of_users = document["daemon"]["problems"], document["daemon"].get("users_problems", [])
    lines = []
    if problems:
        lines += [style.paint("The configuration has faults; the one read before stays in force:", Exit.DEGRADED),
                  *_bullets(problems, style), "  mend them, then run: sudo s3mountctl reload", ""]
    if of_users:
        lines += ["Mounts of users that cannot be, which concerns no other:", *_bullets(of_users, style), ""]
    return lines


def _bullets(texts: Iterable[str], style: Style) -> list[str]:
    return [line for text in texts for line in wrapped(clean(text), style.width, "  - ", 4)]


def overview(mounts: Sequence[Document], now: datetime, style: Style) -> list[str]:
    """A line a mount, under a heading."""
    rows = []
    for mount in mounts:
        level = verdict.of_mount(mount)
        idle = mount["state"] in ("stopped", "disabled")
        rows.append([
            Cell(clean(mount["name"])), Cell(mount["state"], None if idle else level),
            Cell("-" if idle else mount["health"], None if idle else level), Cell(_age(mount, now)),
            Cell(span(_ago(mount["since"], now)).split(" ")[0]), *_where(mount)])
    return table(("NAME", "STATE", "HEALTH", "CHECKED", "SINCE", "FOLDER", "SOURCE"), rows, (0, 5, 6), style)


def _age(mount: Document, now: datetime) -> str:
    """How old the proof of the health is."""
    if mount["state"] != "mounted" or not mount["checked_at"]:
        return "-"
    return f"{span(_ago(mount['checked_at'], now)).split(' ')[0]} ago"


def _where(mount: Document) -> tuple[Cell, Cell]:
    return Cell(clean(mount["folder"])), Cell(source(mount))


def _summary(mounts: Sequence[Document]) -> str:
    idle = sum(mount["state"] in ("stopped", "disabled") for mount in mounts)
    wanted = len(mounts) - idle
    well = sum(verdict.is_ready(mount) for mount in mounts)
    aside = f"; {idle} stopped or disabled" if idle else ""
    return f"{well} of {wanted} mount{'s' * (wanted != 1)} well{aside}."


def _detail(mount: Document, now: datetime, style: Style) -> list[str]:
    level = verdict.of_mount(mount)
    reason, keys = mount["reason"], mount["credentials"]
    fields = [("state", mount["state"]), ("health", f"{mount['health']}, {_looked(mount, now)}"),
              ("since", _when(mount["since"], now) + _restarts(mount))]
    if reason:
        fields.append(("reason", f"{clean(reason['text'])} ({reason['code']})"))
        fields.append(("to mend", clean(reason["hint"])))
    fields += _next_try(mount, now)
    fields.append(("history", _history(mount, now)))
    fields += [("folder", clean(mount["folder"])), ("source", source(mount))]
    fields.append(("provider", clean(mount["provider"])))
    if mount.get("size"):
        fields.append(("size", f"{contained(mount['size'])}, counted {_when(mount['size']['at'], now)}"))
    fields.append(("worker", aside.worker(mount)))
    fields += aside.fields(mount, now)
    fields += writing.fields(mount, now)
    fields += _standby(mount)
    if keys:
        until = f", until {local(keys['expires_at'])}" if keys.get("expires_at") else ""
        fields.append(("credentials", f"{clean(keys['source'] or 'not resolved yet')}{until}"))
    options = [f"{key} = {value(raw)}" for key, raw in mount["options"].items()]
    fields += [("options" if number == 0 else "", option) for number, option in enumerate(options)]
    return [style.paint(clean(mount["name"]), level), *labelled(fields, style)]


def _standby(mount: Document) -> list[tuple[str, str]]:
    unit, size = mount["standby_unit"], mount["standby_memory"]
    if not unit:
        return []
    memory = f", {size / 1e6:.0f} MB of memory (RSS)" if size else ""
    return [("standby", f"{unit}, {'ready' if mount['standby'] else 'not ready yet'}{memory}")]


def labelled(pairs: Iterable[tuple[str, str]], style: Style) -> list[str]:
    """Labels in a column of their own, texts beside them."""
    return [line for label, text in pairs for line in wrapped(text, style.width, f"  {label}", _LABEL + 2)]


def _next_try(mount: Document, now: datetime) -> list[tuple[str, str]]:
    if mount["next_try"]:
        return [("next try", f"in {span(-_ago(mount['next_try'], now))}"), *_callers(mount, now)]
    trying = mount["state"] == "waiting" and not verdict.sleeps(mount)
    return [("next try", "now, under way"), *_callers(mount, now)] if trying else []


def _callers(mount: Document, now: datetime) -> list[tuple[str, str]]:
    wait = mount.get("callers_wait")
    if not wait:
        return []
    end = f", and get an error in {span(-_ago(wait['until'], now))}" if wait["until"] else ""
    return [("callers", f"wait, since {local(wait['since'])}{end}")]


def _restarts(mount: Document) -> str:
    count = mount["restarts"]
    return f", {count} restart{'s' * (count != 1)}" if count else ""


def _ago(stamp: str, now: datetime) -> float:
    return (now - moment(stamp)).total_seconds()


def _for(stamp: str, now: datetime) -> str:
    return f"{span(_ago(stamp, now))} ({local(stamp)})"


def _when(stamp: str, now: datetime) -> str:
    return f"{span(_ago(stamp, now))} ago ({local(stamp)})"


def _looked(mount: Document, now: datetime) -> str:
    return f"checked {_when(mount['checked_at'], now)}" if mount["checked_at"] else "not checked yet"


def _history(mount: Document, now: datetime) -> str:
    """The longest window, and the last outage."""
    outage, known = mount["last_outage"], mount.get("known_since")
    told = available(mount["availability"], known, now)[-1:] if known else []
    if not outage:
        return "; ".join([*told, "no outage" if told else "never seen well"])
    end = moment(outage["to"]) if outage["to"] else now
    length = brief((end - moment(outage["from"])).total_seconds())
    lasting = "" if outage["to"] else " so far"
    code = f", {outage['code']}" if outage["code"] else ""
    return "; ".join([*told, f"last outage {local(outage['from'])}, {length}{lasting}{code}"])

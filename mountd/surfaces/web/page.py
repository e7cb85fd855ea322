"""The status as a page: what is sick first, each with its reason and the next step. HTML from the document, pure.

The list is one part (``/mounts.html``) that the page's script exchanges; without a script the page loads itself anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from math import floor
from types import MappingProxyType

from mountd.core import spans
from mountd.core.plain import visible
from mountd.core.verdict import Document, Exit, of_mount
from mountd.surfaces.web import bars
from mountd.surfaces.web.bars import Days
from mountd.surfaces.web.link import Answer, Silence
from mountd.words.model import State

NO_DAYS: Days = MappingProxyType({})
_OFF = (State.STOPPED.value, State.DISABLED.value)
_RELOAD_SECONDS = 30
"""For browsers without script."""


@dataclass(frozen=True)
class _Group:
    """A section of the list."""

    key: str
    title: str


_SICK, _LOOK, _WELL, _AWAY = GROUPS = (
    _Group("bad", "Out of order"), _Group("warn", "Not well yet"), _Group("well", "Well"), _Group("off", "Not in use"),
)
"""In the order in which a person wants them."""
_BY_VERDICT = {Exit.DOWN: _SICK, Exit.DEGRADED: _LOOK, Exit.WELL: _WELL}


def _h(text: object) -> str:
    return escape(visible(str(text)))


def _group(mount: Document) -> _Group:
    return _AWAY if mount["state"] in _OFF else _BY_VERDICT[of_mount(mount)]


def whole(heard: Answer | Silence, last: Answer | None, host: str, days: Days = NO_DAYS) -> bytes:
    """The page."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>S3 mounts of {_h(host)}</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page.css">
<noscript><meta http-equiv="refresh" content="{_RELOAD_SECONDS}"></noscript>
<script src="/page.js" defer></script>
</head>
<body>
<a class="skip" href="#list">Skip to the mounts</a>
<header>
<p class="brand">S3 mounts of <strong>{_h(host)}</strong></p>
<p id="live" class="live">as of {_now()}</p>
</header>
<p id="said" class="sr" role="status"></p>
<main id="list" tabindex="-1">
{_part(heard, last, days)}</main>
<footer>
<p>The same for machines: <a href="/status.json">status.json</a> <a href="/metrics">metrics</a>
<a href="/readyz">readyz</a> <a href="/livez">livez</a></p>
<p>To act: <code>s3mountctl</code></p>
</footer>
</body>
</html>
""".encode("utf-8", "replace")


def part(heard: Answer | Silence, last: Answer | None, days: Days = NO_DAYS) -> bytes:
    """What the page's script puts in the place of the list."""
    return _part(heard, last, days).encode("utf-8", "replace")


def _part(heard: Answer | Silence, last: Answer | None, days: Days) -> str:
    if isinstance(heard, Silence):
        return _silent(heard, last, days)
    document = heard.document
    mounts = document["mounts"]
    return "".join((_verdict(mounts), _problems(document["daemon"]["problems"]), _filter(mounts), _list(mounts, days)))


def _silent(heard: Silence, last: Answer | None, days: Days) -> str:
    """Nothing is known now. What was known last is shown as such, and no mount is called well for it."""
    text = (f'<h1 class="verdict bad" data-title="no answer">s3mountd does not answer</h1>\n'
            f'<p class="why">{_h(heard.why)}. Mounts that were up go on serving, but nobody looks after them.</p>\n'
            '<p class="next"><span>Next step</span> <code>systemctl status s3mountd</code></p>\n')
    if last is None:
        return text
    moment = datetime.fromtimestamp(last.at, UTC)
    return (f'{text}<p class="old">What was known {_time(moment)}, and may be wrong by now:</p>\n'
            f'<div class="stale">{_list(last.document["mounts"], days)}</div>\n')


def _verdict(mounts: Sequence[Document]) -> str:
    groups = [_group(mount).key for mount in mounts]
    bad, warn, well, off = (groups.count(group.key) for group in GROUPS)
    if not mounts:
        return ('<h1 class="verdict off" data-title="none">No mounts are configured</h1>\n'
                '<p class="next"><span>Next step</span> <code>man s3mountd.toml</code></p>\n')
    used = len(mounts) - off
    if not used:
        return '<h1 class="verdict off" data-title="not in use">No mount is in use</h1>\n'
    if bad + warn == 0:
        said = "The mount is well" if used == 1 else f"All {used} mounts are well"
        return f'<h1 class="verdict well" data-title="well">{said}</h1>\n'
    key, counted = (_SICK.key, bad) if bad else (_LOOK.key, warn)
    words = "out of order" if bad else "not well yet"
    rest = f"{warn} not well yet, " if bad and warn else ""
    return (f'<h1 class="verdict {key}" data-title="{counted} {words}">{counted} of {used} '
            f'{"mounts" if used > 1 else "mount"} {"is" if counted == 1 else "are"} {words}</h1>\n'
            f'<p class="sum">{rest}{well} well{f", {off} not in use" if off else ""}</p>\n')


def _problems(problems: Sequence[str]) -> str:
    if not problems:
        return ""
    lines = "".join(f"<li><code>{_h(problem)}</code></li>\n" for problem in problems)
    return ('<section class="problems"><h2>The configuration has faults</h2>\n'
            f'<p>What ran before goes on unchanged.</p>\n<ul>\n{lines}</ul></section>\n')


def _filter(mounts: Sequence[Document]) -> str:
    """Needs the script, which shows it; a short list needs none."""
    if len(mounts) < 10:
        return ""
    return ('<p class="filter" hidden><label for="filter">Find</label> <input id="filter" type="search" '
            'placeholder="name, folder, bucket or reason" autocomplete="off" spellcheck="false"> '
            '<output for="filter"></output></p>\n')


def _list(mounts: Sequence[Document], days: Days) -> str:
    return "".join(_section(group, [mount for mount in mounts if _group(mount) is group], days) for group in GROUPS)


def _section(group: _Group, mounts: Sequence[Document], days: Days) -> str:
    if not mounts:
        return ""
    rows = "".join(_mount(mount, group, days.get(mount["name"], ())) for mount in mounts)
    return (f'<section class="group {group.key}" data-key="{group.key}" aria-labelledby="h-{group.key}">\n'
            f'<h2 id="h-{group.key}">{group.title} <span class="count">{len(mounts)}</span></h2>\n'
            f"<ul>\n{rows}</ul>\n</section>\n")


def _mount(mount: Document, group: _Group, days: Sequence[Document]) -> str:
    name = _h(mount["name"])
    told = "" if group is _WELL else _told(mount["reason"])
    head = (f'<span class="badge">{_h(_word(mount))}</span> <strong class="name">{name}</strong> '
            f'<span class="folder">{_h(mount["folder"])}</span> <span class="when">{_when(mount)}</span>'
            f"{bars.drawing(days)}")
    facts = f"<dl>{_facts(mount, days)}</dl></details>\n"
    # Where there is nothing to say the row itself opens, so that many fit on a screen.
    body = (f'<p class="head">{head}</p>\n{told}<details><summary class="more">Details'
            f'<span class="sr"> of {name}</span></summary>\n{facts}' if told
            else f'<details><summary class="head">{head}</summary>\n{facts}')
    return f'<li class="mount {group.key}" data-name="{name}">\n{body}</li>\n'


def _told(reason: Document | None) -> str:
    """Why, and what to do."""
    if reason is None:
        return ""
    hint = f'<p class="next"><span>Next step</span> <code>{_h(reason["hint"])}</code></p>\n' if reason["hint"] else ""
    return f'<p class="why">{_h(reason["text"])} <span class="code">{_h(reason["code"])}</span></p>\n{hint}'


def _word(mount: Document) -> str:
    """One word for state and health; health says something only of what is mounted."""
    return str(mount["health"] if mount["state"] == State.MOUNTED.value else mount["state"])


def _when(mount: Document) -> str:
    if mount["next_try"]:
        return _stamp(mount["next_try"], "next try")
    if mount["state"] == State.MOUNTED.value and mount["checked_at"]:
        return _stamp(mount["checked_at"], "checked")
    return _stamp(mount["since"], "since")


def _facts(mount: Document, days: Sequence[Document]) -> str:
    outage = mount["last_outage"]
    source = f"s3://{mount['bucket']}/{mount['prefix']}".rstrip("/")
    provider = f" ({mount['provider']})" if mount["provider"] != "aws" else ""
    credentials = _h(mount["credentials"]["source"])
    if mount["credentials"]["expires_at"]:
        credentials += f", until {_stamp(mount['credentials']['expires_at'])}"
    rows = (
        ("State", f"{_h(mount['state'])}, {_h(mount['health'])}"),
        ("Since", _stamp(mount["since"])),
        ("Checked", _stamp(mount["checked_at"]) or "never"),
        ("Next try", _stamp(mount["next_try"])),
        ("Last outage", _outage(outage) if outage else "none known"),
        ("Available", _available(mount["availability"])),
        ("Days out", bars.bad_days(days)),
        ("Restarts", _h(mount["restarts"])),
        ("Bucket", f"{_h(source)}{_h(provider)}"),
        ("Credentials", credentials),
        ("Unit", f"<code>{_h(mount['unit'])}</code>" if mount["unit"] else ""),
    )
    return "".join(f"<div><dt>{term}</dt><dd>{value}</dd></div>" for term, value in rows if value)


def _available(shares: Document) -> str:
    """The windows in which somebody watched, rounded down."""
    known = [f"{floor(share * 1e4) / 1e2:g} % of {name}" for name, share in shares.items() if share is not None]
    return ", ".join(known)


def _outage(outage: Document) -> str:
    code = f' <span class="code">{_h(outage["code"])}</span>' if outage["code"] else ""
    if not outage["to"]:
        return f"since {_stamp(outage['from'])}, not over{code}"
    seconds = (datetime.fromisoformat(outage["to"]) - datetime.fromisoformat(outage["from"])).total_seconds()
    return f"{_stamp(outage['from'])}, for {spans.rough(max(1, seconds))}{code}"


def _stamp(stamp: str | None, word: str = "") -> str:
    return _time(datetime.fromisoformat(stamp), word) if stamp else ""


def _time(moment: datetime, word: str = "") -> str:
    """The script says instead how long ago, in the form that goes with the word, and the reader's own time."""
    utc = moment.astimezone(UTC)
    text = f"{word} {utc:%Y-%m-%d %H:%M:%S} UTC".lstrip()
    return f'<time datetime="{utc.isoformat(timespec="seconds")}" data-word="{word}">{text}</time>'


def _now() -> str:
    return _time(datetime.now(UTC))


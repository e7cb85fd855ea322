"""What is answered on each path, from what the daemon said. Pure but for the figures of the workers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from mountd.core.plain import visible
from mountd.core.verdict import Document, is_ready
from mountd.surfaces.web import metrics, page
from mountd.surfaces.web.bars import Days
from mountd.surfaces.web.link import Answer, Silence
from mountd.words.model import State

_TEXT, _JSON, _HTML = "text/plain; charset=utf-8", "application/json", "text/html; charset=utf-8"
_STATIC = Path(__file__).with_name("static")
COMMON_HEADERS: Mapping[str, str] = MappingProxyType({
    "Cache-Control": "no-store",
    "Connection": "close",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                               "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
})
"""On every answer. Nothing that the status holds may become a script, nor be read by another site."""


@dataclass(frozen=True)
class Reply:
    """A status of HTTP, a body and its type, and headers beside the common ones."""

    status: int
    body: bytes
    type: str = _TEXT
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Asked:
    """One request: what the daemon said to it, what it said last, the query, the machine's name, the last 30 days."""

    heard: Answer | Silence
    last: Answer | None
    query: Mapping[str, str]
    host: str
    days: Days = field(default_factory=dict)


def plain(status: int, text: str, headers: Mapping[str, str] = MappingProxyType({})) -> Reply:
    """A line for people and for logs."""
    return Reply(status, (visible(text) + "\n").encode("utf-8", "replace"), headers=headers)


def _livez(asked: Asked) -> Reply:
    return plain(200, "ok") if isinstance(asked.heard, Answer) else plain(503, asked.heard.why)


def _unready(mount: Document) -> str:
    reason = f": {mount['reason']['text']}" if mount["reason"] else ""
    return visible(f"{mount['name']}: {mount['state']}, {mount['health']}{reason}")


def _readyz(asked: Asked) -> Reply:
    if isinstance(asked.heard, Silence):
        return plain(503, asked.heard.why)
    mounts = asked.heard.document["mounts"]
    name = asked.query.get("mount")
    if name is not None:
        mounts = [mount for mount in mounts if mount["name"] == name]
        if not mounts:
            return plain(404, f"there is no mount called {name}")
    else:
        mounts = [mount for mount in mounts if mount["state"] != State.DISABLED.value]
    lines = [_unready(mount) for mount in mounts if not is_ready(mount)]
    return Reply(503, ("\n".join(lines) + "\n").encode("utf-8", "replace")) if lines else plain(200, "ok")


def _status(asked: Asked) -> Reply:
    if isinstance(asked.heard, Silence):
        error = {"code": "daemon-unreachable", "text": asked.heard.why}
        return Reply(503, json.dumps({"error": error}).encode(), _JSON)
    return Reply(200, asked.heard.text.encode(), _JSON)


def _metrics(asked: Asked) -> Reply:
    # 200 also when the daemon does not answer: s3mountd_up = 0 is the news, a failed scrape would hide it.
    return Reply(200, metrics.text(asked.heard), metrics.CONTENT_TYPE)


def _page(asked: Asked) -> Reply:
    status = 200 if isinstance(asked.heard, Answer) else 503
    return Reply(status, page.whole(asked.heard, asked.last, asked.host, asked.days), _HTML)


def _part(asked: Asked) -> Reply:
    return Reply(200, page.part(asked.heard, asked.last, asked.days), _HTML)


ASKING: dict[str, Callable[[Asked], Reply]] = {
    "/livez": _livez, "/readyz": _readyz, "/status.json": _status, "/metrics": _metrics, "/": _page,
    "/mounts.html": _part,
}
"""Paths that the daemon is asked for."""

FILES: dict[str, Reply] = {
    f"/{name}": Reply(200, (_STATIC / name).read_bytes(), kind)
    for name, kind in (("page.css", "text/css; charset=utf-8"), ("page.js", "text/javascript; charset=utf-8"),
                       ("icon.svg", "image/svg+xml"))
}
"""The page's own parts; nothing comes from elsewhere."""

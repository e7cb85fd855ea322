"""The page: order, words, and nothing that the status holds becoming markup."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from mountd.surfaces.web import page
from mountd.surfaces.web.link import Answer, Silence
from mountd.surfaces.web.live import frame

DOCUMENTS = Path(__file__).resolve().parents[1] / "cli/documents"
HOSTILE = ("<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "a\x1b[31m\x00\x07\r\nb", "&lt;b&gt;",
           "\u202egnp.exe", "\ud800", "</li></ul></main><h1>well</h1>", "javascript:alert(1)", "{0} %s \\")
_EMPTY = {"meta", "link", "input", "br"}


def answer(name: str) -> Answer:
    text = (DOCUMENTS / f"{name}.json").read_text("utf-8")
    return Answer(text, json.loads(text), 1795354800.0)


class _Shape(HTMLParser):
    """The elements of a page with their attributes, and its text; fails where elements are not nested."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self._open: list[str] = []
        self.feed(html.decode())
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def mounts(html: bytes) -> list[str | None]:
    return [attributes["data-name"] for _, attributes in _Shape(html).elements if "data-name" in attributes]


def test_the_sick_come_first() -> None:
    assert mounts(page.part(answer("sick"), None)) == [
        "typo", "other", "kopah", "scratch", "a-name-that-is-quite-long-indeed", "erdos", "old"]


@pytest.mark.parametrize(("name", "said"), [
    ("sick", "2 of 6 mounts are out of order"), ("empty", "No mounts are configured"),
    ("nasty", "1 of 2 mounts is not well yet"),
])
def test_the_verdict_stands_on_top(name: str, said: str) -> None:
    shape = _Shape(page.whole(answer(name), None, "vm"))
    assert said in shape.said
    assert [tag for tag, _ in shape.elements].count("h1") == 1


def test_every_sick_mount_has_its_reason_and_the_next_step() -> None:
    heard = answer("sick")
    said = " ".join(_Shape(page.part(heard, None)).said)
    for mount in heard.document["mounts"]:
        if mount["reason"]:
            assert mount["reason"]["text"] in said
            assert mount["reason"]["hint"] in said
            assert mount["reason"]["code"] in said


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_the_status_becomes_markup(text: str) -> None:
    def poisoned(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {inner: poisoned(one, inner) for inner, one in value.items()}
        if isinstance(value, list):
            return [poisoned(one) for one in value]
        stamps = ("since", "checked_at", "next_try", "from", "to", "expires_at", "state", "generated_at")
        return text if isinstance(value, str) and key not in stamps else value

    clean, dirty = answer("sick"), poisoned(answer("sick").document)
    html = page.whole(Answer("", dirty, 0), None, text)
    expected = _Shape(page.whole(clean, None, "vm")).elements
    shape = _Shape(html)
    # The health's word may move a mount to another group; no element may be new.
    assert {tag for tag, _ in shape.elements} <= {tag for tag, _ in expected} | {"p", "code", "span"}
    assert not any(name.startswith("on") for _, attributes in shape.elements for name in attributes)
    assert [tag for tag, _ in shape.elements].count("script") == 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202e]", html.decode())


def test_a_daemon_that_does_not_answer_calls_nothing_well() -> None:
    html = page.whole(Silence("s3mountd is not running"), answer("healthy"), "vm")
    shape = _Shape(html)
    assert "s3mountd does not answer" in shape.said
    assert ("div", {"class": "stale"}) in shape.elements
    assert not any("mounts are well" in said for said in shape.said)
    assert mounts(html)
    assert mounts(page.whole(Silence("s3mountd is not running"), None, "vm")) == []


def test_nothing_is_fetched_from_elsewhere() -> None:
    for _, attributes in _Shape(page.whole(answer("sick"), None, "vm")).elements:
        for name in ("src", "href"):
            target = attributes.get(name) or "/"
            assert re.match(r"/(?!/)|#", target)
        assert "style" not in attributes


def test_faults_of_the_configuration_are_shown() -> None:
    assert any("there is no region" in said for said in _Shape(page.part(answer("sick"), None)).said)


def test_an_event_is_one_event_whatever_it_holds() -> None:
    sent = frame("changed", '{"a":"b"}\n\nevent: daemon\r\ndata: x\ry')
    assert sent == b'event: changed\ndata: {"a":"b"}\ndata: \ndata: event: daemon\ndata: data: x\ndata: y\n\n'

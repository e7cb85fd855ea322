"""What people see, against golden texts."""

import re

import pytest

from mountd.cli import render
from mountd.cli.text import Style, columns, moment
from mountd.words.errors import FAULTS
from tests.unit.cli.canned import document, golden, mount

PAGE = Style(80)
ESCAPE = re.compile(r"\x1b\[\d+m")
HOSTS = ("healthy", "sick", "nasty", "empty", "shared")


@pytest.mark.parametrize("host", HOSTS)
def test_status(host: str) -> None:
    assert render.status(document(host), PAGE) == golden(f"status_{host}")


@pytest.mark.parametrize("host", ["healthy", "sick"])
def test_details(host: str) -> None:
    assert render.details(document(host), PAGE) == golden(f"details_{host}")


@pytest.mark.parametrize("name", ["plan", "plan_refused", "plan_nothing"])
def test_plan(name: str) -> None:
    assert render.plan(document(name), PAGE) == golden(name)


def test_listing() -> None:
    assert render.listing(document("healthy")["mounts"], PAGE) == golden("list_healthy")


@pytest.mark.parametrize("host", HOSTS)
def test_status_fits_80_columns(host: str) -> None:
    assert max(columns(line) for line in render.status(document(host), PAGE)) <= 80


@pytest.mark.parametrize("host", HOSTS)
def test_colours_add_nothing_but_colours(host: str) -> None:
    coloured = render.status(document(host), Style(80, colour=True))
    assert [ESCAPE.sub("", line) for line in coloured] == golden(f"status_{host}")
    assert host == "empty" or "\x1b[1m" in "".join(coloured)


def test_a_wide_terminal_shortens_nothing() -> None:
    lines = render.status(document("sick"), Style(300))
    table = lines[3:11]
    assert "/home/rob/projects/very/deep/tree/of/folders/for/data" in "\n".join(table)
    assert "…" not in "\n".join(table)


def test_a_server_cannot_write_to_the_terminal() -> None:
    text = "\n".join(render.status(document("nasty"), PAGE) + render.details(document("nasty"), PAGE))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "/mnt/\\x1b[31mred\\nline" in text


def test_every_sick_mount_has_its_reason_and_what_mends_it() -> None:
    text = "\n".join(" ".join(line.split()) for line in render.status(document("sick"), Style(300)))
    for one in document("sick")["mounts"]:
        if one["reason"] and one["state"] != "disabled":
            assert re.search(rf"{one['name']} \(\w+\): {re.escape(one['reason']['text'])}", text)
            assert f"to mend {one['reason']['hint']}" in text


def test_a_cause_of_several_mounts_is_told_once() -> None:
    lines = render.status(document("shared"), PAGE)
    assert sum("refuses connections" in line for line in lines) == 1
    assert "10 mounts: https://s3.kopah.uw.edu refuses connections" in lines
    assert "own (failed): https://s3.kopah.uw.edu refuses access to own" in lines


def test_a_mount_that_is_being_tried_says_so() -> None:
    lines = render.trouble(mount(state="waiting", health="down"), moment("2026-11-22T13:40:00Z"), PAGE)
    assert "  next try    now, under way" in lines


def test_a_failure_of_one_line() -> None:
    assert render.failure("no-such-mount", "'erods'", {}, PAGE) == [
        "s3mountctl: there is no mount called 'erods'", "            run: s3mountctl list"]


def test_a_failure_of_many_lines() -> None:
    assert render.failure("config-invalid", "a:1: one\nb:2: two", {}, PAGE) == [
        "s3mountctl: the configuration has faults: see below", "  - a:1: one", "  - b:2: two",
        "            run: s3mountctl check"]


@pytest.mark.parametrize("code", FAULTS)
def test_no_failure_shows_an_empty_place(code: str) -> None:
    text = " ".join(render.failure(code, "x", {"name": "erdos"}, PAGE))
    assert "{" not in text
    assert text.startswith("s3mountctl: ")

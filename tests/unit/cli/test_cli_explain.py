"""``s3mountctl explain``: every page of every table."""

import json

import pytest

from mountd.cli.explain import PAGES
from mountd.cli.main import main
from mountd.cli.text import Style, columns
from mountd.words.errors import FAULTS
from mountd.words.providers import PROVIDERS
from mountd.words.topics import TOPICS


def test_every_row_of_every_table_has_its_page_and_no_two_share_a_name() -> None:
    assert list(PAGES) == [*FAULTS, *TOPICS, *(f"provider/{name}" for name in PROVIDERS)]


@pytest.mark.parametrize("name", PAGES)
def test_every_page_fits_and_has_no_holes(name: str) -> None:
    lines = PAGES[name].shown(Style(80))
    assert lines[0] == name
    assert max(columns(line) for line in lines) <= 80
    assert "{" not in "".join(lines)


def test_the_table_fits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(PAGES)
    assert max(columns(line) for line in lines) <= 80


def test_a_fault_tells_meaning_mending_and_retries(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "bucket-missing"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "there is no bucket BUCKET at ENDPOINT" in text
    assert "again after 30s, then at growing distance up to 10min" in text


def test_a_provider_tells_what_was_measured_and_what_was_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "provider/ceph"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "proven with RGW 16.2.15 (reading) and 18.2.7" in text
    assert "rename: on Ceph mv, sed -i and rsync leave empty files and report success (measured" in text
    assert main(["explain", "provider/wasabi"]) == 0
    assert "proven not here: from documents" in " ".join(capsys.readouterr().out.split())


def test_for_a_machine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["code"] for row in rows] == list(PAGES)
    assert all({"code", "class", "text", "hint", "story"} <= row.keys() for row in rows)


def test_a_mistyped_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "bucket-mising"]) == 64
    assert "did you mean 'bucket-missing'?" in capsys.readouterr().err

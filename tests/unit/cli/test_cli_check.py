"""``s3mountctl check`` with files: every fault, with its place, and the exit status."""

import json
from pathlib import Path

import pytest

from mountd.cli.main import main

GOOD = '[[mount]]\nname = "erdos"\nbucket = "erdos-2304"\nfolder = "/srv/erdos"\n'
BAD = '[[mount]]\nbucket = "erdos-2304"\nfolder = "erdos"\nallow_delet = true\n'


@pytest.fixture
def draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of the caller's own, and no mount-s3 on the way to warnings."""
    monkeypatch.setenv("PATH", "/nonexistent")
    return tmp_path / "draft.toml"


def test_a_good_file(draft: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draft.write_text(GOOD)
    assert main(["check", str(draft)]) == 0
    assert capsys.readouterr().out == "1 mount, no faults.\n"


def test_every_fault_is_shown_with_its_place(draft: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draft.write_text(BAD)
    assert main(["check", str(draft)]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert [line.rsplit(".toml:", 1)[1].split(":")[0] for line in lines] == ["3", "4"]
    assert all(line.startswith(f"{draft}:") for line in lines)
    assert "allow_delete" in lines[1]


def test_a_file_that_is_not_there(draft: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(draft)]) == 2
    assert capsys.readouterr().out == f"{draft}: cannot be read: No such file or directory\n"


def test_faults_of_several_files_at_once(draft: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draft.write_text(BAD)
    other = draft.with_name("other.toml")
    other.write_bytes(b"\xff\xfe")
    assert main(["check", str(draft), str(other)]) == 2
    out = capsys.readouterr().out
    assert f"{other}: is not UTF-8" in out
    assert f"{draft}:4" in out


def test_for_a_machine(draft: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draft.write_text(BAD)
    assert main(["check", "--json", str(draft)]) == 2
    found = json.loads(capsys.readouterr().out)
    assert [(one["place"]["file"], one["place"]["line"]) for one in found["problems"]] == [
        (str(draft), 3), (str(draft), 4)]


def test_an_option_that_is_too_new_is_a_warning(draft: Path, capsys: pytest.CaptureFixture[str],
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    worker = draft.with_name("mount-s3")
    worker.write_text("#!/bin/sh\necho mount-s3 1.20.0\n")
    worker.chmod(0o755)
    monkeypatch.setenv("PATH", str(draft.parent))
    draft.write_text(f"{GOOD}memory_target = 1024\n")
    assert main(["check", str(draft)]) == 1
    said = capsys.readouterr()
    assert said.out == "1 mount, no faults.\n"
    assert said.err.startswith(f"warning: {draft}:")
    assert "needs mount-s3 1.24; installed is 1.20.0" in said.err


def test_a_webhook_that_everybody_can_read_is_a_note(draft: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draft.write_text('[daemon]\nwebhook = "https://hooks.example.org/planted"\n')
    for mode, said in ((0o644, True), (0o600, False)):
        draft.chmod(mode)
        assert main(["check", str(draft)]) == 0
        shown = capsys.readouterr()
        assert ("chmod 600" in shown.err) is said
        assert "planted" not in shown.err + shown.out

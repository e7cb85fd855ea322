"""The command line itself: usage, help, what needs no daemon."""

import os
from pathlib import Path

import pytest

from mountd import __version__
from mountd.cli.client import Client
from mountd.cli.commands import COMMANDS
from mountd.cli.main import main


def usage_error(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run what must be refused; gives what was said."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 64
    said = capsys.readouterr()
    assert said.out == ""
    return said.err


@pytest.mark.parametrize(("words", "said"), [
    (["stauts"], "there is no command 'stauts'; did you mean 'status'?"),
    (["stat"], "there is no command 'stat'; did you mean 'status'?"),
    (["qqq"], "there is no command 'qqq'\n"),
    (["--jsn"], "there is no option '--jsn'"),
    (["status", "--jsno"], "there is no option '--jsno'; did you mean '--json'?"),
    (["start", "--al"], "there is no option '--al'; did you mean '--all'?"),
    (["plan", "erdos"], "there is no argument 'erdos'"),
    (["start"], "name the mounts, or say --all"),
    (["stop", "erdos", "--all"], "either names or --all, not both"),
    (["wait"], "required: NAME"),
    (["wait", "erdos", "--timeout", "soon"], "'soon' is not a span of time; write 30s, 5min or 1h"),
    (["logs", "erdos", "-n", "many"], "'many' is not a number"),
])
def test_usage_errors(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    err = usage_error(capsys, *words)
    assert said in err
    assert "--help" in err


def test_no_command_shows_all(capsys: pytest.CaptureFixture[str]) -> None:
    err = usage_error(capsys)
    assert all(f"  {name} " in err for name in COMMANDS)


@pytest.mark.parametrize("words", [["--help"], *([name, "--help"] for name in COMMANDS)])
def test_help_fits_80_columns(capsys: pytest.CaptureFixture[str], words: list[str],
                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert not ended.value.code
    out = capsys.readouterr().out
    assert out.startswith("usage: s3mountctl")
    assert max(map(len, out.splitlines())) <= 80


def test_version_of_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"s3mountctl {__version__}\n"


def journalctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    """One that writes down what it is asked, and then does this."""
    program = tmp_path / "journalctl"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > "$0.args"\n{does}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


def knows(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """A daemon is there, with mounts of these names."""
    monkeypatch.setattr(Client, "__init__", lambda _self: None)
    monkeypatch.setattr(Client, "status", lambda _self: {"mounts": [{"name": name} for name in names]})


def test_logs_of_a_name_that_is_mistyped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                         capsys: pytest.CaptureFixture[str]) -> None:
    knows(monkeypatch, "erdos", "runs")
    journalctl(tmp_path, monkeypatch, "exit 1")
    assert main(["logs", "erdso"]) == 64
    assert "there is no mount called 'erdso'; did you mean 'erdos'?" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["erdos", "gone"])
def test_logs_of_a_mount_that_is_or_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    knows(monkeypatch, "erdos")
    journalctl(tmp_path, monkeypatch, "echo a line")
    child = os.fork()
    if not child:
        try:
            main(["logs", name])
        finally:
            os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (tmp_path / "journalctl.args").read_text().splitlines()[-1] == "--no-hostname"


def test_logs_becomes_journalctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
    journalctl(tmp_path, monkeypatch, "exit 5")
    child = os.fork()
    if not child:
        try:
            main(["logs", "-f", "-n", "7", "erdos"])
        finally:
            os._exit(99)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
    assert (tmp_path / "journalctl.args").read_text().splitlines() == [
        "S3MOUNT_NAME=erdos", "--lines=7", "--no-hostname", "--follow"]


def test_logs_without_journalctl(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert main(["logs", "erdos"]) == 2
    assert "cannot run journalctl: No such file or directory" in capsys.readouterr().err

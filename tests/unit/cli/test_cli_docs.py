"""Man pages and completions are made from the tables; the committed pages have not drifted."""

import subprocess
from pathlib import Path

import pytest

from docs.gen import build
from docs.gen.parts import PARTS
from mountd.cli.commands import COMMANDS
from mountd.words.keys import DAEMON_KEYS, MOUNT_KEYS
from mountd.words.options import OPTIONS

MANUALS = ("s3mountctl.1", "s3mountd.8", "s3mountd.toml.5")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a build."""
    out = tmp_path_factory.mktemp("generated")
    build.build(out)
    return out


def test_no_drift_of_committed_pages() -> None:
    assert build.drift() == ""


def test_drift_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PARTS, "codes", lambda: "something else")
    assert "+something else" in build.drift()


def test_a_part_that_nothing_makes_is_refused() -> None:
    with pytest.raises(KeyError, match="weather"):
        build.refreshed("<!-- begin weather -->\n<!-- end weather -->\n")


@pytest.mark.parametrize("name", MANUALS)
def test_man_pages_are_without_warnings(made: Path, name: str) -> None:
    ran = subprocess.run(["man", "--warnings", "-l", made / "man" / name], capture_output=True, text=True, check=True,
                         env={"PATH": "/usr/bin:/bin", "MANWIDTH": "80", "LC_ALL": "C.UTF-8"})
    assert ran.stderr == ""
    assert "NAME" in ran.stdout
    assert "<!--" not in ran.stdout
    assert "**" not in ran.stdout
    assert "@VERSION@" not in ran.stdout


def test_every_command_and_every_key_is_in_the_manual(made: Path) -> None:
    control = (made / "man/s3mountctl.1").read_text(encoding="utf-8")
    config = (made / "man/s3mountd.toml.5").read_text(encoding="utf-8")
    assert all(f".SS {name}" in control for name in COMMANDS)
    assert all(rf"\fB{name}\fP" in config.replace("\\_", "_") for name in [*OPTIONS, *MOUNT_KEYS, *DAEMON_KEYS])


def bash_offers(made: Path, *words: str) -> list[str]:
    """What bash completes for the last of the words; two mounts are there."""
    script = ('. "$1"; shift; s3mountctl() { printf "erdos\\nkopah\\n"; }; COMP_WORDS=("$@"); '
              'COMP_CWORD=$(($# - 1)); _s3mountctl; printf "%s\\n" "${COMPREPLY[@]}"')
    ran = subprocess.run(["bash", "-c", script, "bash", made / "completions/bash/s3mountctl", "s3mountctl", *words],
                         capture_output=True, text=True, check=True, cwd=made)
    assert ran.stderr == ""
    return ran.stdout.split()


@pytest.mark.parametrize(("words", "offers"), [
    (["st"], ["status", "start", "stop"]),
    (["status", "e"], ["erdos"]),
    (["status", "--j"], ["--json"]),
    (["wait", "erdos", ""], ["erdos", "kopah"]),
    (["wait", "--timeout", ""], []),
    (["explain", "bucket-m"], ["bucket-missing"]),
    (["bucket", "po"], ["policy-check"]),
    (["nonsense", ""], []),
])
def test_bash_completion(made: Path, words: list[str], offers: list[str]) -> None:
    assert bash_offers(made, *words) == offers


def test_bash_completes_every_command(made: Path) -> None:
    assert set(COMMANDS) <= set(bash_offers(made, ""))


def test_fish_completion(made: Path) -> None:
    script = 'function s3mountctl; printf "erdos\\nkopah\\n"; end; source $argv[1]; complete -C "s3mountctl status e"'
    ran = subprocess.run(["fish", "--no-config", "-c", script, made / "completions/fish/s3mountctl.fish"],
                         capture_output=True, text=True, check=True)
    assert (ran.stdout.split(), ran.stderr) == (["erdos"], "")


def test_zsh_completion_is_found_and_reads(made: Path) -> None:
    script = ("fpath=($1 $fpath); autoload -U compinit; compinit -u -D; print $_comps[s3mountctl]; "
              "autoload -U +X _s3mountctl && whence -w _s3mountctl")
    ran = subprocess.run(["zsh", "-f", "-c", script, "zsh", made / "completions/zsh"],
                         capture_output=True, text=True, check=True)
    assert ran.stdout.split("\n")[:2] == ["_s3mountctl", "_s3mountctl: function"]
    subprocess.run(["zsh", "-n", made / "completions/zsh/_s3mountctl"], check=True)

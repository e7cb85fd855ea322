"""What a person reads and types: codes, pages, 80 columns, completions."""

from __future__ import annotations

import json

import pytest

from tests.machine import Machine
from tests.machine.inside import Result
from tests.system.kit import CONFIG, configure, mount, standin, wait_for, wait_ok
from tests.system.test_cli import AWAY, FAULTS, OFF, ONE, TWO

pytestmark = pytest.mark.once("13")

LONG = mount("a-name-that-goes-on-for-quite-a-while-2026", "no-such-bucket-but-with-a-very-long-name-all-the-same",
             folder="/srv/projects/of/the/institute/measurements/of/2026/spectrometer")


def _ctl(machine: Machine, words: str) -> Result:
    return machine.run(f"s3mountctl {words}", check=False)


def test_explain_knows_every_code(machine: Machine) -> None:
    codes = [row["code"] for row in json.loads(_ctl(machine, "explain --json").stdout)]
    assert len(codes) > 25
    listed = _ctl(machine, "explain").stdout
    assert all(code in listed for code in codes)
    told = _ctl(machine, "explain bucket-missing").stdout
    assert "bucket" in told
    assert all(len(line) <= 80 for line in (listed + told).splitlines())
    assert "did you mean 'bucket-missing'" in _ctl(machine, "explain bucket-mising").stderr


def test_everything_a_person_reads_fits_80_columns(machine: Machine) -> None:
    with standin(machine, **FAULTS, **{str(LONG["bucket"]): FAULTS["no_such_bucket"]}):
        configure(machine, ONE, AWAY, LONG, OFF)
        wait_ok(machine, "one")
        wait_for(machine, str(LONG["name"]), state="failed")
        wait_for(machine, "away", state="waiting")
        _fits(machine)


def _fits(machine: Machine) -> None:
    for words in ("status", "list", "status one", f"status {LONG['name']}", "plan", "--help", "reload --help",
                  f"wait away {LONG['name']} --timeout 1s"):
        ended = _ctl(machine, words)
        # A path or command stays whole, for it is there to be copied.
        wide = [line for line in (ended.stdout + ended.stderr).splitlines() if len(line) > 80 and " " in line.strip()]
        assert wide == [], words
    shown = _ctl(machine, "status").stdout
    assert "no-such-bucket" in shown
    assert "mounts.toml:" in shown, "it says which line mends it"
    assert "next try" in shown.lower()


def test_a_closed_pipe_is_no_drama(machine: Machine) -> None:
    configure(machine, ONE)
    ended = machine.run("s3mountctl explain | head -1")
    assert (ended.stderr, len(ended.stdout.splitlines())) == ("", 1)


COMPLETE = r"""
. /usr/share/bash-completion/completions/s3mountctl
read -ra COMP_WORDS <<<"$1"
[[ $1 == *" " ]] && COMP_WORDS+=("")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_s3mountctl
printf '%s\n' "${COMPREPLY[@]}"
"""


def test_bash_completes_commands_mounts_codes_and_options(machine: Machine) -> None:
    configure(machine, ONE, TWO, mount("other"))

    def offered(typed: str, user: str | None = None) -> list[str]:
        return machine.run(["bash", "-c", COMPLETE, "bash", typed], user=user).stdout.split()

    assert offered("s3mountctl sta") == ["status", "start"]
    assert offered("s3mountctl stop o") == ["one", "other"]
    assert offered("s3mountctl stop one t", user="rob") == ["two"]
    assert offered("s3mountctl explain bucket-m") == ["bucket-missing"]
    assert "--timeout" in offered("s3mountctl wait --")
    assert f"{CONFIG}" in offered("s3mountctl check /etc/s3mountd/mounts.t")
    assert offered("s3mountctl version ") == []
    machine.run("systemctl stop s3mountd")
    assert offered("s3mountctl stop o") == []


@pytest.mark.parametrize("page", ["s3mountd.8", "s3mountctl.1", "s3mountd.toml.5"])
def test_man_pages_render_without_a_warning(machine: Machine, page: str) -> None:
    ended = machine.run(f"man --warnings -l /usr/share/man/man{page[-1]}/{page}.gz", env={"MANWIDTH": "80"})
    assert ended.stderr == ""
    assert "NAME" in ended.stdout
    wide = [line for line in ended.stdout.splitlines() if len(line) > 80]
    assert all(line.lstrip().startswith("s3mountctl ") for line in wide), "only commands to be copied may be longer"

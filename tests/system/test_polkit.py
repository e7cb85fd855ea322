"""Who may manage mounts without sudo: an administrator who sits at the machine, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.machine import Machine
from tests.system.kit import PYTHON, configure, look, mount, wait_ok

SESSION = (Path(__file__).parent / "session.py").read_text()


@pytest.fixture
def administrator(machine: Machine) -> Iterator[Machine]:
    """A machine on which rob is an administrator, with one mount."""
    configure(machine, mount("one"))
    wait_ok(machine, "one")
    machine.run("adduser --quiet rob sudo || gpasswd -a rob sudo")
    yield machine
    machine.run("gpasswd -d rob sudo")


def at(machine: Machine, seat: str, command: str) -> int:
    """The exit status of a command of rob's, in a session there."""
    return machine.run([PYTHON, "-c", SESSION, "rob", seat, "sh", "-c", command], check=False).returncode


def test_an_administrator_at_the_machine_needs_no_sudo(administrator: Machine) -> None:
    machine = administrator
    assert at(machine, "seat0", "s3mountctl stop one && s3mountctl start one && s3mountctl reload") == 0
    assert look(machine, "one")["state"] == "mounted"


def test_from_afar_or_without_a_session_he_does(administrator: Machine) -> None:
    machine = administrator
    assert at(machine, "-", "s3mountctl stop one") == 2
    assert machine.run("s3mountctl stop one", user="rob", check=False).returncode == 2
    assert look(machine, "one")["state"] == "mounted"


def test_who_is_no_administrator_may_not(machine: Machine) -> None:
    configure(machine, mount("one"))
    wait_ok(machine, "one")
    assert at(machine, "seat0", "s3mountctl stop one") == 2
    assert look(machine, "one")["state"] == "mounted"

"""A user who owns a folder above a mount puts a link there: nothing is mounted, made or taken away where it leads."""

from __future__ import annotations

import pytest

from tests.machine import Machine
from tests.system.kit import configure, mount, mounts_on, wait_for, wait_ok

pytestmark = pytest.mark.once

LINK = "cd /home/rob && mv deep old && ln -s /srv/victim deep"


@pytest.fixture
def victim(machine: Machine) -> Machine:
    """A mount below rob's home, and a folder that is not rob's."""
    machine.run("mkdir -p /srv/victim/x")
    machine.run("rm -rf /home/rob/deep /home/rob/old && mkdir -p /home/rob/deep/x", user="rob")
    configure(machine, mount("x", folder="/home/rob/deep/x"))
    wait_ok(machine, "x")
    return machine


def test_a_link_in_place_of_a_folder_above_gets_nothing(victim: Machine) -> None:
    machine = victim
    machine.run("s3mountctl stop x")
    machine.run(LINK, user="rob")
    done = machine.run("s3mountctl start x", check=False)
    assert done.returncode != 0
    assert "a link in its path is not followed" in " ".join(done.stdout.split())
    assert mounts_on(machine, "/srv/victim/x") == []
    # Nor when the configuration is read again, or by a new daemon.
    machine.run("s3mountctl reload --no-wait")
    machine.run("systemctl restart s3mountd")
    wait_for(machine, "x", code="folder-unusable")
    assert mounts_on(machine, "/srv/victim/x") == []


def test_another_mount_is_not_taken_away_by_a_link(victim: Machine) -> None:
    machine = victim
    machine.run(f"mount -t tmpfs tmpfs /srv/victim/x && {LINK}")
    machine.run("s3mountctl stop x --no-wait", check=False)
    machine.run("systemctl restart s3mountd")
    machine.wait_until(lambda: machine.run("s3mountctl list --names", check=False).stdout == "x\n", 10, "it is up")
    assert mounts_on(machine, "/srv/victim/x") == ["tmpfs tmpfs"]
    machine.run("umount /srv/victim/x; rm /home/rob/deep")

"""`python3 -m tests.demo.demo`: from nothing to five mounts in a booted Debian machine, every step shown.

The machine is left running for `make shell`; the next run makes it anew. Exit status 0 only if every step did
what it says.
"""

from __future__ import annotations

import sys

from tests.bench import rig
from tests.demo.show import Show
from tests.demo.steps import EVERYDAY, install
from tests.demo.trouble import TROUBLE
from tests.machine.__main__ import DEMO
from tests.machine.cache import say
from tests.machine.equip import package
from tests.machine.inside import Result
from tests.machine.machine import Machine, machines_dir
from tests.s3.seaweed import Seaweed
from tests.setup.worker import worker

RELEASE = "12"


def fresh_machine() -> Machine:
    """A new machine of that name; the one of an earlier run goes. With the worker and the gauges, no package."""
    if (machines_dir() / DEMO).exists():
        say("removing the machine of the last demonstration")
        Machine.attach(DEMO).destroy()
    machine = Machine.create(RELEASE, DEMO)
    try:
        say("booting a Debian 12 machine (5 seconds)")
        machine.boot()
        version = machine.install_worker(worker())
        say(f"in it is {version}")
        rig.prepare(machine)
    except BaseException:
        machine.destroy()
        raise
    return machine


def play(show: Show, machine: Machine) -> int:
    """All steps on that machine; the exit status."""

    def run(command: str, user: str | None) -> Result:
        folder = f"cd /home/{user} && " if user else ""
        return machine.run(folder + command, check=False, user=user, timeout=180,
                           env={"COLUMNS": "80", "DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_COLORS": "0"})

    show.run = run
    install(show, machine, package())
    for step in (*EVERYDAY, *TROUBLE):
        step(show, machine)
    return show.end()


def main() -> int:
    """Make the machine, play, keep it, say how to get in."""
    Seaweed.binary()
    machine = fresh_machine()
    try:
        status = play(Show(total=1 + len(EVERYDAY) + len(TROUBLE)), machine)
    except BaseException:
        machine.destroy()
        raise
    machine.keep()
    print("\nThe machine still runs. Look around in it:  make shell", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())

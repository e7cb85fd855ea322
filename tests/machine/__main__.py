"""Machines by hand: `python3 -m tests.machine boot|shell|list|destroy|prepare`, as `make machine` does."""

from __future__ import annotations

import argparse
import sys

from tests.machine.cache import say
from tests.machine.equip import equip
from tests.machine.machine import Machine, machines_dir
from tests.machine.rootfs import SUITES, rootfs
from tests.s3.seaweed import Seaweed

DEMO = "demo"
"""The machine that `make demo` leaves."""


def main() -> int:
    """Parse the command line and do it; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.machine", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    boot = verbs.add_parser("boot", help="boot a machine with package, worker and S3, and keep it")
    boot.add_argument("--release", choices=sorted(SUITES), default="12")
    boot.add_argument("--bare", action="store_true", help="install nothing into it")
    boot.add_argument("name", nargs="?", help="default: debRELEASE; one that is kept and off is booted again")
    shell = verbs.add_parser("shell", help="a shell in a kept machine (needs a terminal)")
    shell.add_argument("--user", help="default: root")
    shell.add_argument("name", nargs="?", help="default: that of make demo, else the only kept one")
    verbs.add_parser("list", help="the machines that are there")
    destroy = verbs.add_parser("destroy", help="remove machines and all that is in them")
    destroy.add_argument("names", nargs="+", help="only those named: others may be somebody else's")
    destroy.add_argument("--if-there", action="store_true", help="an unknown name is no fault")
    verbs.add_parser("prepare", help="make what all machines need, which may take minutes")
    args = parser.parse_args()
    return int(globals()[f"do_{args.verb}"](args))


def do_boot(args: argparse.Namespace) -> int:
    """Make or find the machine, boot it, equip it, keep it, say how to get in."""
    name = args.name or f"deb{args.release}"
    if (machines_dir() / name).exists():
        machine = Machine.attach(name)
        if machine.leader is None:
            machine.boot()
    else:
        machine = Machine.create(args.release, name)
        try:
            machine.boot()
            if not args.bare:
                equip(machine)
        except BaseException:
            machine.destroy()
            raise
    machine.keep()
    say(f"machine {name} (Debian {machine.release}) runs; enter it: python3 -m tests.machine shell {name}")
    return 0


def do_shell(args: argparse.Namespace) -> int:
    """An interactive shell; status 64 without a terminal or without one clear machine."""
    running = {machine.name: machine for name in _names() if (machine := Machine.attach(name)).leader}
    kept = [name for name, machine in running.items() if machine.kept]
    name = args.name or (DEMO if DEMO in kept else kept[0] if len(kept) == 1 else None)
    if name not in running:
        say(f"which machine? running: {', '.join(running) or 'none (make demo and make machine leave one)'}")
        return 64
    if not sys.stdin.isatty():
        say(f"a shell needs a terminal; in one, as root: python3 -m tests.machine shell {name}")
        return 64
    return Machine.attach(name).shell(args.user)


def do_list(_: argparse.Namespace) -> int:
    """One line per machine."""
    for name in _names():
        machine = Machine.attach(name)
        state = "running" if machine.leader else "off"
        print(f"{name}  Debian {machine.release}  {state}  {'kept' if machine.kept else 'of a test run'}")
    return 0


def do_destroy(args: argparse.Namespace) -> int:
    """Destroy the named machines and no others; status 1, and nothing done, when a name is unknown."""
    unknown = [name for name in args.names if name not in _names()]
    if unknown and not args.if_there:
        say(f"no such machine: {', '.join(unknown)}")
        return 1
    for name in sorted(set(args.names) - set(unknown)):
        Machine.attach(name).destroy()
        say(f"machine {name} destroyed")
    return 0


def do_prepare(_: argparse.Namespace) -> int:
    """Root file systems and S3 server, so that long steps show their progress before a test run hides it."""
    Seaweed.binary()
    for release in SUITES:
        rootfs(release)
    return 0


def _names() -> list[str]:
    return sorted(path.parent.name for path in machines_dir().glob("*/owner.json"))


if __name__ == "__main__":
    sys.exit(main())

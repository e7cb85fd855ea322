"""`make bench`: the figures of the design, each as a ratio to a peer in the same run, in one machine.

Prints a table; writes nothing into the repository unless asked to by `--write FILE`. The exit status says
whether the figures could be taken, not whether they please.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench import fronts, measure, report, rig
from tests.bench.report import Row
from tests.machine.cache import say
from tests.machine.equip import equip
from tests.machine.machine import Machine
from tests.machine.rootfs import SUITES

MEASURES: dict[str, tuple[str, Callable[[Machine, argparse.Namespace], list[Row]]]] = {
    "crash": ("workers killed, bare starts in between (60 seconds)", lambda machine, _: measure.crash(machine)),
    "standby": ("workers killed while a standby is ready (30 seconds)", lambda machine, _: measure.standby(machine)),
    "hang": ("workers stopped under a caller, until they are called hung (60 seconds)",
             lambda machine, _: measure.hang(machine)),
    "many": ("mounts from nothing, 3 times, bare ones in turn (15 seconds)",
             lambda machine, args: measure.many(machine, args.mounts)),
    "stream": ("a large file read, in turn (10 seconds)", lambda machine, _: measure.stream(machine)),
    "front": ("a large file read and written, by a front and without (60 seconds)",
              lambda machine, _: fronts.measure(machine)),
}


def main() -> int:
    """Boot, measure, print."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.bench", description=__doc__)
    parser.add_argument("--release", choices=sorted(SUITES), default="12")
    parser.add_argument("--mounts", type=int, default=20, help="how many at once (20)")
    parser.add_argument("--only", choices=sorted(MEASURES), action="append", help="this measurement; may be repeated")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the table there, as markdown")
    args = parser.parse_args()
    rows = list[Row]()
    with Machine.create(args.release) as machine:
        say("booting a machine and installing s3mountd (15 seconds)")
        machine.boot()
        equip(machine)
        rig.prepare(machine)
        for name, (words, taken) in MEASURES.items():
            if not args.only or name in args.only:
                say(words)
                rows += taken(machine, args)
    print(report.plain(rows))
    load = os.getloadavg()[0]
    about = f"Debian {args.release} machine, {os.cpu_count()} cores, load of the host {load:.1f}; medians."
    print(f"\n{about}")
    if args.write:
        args.write.write_text(report.markdown(rows, f"{about} Printed by `make bench`."))
    return 0


if __name__ == "__main__":
    sys.exit(main())

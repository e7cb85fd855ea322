"""`make bench`: the figures of the design, each as a ratio to a peer in the same run, in one machine.

Prints a table; writes nothing into the repository unless asked to by `--write FILE`. The exit status says
whether the figures could be taken, not whether they please.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.bench import measure, report, rig
from tests.machine.cache import say
from tests.machine.equip import equip
from tests.machine.machine import Machine
from tests.machine.rootfs import SUITES


def main() -> int:
    """Boot, measure, print."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.bench", description=__doc__)
    parser.add_argument("--release", choices=sorted(SUITES), default="12")
    parser.add_argument("--mounts", type=int, default=20, help="how many at once (20)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the table there, as markdown")
    args = parser.parse_args()
    with Machine.create(args.release) as machine:
        say("booting a machine and installing s3mountd (15 seconds)")
        machine.boot()
        equip(machine)
        rig.prepare(machine)
        say("workers killed, bare starts in between (60 seconds)")
        rows = measure.crash(machine)
        rows += measure.standby(machine)
        say("workers stopped under a caller, until they are called hung (60 seconds)")
        rows += measure.hang(machine)
        say(f"{args.mounts} mounts from nothing, 3 times, bare ones in turn (15 seconds)")
        rows += measure.many(machine, args.mounts)
        say("a large file read, in turn (10 seconds)")
        rows += measure.stream(machine)
    print(report.plain(rows))
    load = os.getloadavg()[0]
    about = f"Debian {args.release} machine, {os.cpu_count()} cores, load of the host {load:.1f}; medians."
    print(f"\n{about}")
    if args.write:
        args.write.write_text(report.markdown(rows, f"{about} Printed by `make bench`."))
    return 0


if __name__ == "__main__":
    sys.exit(main())

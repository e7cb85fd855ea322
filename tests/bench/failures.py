"""docs/failures.md: what is said of each failure, and how soon. ``python3 -m tests.bench.failures`` writes its table.

One machine, one failure after the other, so that the figures are those of a machine that has nothing else to do.
"""

from __future__ import annotations

import argparse
import os
import sys

from tests.bench.pages import table, write
from tests.machine.cache import REPO, say
from tests.machine.equip import equip
from tests.machine.failures import FAILURES, PROMISE, Failure, Told, happening, stage, tell
from tests.machine.machine import Machine
from tests.machine.reset import reset
from tests.machine.rootfs import SUITES

PAGE = REPO / "docs/failures.md"
_HEAD = ("failure", "how it is made", "status, after", "what it says", "what mends it")


def measure(release: str) -> dict[str, Told]:
    """What the status said of each failure, by its name. Raises TimeoutError where it said something else."""
    found = {}
    with Machine.create(release) as machine:
        machine.boot()
        equip(machine)
        for failure in FAILURES:
            reset(machine)
            with stage(machine), happening(machine, failure):
                found[failure.name] = tell(machine, {"erdos": failure})["erdos"]
            say(f"{failure.name}: {found[failure.name].code} after {found[failure.name].seconds:.1f} s")
    return found


def row(failure: Failure, told: Told) -> tuple[str, ...]:
    """A line of the table."""
    how = f"{failure.how} (stand-in)" if failure.stands_in else failure.how
    return failure.name, how, f"`{told.code}`, {told.seconds:.1f} s", _cell(told.text), _cell(told.hint)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def page(release: str, found: dict[str, Told]) -> str:
    """What stands between the markers."""
    late = [name for name, told in found.items() if told.seconds > PROMISE]
    load = os.getloadavg()[0]
    about = (f"Debian {release} machine, {os.cpu_count()} cores, load of the host {load:.1f}; one run each. Later "
             f"than {PROMISE:.0f} s: {', '.join(late) or 'none'}.")
    return f"{about}\n\n{table(_HEAD, [row(failure, found[failure.name]) for failure in FAILURES])}"


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.bench.failures", description=__doc__)
    parser.add_argument("--release", choices=sorted(SUITES), default="12")
    args = parser.parse_args()
    say(f"{len(FAILURES)} failures, one after the other (three minutes)")
    text = page(args.release, measure(args.release))
    print(text)
    write(PAGE, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""docs/guide/getting-started.md: from packages to the first file in a bucket, timed.

``python3 -m tests.bench.newcomer`` types the commands of ``tests/machine/newcomer.py``, for each store in a machine of
its own that has nothing of ours installed, and writes the table.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence

from tests.bench.pages import table, write
from tests.machine.cache import REPO, say
from tests.machine.machine import Machine
from tests.machine.newcomer import WAYS, Way, arrive
from tests.system import kit

PAGE = REPO / "docs/guide/getting-started.md"


def measure(way: Way) -> list[float]:
    """Seconds of each command; the store has the file then, or a TimeoutError is raised."""
    with Machine.create("12") as machine:
        machine.boot()
        arrive(machine, way)
        took = []
        for command in way.commands:
            begun = time.monotonic()
            machine.run(f"cd && {command}", user="rob", timeout=180)
            took.append(time.monotonic() - begun)
        kit.store(machine, "head_object", way.endpoint, Bucket=way.bucket, Key="notes.txt")
    return took


def page(found: Mapping[str, Sequence[float]]) -> str:
    """What stands between the markers."""
    rows = []
    for way in WAYS:
        took = found[way.name]
        rows += [(way.name if not number else "", f"`{command}`", f"{seconds:.1f} s")
                 for number, (command, seconds) in enumerate(zip(way.commands, took, strict=True))]
        rows.append(("", "in all", f"**{sum(took):.1f} s**"))
    about = (f"Debian 12 machine, {os.cpu_count()} cores, load of the host {os.getloadavg()[0]:.1f}; one run each, "
             "typed by a user with sudo at home.")
    return f"{table(('store', 'command', 'took'), rows)}\n\n{about}"


def main() -> int:
    """Measure, print, write."""
    found = {}
    for way in WAYS:
        say(f"from nothing to the first file: {way.name} (20 seconds)")
        found[way.name] = measure(way)
    text = page(found)
    print(text)
    write(PAGE, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

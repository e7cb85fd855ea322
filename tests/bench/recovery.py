"""docs/recovery.md: what survives which trouble, as measured. ``python3 -m tests.bench.recovery`` writes its tables.

Only what stands between the markers is replaced; every trouble has a machine of its own, several at a time.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from tests.bench import outages
from tests.bench.outages import LONG, SHORT, Move, Spell
from tests.bench.pages import BEGIN, END, table, write
from tests.machine.cache import REPO, say
from tests.machine.far import FAULTS, Far
from tests.machine.rootfs import SUITES

__all__ = ["BEGIN", "END", "write"]

PAGE = REPO / "docs/recovery.md"

NETWORK = {
    "unplugged": "link down",
    "blackhole": "all packets lost, DNS too",
    "dropped": "packets to S3 dropped",
    "reset": "firewall answers by reset",
    "prohibited": "firewall answers by ICMP",
    "nameless": "DNS gone",
    "slow": "server slow (1 s, 0.5 MB/s)",
    "overloaded": "503 SlowDown to all",
    "frozen": "server stopped (SIGSTOP)",
    "killed": "server killed, started later",
}
WORKERS: dict[str, Callable[[str], Spell]] = {
    "worker killed": partial(outages.lost, signal="KILL"),
    "the same, with standby": partial(outages.lost, signal="KILL", standby=True),
    "worker hangs (SIGSTOP)": partial(outages.lost, signal="STOP"),
}
MOVES: dict[str, Callable[[str], Move]] = {
    "the server's (DNS follows)": partial(outages.move, change=Far.elsewhere),
    "this machine's": partial(outages.move, change=Far.renumbered),
}


def _ending(found: tuple[str, float]) -> str:
    outcome, seconds = found
    return f"{'served' if outcome == 'ok' else outcome}, {_span(seconds)}"


def _writer(spell: Spell) -> str:
    return f"{_ending(spell.met['writer']).replace('served', 'closed')}: {spell.stored}"


def _handle(spell: Spell) -> str:
    lives = "" if spell.met["again"][0] == "ok" else f", then dead ({spell.met['again'][0]})"
    return _ending(spell.met["handle"]) + lives


def _told(spell: Spell) -> str:
    return f"{spell.code}, {_span(spell.told)}" if spell.told is not None else "stays ok"


def _span(seconds: float) -> str:
    return "never" if seconds == float("inf") else f"{max(seconds, 0.01):.2g} s" if seconds < 10 else f"{seconds:.0f} s"


def _network_rows(found: Mapping[str, Sequence[Spell]]) -> list[tuple[str, ...]]:
    return [
        (NETWORK[fault] if spell is spells[0] else "", f"{spell.lasted:.0f} s", _ending(spell.met["reader"]),
         _handle(spell), _writer(spell), _told(spell), _span(spell.served), _span(spell.bare), _span(spell.well),
         "YES" if spell.restarted else "no")
        for fault, spells in found.items() for spell in spells
    ]


def _worker_rows(found: Mapping[str, Spell]) -> list[tuple[str, ...]]:
    return [
        (name, _ending(spell.met["reader"]), _handle(spell), _writer(spell), spell.code, _span(spell.served),
         _span(spell.bare), _span(spell.well))
        for name, spell in found.items()
    ]


def _move_rows(found: Mapping[str, Move]) -> list[tuple[str, ...]]:
    return [
        (name, *map(_span, (*move.busy, *move.idle)), move.told, "YES" if move.restarted else "no")
        for name, move in found.items()
    ]


def _measured(release: str, at_once: int) -> dict[str, Any]:
    """Everything, so many machines at a time; raises what one of them raised, after all have ended."""
    runs: dict[str, Callable[[str], Any]] = {
        **MOVES, **{fault: partial(outages.network, fault=fault) for fault in FAULTS}, **WORKERS}
    with ThreadPoolExecutor(at_once) as pool:
        results = {name: pool.submit(run, release) for name, run in runs.items()}
    for name, result in results.items():
        if error := result.exception():
            say(f"{name}: {error}")
    return {name: result.result() for name, result in results.items()}


def tables(release: str, at_once: int) -> str:
    """Measure, and tell."""
    found = _measured(release, at_once)
    parts = (
        "### S3 or the network is away", "",
        table(("trouble", "for", "a new reader", "an open file", "an upload", "status, after", "S3 back: served",
                "by hand", "status ok", "restarted"), _network_rows({name: found[name] for name in FAULTS})), "",
        "### An address changes", "",
        table(("whose", "served after, while reading", "by hand", f"after {outages.IDLE:.0f} s of quiet",
                "by hand", "status", "restarted"), _move_rows({name: found[name] for name in MOVES})), "",
        "### A worker is gone", "",
        table(("trouble", "a new reader", "an open file", "an upload", "code", "served again", "by hand",
                "status ok"), _worker_rows({name: found[name] for name in WORKERS})),
    )
    about = (f"Debian {release} machines, {at_once} at a time, {os.cpu_count()} cores, load of the host "
             f"{os.getloadavg()[0]:.1f}; one run each; outages of {SHORT:.0f} and {LONG:.0f} s.")
    return "\n".join((about, "", *parts))


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.bench.recovery", description=__doc__)
    parser.add_argument("--release", choices=sorted(SUITES), default="12")
    parser.add_argument("--at-once", type=int, default=5, metavar="N", help="machines at a time (5)")
    args = parser.parse_args()
    say("troubles of all kinds, each in a machine of its own (ten minutes on two cores)")
    text = tables(args.release, args.at_once)
    print(text)
    write(PAGE, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

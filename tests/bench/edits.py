"""docs/write-safety.md: what everyday programs leave in a store, with s3mountd and with mount-s3 by hand.

``python3 -m tests.bench.edits`` writes the table between the page's markers.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench import rig
from tests.bench.losses import Files, Outcome, outcome
from tests.bench.pages import BEGIN, END, table, write
from tests.machine import ceph
from tests.machine.cache import REPO, say
from tests.machine.equip import equip
from tests.machine.kit import BUCKETS, ENDPOINT
from tests.machine.machine import Machine
from tests.system import kit

PAGE = REPO / "docs/write-safety.md"
STORES = {"Ceph RGW 18.2": "18", "SeaweedFS 4.48": "", "Ceph RGW 16.2": "16"}
WAYS = {"front": "by a front", "direct": "as asked", "read-only": "read-only"}
MODES = {"": ["allow_delete"], "allow_overwrite": ["allow_delete", "allow_overwrite"]}
PROGRAMS = ("git", "vim", "sqlite3", "python3-pandas", "python3-tables")
"""Debian packages that only this machine has."""
_BARE = "/mnt/bare"
_NAMED = 4
"""Files of a folder whose sizes are shown."""

__all__ = ["BEGIN", "END"]


@dataclass(frozen=True)
class Met:
    """What came of one program on one side, as the gauge found it."""

    name: str
    status: int
    said: str
    varies: Sequence[str]
    before: Files
    after: Files
    plain: Files

    @classmethod
    def read(cls, found: dict[str, Any]) -> Met:
        """From JSON, where a file is a list."""
        files = {key: {name: (size, digest) for name, (size, digest) in found[key].items()}
                 for key in ("before", "after", "plain")}
        return cls(**{**found, **files})

    @property
    def outcome(self) -> Outcome:
        """Lost, or not."""
        return outcome(self.status, self.before, self.after, self.plain, self.varies)

    @property
    def cell(self) -> str:
        """Exit status, outcome and bytes, as a reader sees them."""
        known = [name for name in dict.fromkeys([*self.before, *self.plain]) if {name} & {*self.before, *self.after}]
        sizes = [f"{name} {_size(self.before, name)}→{_size(self.after, name)}" for name in known[:_NAMED]]
        if len(known) > _NAMED:
            sizes.append(f"{len(known) - _NAMED} more files")
        # Names and number are the program's own affair, and no two runs would look alike.
        others = sorted({size for name, (size, _) in self.after.items() if name not in known})
        if others:
            sizes.append(f"temporary -→{', '.join(map(str, others))}")
        text = f"{self.status}, {self.outcome.value}"
        return f"{f'**{text}**' if self.outcome is Outcome.LOST else text} ({'; '.join(sizes)})"


def _size(files: Files, name: str) -> str:
    return str(files[name][0]) if name in files else "-"


def _gauge(machine: Machine, folder: str, endpoint: str, prefix: str) -> list[Met]:
    found = rig.gauge(machine, "edits", folder=folder, endpoint=endpoint, prefix=prefix)["edits"]
    return [Met.read(one) for one in found]


def _bare(machine: Machine, endpoint: str, options: list[str], prefix: str) -> list[Met]:
    words = " ".join(f"--{one.replace('_', '-')}" for one in options)
    machine.run(f"mkdir -p {_BARE}; AWS_EC2_METADATA_DISABLED=true mount-s3 {BUCKETS[0]} {_BARE} "
                f"--endpoint-url {endpoint} --region us-east-1 --force-path-style {words}")
    try:
        return _gauge(machine, _BARE, endpoint, prefix)
    finally:
        machine.run(f"umount {_BARE}")


def _ours(machine: Machine, endpoint: str, options: list[str], prefix: str) -> tuple[list[Met], str]:
    kit.configure(machine, {**kit.mount("edits", BUCKETS[0], provider="ceph", endpoint_url=endpoint),
                            **dict.fromkeys(options, True)})
    machine.wait_until(lambda: kit.look(machine, "edits")["state"] == "mounted", 60, "it is mounted")
    way = kit.look(machine, "edits")["writes"]["way"]
    found = _gauge(machine, "/srv/edits", endpoint, prefix)
    kit.configure(machine)
    machine.wait_until(lambda: not kit.running(machine), 60, "it is away")
    return found, way


@dataclass(frozen=True)
class Found:
    """A store in one mode: how s3mountd mounted it, and what the programs met on both sides."""

    store: str
    mode: str
    way: str
    ours: Sequence[Met]
    bare: Sequence[Met]


def measure(machine: Machine) -> list[Found]:
    """Every store in every mode."""
    found = []
    for store, version in STORES.items():
        gateway = ceph.start(machine, version, BUCKETS[:1]) if version else None
        endpoint = gateway.endpoint if gateway else ENDPOINT
        for mode, options in MODES.items():
            say(f"{store} {mode}: programs by hand and with s3mountd")
            bare = _bare(machine, endpoint, options, f"bare{len(options)}/")
            ours, way = _ours(machine, endpoint, options, f"ours{len(options)}/")
            found.append(Found(store, mode, way, ours, bare))
            for side, met in (("by hand", bare), ("s3mountd", ours)):
                say(f"{side}: " + "; ".join(f"{one.name} {one.status} {one.said}" for one in met if one.status))
        if gateway:
            gateway.stop()
    return found


def losses(met: Sequence[Met]) -> int:
    """How many nobody was told of."""
    return sum(one.outcome is Outcome.LOST for one in met)


def _share(met: Sequence[Met]) -> str:
    told = sum(one.outcome is Outcome.TOLD for one in met)
    return f"{losses(met)} of {len(met)}" + (f", and {told} with a message" if told else "")


def page(found: Sequence[Found]) -> str:
    """What stands between the markers: losses at a glance, then a table for each store."""
    head = ("store", "`allow_overwrite`", "s3mountd mounts it", "lost with s3mountd", "lost by hand")
    glance = [(one.store, "yes" if one.mode else "no", WAYS[one.way], _share(one.ours), _share(one.bare))
              for one in found]
    parts = ["Losses that no program was told of, on a Debian 12 machine:", table(head, glance)]
    for store in dict.fromkeys(one.store for one in found):
        parts += [f"### {store}", table(("program", "`allow_overwrite`", "with s3mountd", "mount-s3 by hand"),
                                        rows([one for one in found if one.store == store]))]
    return "\n\n".join(parts)


def rows(modes: Sequence[Found]) -> list[tuple[str, str, str, str]]:
    """The lines of one store's table: what does not depend on the mode, or on s3mountd, is said once."""
    lines = []
    for number, met in enumerate(modes[0].ours):
        cells = [(one.ours[number].cell, one.bare[number].cell) for one in modes]
        alike = len(set(cells)) == 1
        for mode, (ours, bare) in zip(modes, cells[:1] if alike else cells, strict=False):
            lines.append((met.name, "yes or no" if alike else "yes" if mode.mode else "no", ours,
                          "the same" if bare == ours else bare))
    return lines


def main() -> int:
    """Measure, print, write; status 1 when s3mountd lost anything without a word."""
    with Machine.create("12", packages=PROGRAMS) as machine:
        say("booting a machine and installing s3mountd (15 seconds)")
        machine.boot()
        equip(machine)
        rig.prepare(machine)
        found = measure(machine)
    text = page(found)
    print(text)
    write(PAGE, text)
    return 1 if any(losses(one.ours) for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())

"""docs/write-safety.md: what everyday programs leave in a store, with s3mountd and with mount-s3 by hand.

``python3 -m tests.bench.edits`` writes the table between the page's markers.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench import rig
from tests.bench.pages import BEGIN, END, table, write
from tests.machine import ceph
from tests.machine.cache import REPO, digest, made_once, say
from tests.machine.equip import equip
from tests.machine.kit import BUCKETS, ENDPOINT
from tests.machine.machine import Machine
from tests.system import kit

PAGE = REPO / "docs/write-safety.md"
STORES = {"Ceph RGW 18.2": "18", "SeaweedFS 4.48": "", "Ceph RGW 16.2": "16"}
MODES = {"": ["allow_delete"], "allow_overwrite": ["allow_delete", "allow_overwrite"]}
_BARE = "/mnt/bare"
_NAMED = 5
"""Files of a folder whose sizes are shown."""

__all__ = ["BEGIN", "END"]


def git() -> Path:
    """Debian's git, unpacked: too large for every test machine. Raises CalledProcessError."""
    def make(draft: Path) -> None:
        draft.mkdir()
        subprocess.run(["apt-get", "download", "git"], cwd=draft, check=True, stdout=subprocess.DEVNULL)
        package = next(draft.glob("git_*.deb"))
        subprocess.run(["dpkg-deb", "-x", str(package), str(draft)], check=True)
        package.unlink()

    return made_once("git", digest("1"), make)


def _gauge(machine: Machine, folder: str, endpoint: str, prefix: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = rig.gauge(machine, "edits", folder=folder, endpoint=endpoint, prefix=prefix)["edits"]
    return found


def _bare(machine: Machine, endpoint: str, options: list[str], prefix: str) -> list[dict[str, Any]]:
    words = " ".join(f"--{one.replace('_', '-')}" for one in options)
    machine.run(f"mkdir -p {_BARE}; AWS_EC2_METADATA_DISABLED=true mount-s3 {BUCKETS[0]} {_BARE} "
                f"--endpoint-url {endpoint} --region us-east-1 --force-path-style {words}")
    try:
        return _gauge(machine, _BARE, endpoint, prefix)
    finally:
        machine.run(f"umount {_BARE}")


def _ours(machine: Machine, endpoint: str, options: list[str], prefix: str) -> tuple[list[dict[str, Any]], str]:
    kit.configure(machine, {**kit.mount("edits", BUCKETS[0], provider="ceph", endpoint_url=endpoint),
                            **dict.fromkeys(options, True)})
    machine.wait_until(lambda: kit.look(machine, "edits")["state"] == "mounted", 60, "it is mounted")
    way = kit.look(machine, "edits")["writes"]["way"]
    found = _gauge(machine, "/srv/edits", endpoint, prefix)
    kit.configure(machine)
    machine.wait_until(lambda: not kit.running(machine), 60, "it is away")
    return found, way


def _cell(found: dict[str, Any]) -> str:
    before, after = found["before"], found["after"]
    names = list(dict.fromkeys([*before, *after]))
    sizes = "; ".join(f"{name} {before.get(name, '-')}→{after.get(name, '-')}" for name in names[:_NAMED])
    more = f"; {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    if found["status"] == 0:
        outcome = "0, right" if found["right"] else "**0, LOST**"
    else:
        outcome = f"{found['status']}, " + ("nothing lost" if found["whole"] else "lost, and said so")
    return f"{outcome} ({sizes}{more})"


def lost(found: dict[str, Any]) -> bool:
    """Success was reported for what is not there."""
    return found["status"] == 0 and not found["right"]


def measure(machine: Machine) -> tuple[str, int, int]:
    """The table, and how many losses nobody was told of: with s3mountd, by hand."""
    rows, ours_lost, bare_lost = [], 0, 0
    for store, version in STORES.items():
        gateway = ceph.start(machine, version, BUCKETS[:1]) if version else None
        endpoint = gateway.endpoint if gateway else ENDPOINT
        for mode, options in MODES.items():
            say(f"{store} {mode}: programs by hand and with s3mountd")
            bare = _bare(machine, endpoint, options, f"bare{len(options)}/")
            ours, way = _ours(machine, endpoint, options, f"ours{len(options)}/")
            for left, right in zip(ours, bare, strict=True):
                rows.append((f"{store}{', ' if mode else ''}{mode} ({way})", left["name"], _cell(left), _cell(right)))
            ours_lost += sum(map(lost, ours))
            bare_lost += sum(map(lost, bare))
        if gateway:
            gateway.stop()
    shown = table(("store (how s3mountd mounts it)", "program", "with s3mountd", "mount-s3 by hand"), rows)
    return shown, ours_lost, bare_lost


def main() -> int:
    """Measure, print, write; status 1 when s3mountd lost anything without a word."""
    with Machine.create("12") as machine:
        say("booting a machine and installing s3mountd (15 seconds)")
        machine.boot()
        equip(machine)
        rig.prepare(machine)
        tree = machine.share_tree(git())
        machine.write("/usr/local/bin/git", f"#!/bin/sh\nGIT_EXEC_PATH={tree}/usr/lib/git-core GIT_TEMPLATE_DIR= "
                      f'exec {tree}/usr/bin/git "$@"\n', 0o755)
        table, ours, bare = measure(machine)
    about = (f"Losses that no program was told of: **{ours} with s3mountd**, {bare} by hand. Debian 12 machine; exit "
             "status first, then bytes in the store before→after.")
    print(f"{about}\n\n{table}")
    write(PAGE, f"{about}\n\n{table}")
    return 1 if ours else 0


if __name__ == "__main__":
    sys.exit(main())

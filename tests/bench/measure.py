"""The measurements: each runs gauges in a machine and makes rows of what they found."""

from __future__ import annotations

import statistics
from typing import Any

from tests.bench import peers, rig
from tests.bench.report import Row, ratio
from tests.machine.kit import ENDPOINT, REGION
from tests.machine.machine import Machine

KILLS = 12
SPELL = 2.2
"""Seconds a worker serves before it is killed: two are what s3mountd calls stable, and then it replaces at once."""

BIG = "big-file"
_MAKE_BIG = f"""
import boto3, botocore.config, os
s3 = boto3.client("s3", endpoint_url="{ENDPOINT}", region_name="{REGION}",
                  config=botocore.config.Config(s3={{"addressing_style": "path"}}))
s3.put_object(Bucket="{rig.BUCKET}", Key="{BIG}", Body=os.urandom(1 << 20) * 96)
"""


def crash(machine: Machine) -> list[Row]:
    """A worker killed: s3mountd's, and the hand-written unit's."""
    folders = rig.mounted(machine, 1)
    ours = rig.gauge(machine, "kills", folders=folders, cycles=KILLS, spell=SPELL)
    peers.start(machine)
    hand = rig.gauge(machine, "kills", folders=[peers.FOLDER], cycles=KILLS // 2, spell=0.5, unit=peers.UNIT)
    peers.stop(machine)
    return [
        ratio("crash to readable / cold start", ours["gaps"], ours["cold"], 1.3),
        ratio("the same, hand-written unit", hand["gaps"], hand["cold"], None),
        Row("bare folder met after a crash", str(bare_hits(ours)), f"{bare_hits(hand)} (unit)", bare_hits(ours), 0, ""),
    ]


def standby(machine: Machine) -> list[Row]:
    """A worker killed while a standby is ready."""
    folders = rig.mounted(machine, 1, "standby = true\n")
    found = rig.gauge(machine, "kills", folders=folders, cycles=KILLS, spell=SPELL, standby=True)
    gap = statistics.median(found["gaps"]) * 1000
    return [
        Row("crash to readable with a standby", f"{gap:.0f} ms", "-", gap, 50, "ms"),
        Row("bare folder met then", str(bare_hits(found)), "-", bare_hits(found), 0, ""),
    ]


def hang(machine: Machine) -> list[Row]:
    """A worker stopped under a caller."""
    rows = []
    for limit, goal, turns in (("15s", 20.0, 2), ("4s", 5.0, 3)):
        folders = rig.mounted(machine, 1, f'hang_timeout = "{limit}"\n')
        found = rig.gauge(machine, "hangs", folder=folders[0], turns=turns)
        freed, back = max(found["freed"]), max(found["back"])
        rows.append(Row(f"hung, freed (hang_timeout {limit})", f"{freed:.1f} s", "never", freed, goal, "s"))
        rows.append(Row("and served again", f"{back:.1f} s", "never", back, None, "s"))
    return rows


def bare_hits(found: dict[str, Any]) -> int:
    """Looks and reads that met the bare folder, and files found beneath the mounts."""
    return sum(int(user["bare"]) for user in found["seen"].values()) + len(found["beneath"])


def many(machine: Machine, count: int, rounds: int = 3) -> list[Row]:
    """That many mounts from nothing, and what the daemon then costs."""
    folders = rig.mounted(machine, count)
    found = rig.gauge(machine, "many", folders=folders, rounds=rounds)
    memory, back = found["memory"], found["adopted"]
    return [
        ratio(f"{count} mounts up / bare in parallel", found["ours"], found["bare"], 1.2),
        Row(f"daemon's RSS with {count}", f"{memory['daemon_rss']:.1f} MB", "-", memory["daemon_rss"], 40, "MB"),
        Row("with its helper", f"{memory['daemon_rss'] + memory['helper_rss']:.1f} MB", "-",
            memory["daemon_rss"] + memory["helper_rss"], 40, "MB"),
        Row("status", f"{found['status'] * 1000:.0f} ms", "-", found["status"] * 1000, 150, "ms"),
        Row("status, one worker stopped", f"{found['status_stopped'] * 1000:.0f} ms", "-",
            found["status_stopped"] * 1000, 150, "ms"),
        Row(f"daemon killed, {count} adopted", "same workers" if back["same"] else "OTHER WORKERS", "-",
            back["seconds"] if back["same"] else float("inf"), 2, "s"),
    ]


def stream(machine: Machine, rounds: int = 5) -> list[Row]:
    """A file of 96 MB read from beginning to end."""
    folders = rig.mounted(machine, 1)
    machine.run(["/usr/bin/python3", "-c", _MAKE_BIG])
    found = rig.gauge(machine, "stream", folder=folders[0], key=BIG, rounds=rounds)
    return [ratio(f"read of {found['size'] >> 20} MB / bare", found["ours"], found["bare"], 0.98, "MB/s", below=False)]


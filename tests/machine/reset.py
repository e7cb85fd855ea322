"""A shared machine put back to how it was when it was equipped, whatever the last test did to it."""

from __future__ import annotations

import json

from tests.machine.kit import BUCKETS, FILER
from tests.machine.machine import Machine

# Order matters: without configuration and daemon nobody brings back what is taken away after that. Workers
# may be stopped by SIGSTOP or hang, so they are killed; folders may block, so mounts are detached unseen.
RESET = r"""
rm -rf --one-file-system /etc/s3mountd/users.d
rm -rf --one-file-system /etc/s3mountd/mounts.d/* /run/s3mountd/* 2>/dev/null
rm -rf /run/systemd/system/s3mountd.service.d /run/systemd/system/s3mount-.service.d
: >/etc/s3mountd/mounts.toml
systemctl stop s3mountd.service s3mountd-http.service s3mountd-s3.service s3mountd-webhook.service \
    s3mountd-broker.service 's3mountd-resolve-*' 2>/dev/null
systemctl kill --signal=KILL 's3mount-*.service' 's3mountd-hook-*.service' 2>/dev/null
awk '{ for (i = 7; $i != "-"; i++) ; if ($(i + 1) ~ /^fuse/ && $(i + 1) != "fusectl") print $5 }' \
    /proc/self/mountinfo | tac | while read -r folder; do umount --lazy "$(printf "%b" "$folder")"; done
systemctl stop 's3mount-*.service' 2>/dev/null
systemctl stop 's3mountd-front-*' 2>/dev/null
umount --quiet /run/s3mountd/fusectl
find /srv -mindepth 1 -maxdepth 1 ! -name share -exec rm -rf --one-file-system {} +
nft flush ruleset
rm -rf /etc/credstore.encrypted/*
systemctl is-active --quiet weed.service || systemctl start weed.service || exit 1
# After the daemon's end, or it would write them again.
rm -rf /var/lib/s3mountd/history /var/lib/s3mountd/watched.json
systemctl daemon-reload
systemctl reset-failed
systemctl start s3mountd.service
"""

# By the server's own file service, for boto3 alone would cost each test half a second. Incomplete uploads are a folder
# of the bucket there. Prints the buckets whose one object is not as it was seeded.
EMPTY = r"""
import json, sys, urllib.error, urllib.parse, urllib.request
filer, *buckets = json.loads(sys.argv[1])
def ask(method, path, query=""):
    place = f"{filer}{urllib.parse.quote(path)}{query}"
    request = urllib.request.Request(place, method=method, headers={"Accept": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read() or b"{}")
for bucket in buckets:
    try:
        found = ask("GET", f"/buckets/{bucket}/", "?limit=10000").get("Entries") or []
    except urllib.error.HTTPError:
        found = []
    sizes = {one["FullPath"]: one["FileSize"] for one in found}
    seeded = f"/buckets/{bucket}/hello.txt"
    for path in set(sizes) - {seeded}:
        ask("DELETE", path, "?recursive=true")
    if sizes.get(seeded) != len(f"hello from {bucket}\n"):
        print(bucket)
"""


def reset(machine: Machine) -> None:
    """No mounts, no worker units, empty configuration, S3 up, buckets as seeded, daemon fresh; marks the journal.

    Raises CommandFailed when the machine cannot be put right, TimeoutError when a worker outlives its kill.
    """
    machine.run(RESET, timeout=120)
    machine.wait_until(lambda: not _workers(machine), 20, "no worker unit is left")
    said = json.dumps([FILER, *BUCKETS])
    lacking = machine.run(["/usr/bin/python3", "-S", "-E", "-c", EMPTY, said]).stdout.split()
    if lacking:
        machine.seed(lacking)
    machine.mark_journal()


def _workers(machine: Machine) -> str:
    command = "systemctl list-units --plain --no-legend 's3mount-*.service' | grep -v '^s3mount-wait@'"
    return machine.run(command, check=False).stdout

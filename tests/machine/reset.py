"""A shared machine put back to how it was when it was equipped, whatever the last test did to it."""

from __future__ import annotations

from tests.machine.machine import Machine

# Order matters: without configuration and daemon nobody brings back what is taken away after that. Workers
# may be stopped by SIGSTOP or hang, so they are killed; folders may block, so mounts are detached unseen.
RESET = r"""
rm -rf --one-file-system /etc/s3mountd/mounts.d/* /run/s3mountd/* /run/systemd/system/s3mountd.service.d 2>/dev/null
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


def reset(machine: Machine) -> None:
    """No mounts, no worker units, empty configuration, S3 up, daemon fresh; marks the journal.

    Raises CommandFailed when the machine cannot be put right, TimeoutError when a worker outlives its kill.
    """
    machine.run(RESET, timeout=120)
    machine.wait_until(lambda: not _workers(machine), 20, "no worker unit is left")
    machine.mark_journal()


def _workers(machine: Machine) -> str:
    command = "systemctl list-units --plain --no-legend 's3mount-*.service' | grep -v '^s3mount-wait@'"
    return machine.run(command, check=False).stdout

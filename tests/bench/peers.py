"""The peer that people write by hand: a service that starts mount-s3 and restarts it."""

from __future__ import annotations

import shlex

from tests.bench import rig
from tests.machine.machine import Machine

UNIT = "hand-written.service"
FOLDER = "/srv/hand-written"

_TEXT = """[Unit]
StartLimitIntervalSec=0
[Service]
Type=forking
Environment=HOME=/root AWS_EC2_METADATA_DISABLED=true
ExecStart={command}
ExecStop=/bin/umount {folder}
ExecStopPost=-/bin/umount -l {folder}
Restart=always
"""


def start(machine: Machine) -> None:
    """The best that can be done without a keeper: it cleans up after a crash and starts again at once."""
    command = ["/usr/bin/mount-s3", rig.BUCKET, FOLDER, "--allow-other", *rig.OPTIONS]
    machine.run(["mkdir", "-p", FOLDER])
    machine.write(f"/etc/systemd/system/{UNIT}", _TEXT.format(command=shlex.join(command), folder=FOLDER))
    machine.run(f"systemctl daemon-reload && systemctl start {UNIT}")


def stop(machine: Machine) -> None:
    """End and forget it."""
    machine.run(f"systemctl stop {UNIT}; rm -f /etc/systemd/system/{UNIT}; systemctl daemon-reload")

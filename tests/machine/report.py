"""What a person wants to see of a machine on which a test failed."""

from __future__ import annotations

import subprocess

from tests.machine.machine import Machine

LOOKS = {
    "status": "command -v s3mountctl >/dev/null && timeout 10 s3mountctl status --json",
    "units": "systemctl list-units --all --no-pager --plain 's3mount*' weed.service",
    "failed units": "systemctl --failed --no-pager",
    "mountinfo": "cat /proc/self/mountinfo",
    "journal of this boot": "journalctl -b --no-pager -o short-precise -n 400",
}


def describe(machine: Machine) -> str:
    """Status, units, mounts and journal; what cannot be had says why. Never raises for a sick machine."""
    parts = [f"machine {machine.name}, Debian {machine.release}"]
    for title, command in LOOKS.items():
        parts.append(f"--- {title}")
        try:
            result = machine.run(command, check=False, timeout=30)
            parts.append((result.stdout + result.stderr).rstrip())
        except (AssertionError, RuntimeError, OSError, subprocess.SubprocessError) as error:
            parts.append(f"(not to be had: {error})\n--- console\n{machine.console()}")
    return "\n".join(parts)

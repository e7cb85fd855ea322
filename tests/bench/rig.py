"""A machine made ready for a measurement: keys, configuration, the gauges; and how to run one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.machine.kit import BUCKETS, ENDPOINT, REGION
from tests.machine.machine import Machine
from tests.s3.seaweed import ADMIN

BUCKET = BUCKETS[0]
OPTIONS = [f"--endpoint-url={ENDPOINT}", f"--region={REGION}", "--force-path-style"]
"""What s3mountd says to its workers here: the bare peer gets the same."""

DEFAULTS = f"""[defaults]
provider = "seaweedfs"
endpoint_url = "{ENDPOINT}"
region = "{REGION}"
"""
KEYS = f"""[default]
aws_access_key_id = {ADMIN.access_key}
aws_secret_access_key = {ADMIN.secret_key}
"""
_GAUGES = Path(__file__).parent / "gauge"
INSIDE = "/usr/local/lib/s3mountd-gauge"
"""Where the gauges lie in the machine."""


def prepare(machine: Machine) -> None:
    """Root's AWS keys, and the gauges."""
    machine.write("/root/.aws/credentials", KEYS, 0o600)
    for source in _GAUGES.glob("*.py"):
        machine.write(f"{INSIDE}/gauge/{source.name}", source.read_text())


def configure(machine: Machine, count: int, parent: str = "/srv/mounts", more: str = "") -> list[str]:
    """Write a configuration of `count` mounts of one bucket, without a reload; returns the folders.

    `more` are lines of toml for each of them.
    """
    folders = [f"{parent}/m{number}" for number in range(count)]
    tables = [
        f'\n[[mount]]\nname = "m{number}"\nbucket = "{BUCKET}"\nfolder = "{folder}"\n{more}'
        for number, folder in enumerate(folders)
    ]
    machine.write("/etc/s3mountd/mounts.toml", DEFAULTS + "".join(tables))
    return folders


def mounted(machine: Machine, count: int, more: str = "") -> list[str]:
    """A fresh configuration of `count` mounts, loaded, every one proven; raises CommandFailed."""
    folders = configure(machine, count, more=more)
    machine.run("s3mountctl reload >/dev/null; s3mountctl wait --timeout 60s "
                + " ".join(f"m{number}" for number in range(count)), timeout=120)
    return folders


def gauge(machine: Machine, name: str, timeout: float = 600, **said: Any) -> dict[str, Any]:
    """Run a gauge inside with the bucket, the bare options and what is said; raises CommandFailed."""
    arguments = json.dumps({"bucket": BUCKET, "options": OPTIONS, **said})
    command = ["/usr/bin/python3", "-m", f"gauge.{name}", arguments]
    answer = machine.run(command, timeout=timeout, env={"PYTHONPATH": INSIDE})
    found: dict[str, Any] = json.loads(answer.stdout)
    return found

"""What system tests share: configure mounts, wait for what the status says, read, write and hammer inside a machine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.machine import Machine
from tests.machine.kit import ENDPOINT
from tests.s3.seaweed import ADMIN

CONFIG = "/etc/s3mountd/mounts.toml"
KEYS = f"[default]\naws_access_key_id = {ADMIN.access_key}\naws_secret_access_key = {ADMIN.secret_key}\n"
PYTHON = "/usr/bin/python3"
STANDIN_CONTROL = "/run/standin-mount-s3.json"

Document = dict[str, Any]

_HAMMER = (Path(__file__).parent / "hammer.py").read_text()
_HANDLE = (Path(__file__).parent / "handle.py").read_text()

_STORE = f"""
import base64, boto3, json, sys
said = json.load(sys.stdin)
s3 = boto3.client("s3", endpoint_url=said["endpoint"], region_name="us-east-1",
                  aws_access_key_id="{ADMIN.access_key}", aws_secret_access_key="{ADMIN.secret_key}")
answer = getattr(s3, said["call"])(**said["with"])
plain = lambda value: base64.b64encode(value.read()).decode() if hasattr(value, "read") else str(value)
print(json.dumps(answer, default=plain))
"""

# A private copy of the root file system, as it is without any mount on it.
_BENEATH = 'd=$(mktemp -d) && mount --bind / "$d" && cd "$d/$1" && find . -mindepth 1 | sort'


def mount(name: str, bucket: str = "bucket-one", folder: str = "", **keys: object) -> Document:
    """One mount of the machine's own S3 server; any other key of mounts.toml as an argument, None to leave one out."""
    usual = {"name": name, "bucket": bucket, "folder": folder or f"/srv/{name}",
             "provider": "seaweedfs", "endpoint_url": ENDPOINT}
    return {key: value for key, value in {**usual, **keys}.items() if value is not None}


def toml(mounts: Sequence[Document], **daemon: object) -> str:
    """The text of a mounts.toml; keyword arguments are keys of ``[daemon]``."""
    head = "[daemon]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in daemon.items())
    tables = ("".join(f"{key} = {_value(value)}\n" for key, value in one.items()) for one in mounts)
    return head + "".join(f"\n[[mount]]\n{table}" for table in tables)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)  # JSON's texts, numbers, booleans and lists are TOML's, too


def configure(machine: Machine, *mounts: Document, **daemon: object) -> None:
    """Root's keys and these mounts, taken on by the running daemon; does not wait for the outcome."""
    machine.write("/root/.aws/credentials", KEYS, 0o600)
    machine.write(CONFIG, toml(mounts, **daemon))
    machine.run("s3mountctl reload --no-wait")


def status(machine: Machine) -> Document:
    """The status document, whatever the exit status says of the mounts."""
    document: Document = json.loads(machine.run("s3mountctl status --json", check=False).stdout)
    return document


def look(machine: Machine, name: str) -> Document:
    """What the status document says of one mount; raises LookupError."""
    found = [one for one in status(machine)["mounts"] if one["name"] == name]
    if not found:
        raise LookupError(name)
    return dict(found[0])


def wait_for(
    machine: Machine, name: str, timeout: float = 20, *, code: str | None = None, **wanted: object
) -> Document:
    """The mount's status once ``code`` (of its reason) and the given keys of it are as wanted."""
    seen: list[Document] = []

    def there() -> bool:
        try:
            one = look(machine, name)
        except (ValueError, LookupError):  # no daemon yet, or one that has not read its configuration
            return False
        seen[:] = [one]
        found = code is None or (one["reason"] or {}).get("code") == code
        return found and all(one[key] == value for key, value in wanted.items())

    try:
        machine.wait_until(there, timeout, f"{name}: {wanted} {code or ''}")
        return seen[0]
    except TimeoutError as error:
        raise TimeoutError(f"{error}; last seen: {seen}") from None


def wait_ok(machine: Machine, *names: str, timeout: float = 20) -> list[Document]:
    """Their status once every one of these is mounted and proven."""
    return [wait_for(machine, name, timeout, state="mounted", health="ok") for name in names]


def editor(machine: Machine, script: str) -> dict[str, str]:
    """For the environment: an editor that does this one thing (a sed script) and saves by renaming, as many do."""
    machine.write("/usr/local/bin/editor-of-the-test", f"#!/bin/sh\nsed -i '{script}' \"$1\"\n", 0o755)
    return {"EDITOR": "editor-of-the-test"}


def check(machine: Machine, name: str) -> None:
    """Have the mount looked at, and what is asked of its store now and then asked now."""
    machine.run(["busctl", "call", "org.s3mountd1", "/org/s3mountd1", "org.s3mountd1.Manager", "Check", "s", name])


def alive(machine: Machine, pid: int) -> bool:
    """Does a process of that number live in the machine (a zombie does not)?"""
    return machine.run(f"grep -qs '^State:.[^ZX]' /proc/{pid}/status", check=False).returncode == 0


def kill(machine: Machine, pid: int, name: str = "KILL") -> None:
    """Send the signal and wait until that process is gone: the fault has happened."""
    machine.run(["kill", f"-{name}", str(pid)])
    machine.wait_until(lambda: not alive(machine, pid), 5, f"process {pid} is gone", every=0.02)


def show(machine: Machine, unit: str, name: str) -> str:
    """A property of a unit."""
    return machine.run(["systemctl", "show", "--value", "-p", name, unit]).stdout.strip()


def workers(machine: Machine) -> dict[str, int]:
    """Unit → main process of every worker that runs; spares, which wait, and standbys are left out."""
    beside = standbys(machine)
    return {unit: pid for unit, pid in running(machine).items() if unit not in beside and not _waits(machine, pid)}


def standbys(machine: Machine) -> dict[str, int]:
    """Unit → main process of every second worker that runs beside the one that serves, as the status tells them."""
    answer = machine.run("s3mountctl status --json", check=False).stdout
    mounts = json.loads(answer)["mounts"] if answer else []
    units = [one["standby_unit"] for one in mounts if one["standby_unit"]]
    return {unit: int(show(machine, unit, "MainPID") or "0") for unit in units}


def spares(machine: Machine) -> dict[str, int]:
    """Unit → process of every spare that waits to become a worker."""
    return {unit: pid for unit, pid in running(machine).items() if _waits(machine, pid)}


def running(machine: Machine) -> dict[str, int]:
    """Unit → main process of every worker and spare, whatever the daemon says, or without it."""
    listing = machine.run("systemctl list-units --plain --no-legend 's3mount-*.service'").stdout
    units = [line.split()[0] for line in listing.splitlines() if not line.startswith("s3mount-wait@")]
    found = {unit: int(show(machine, unit, "MainPID") or "0") for unit in units}
    return {unit: pid for unit, pid in found.items() if pid}


def _waits(machine: Machine, pid: int) -> bool:
    # Before the exec systemd's own process there is called "systemd", then "(t-await)".
    return machine.run(f"grep -qsEx 's3mount-await|[(].*[)]|systemd' /proc/{pid}/comm", check=False).returncode == 0


def mounts_on(machine: Machine, folder: str) -> list[str]:
    """``type source`` of each mount on that folder, in the order of the mount table."""
    rows = (line.split(" ") for line in machine.read("/proc/1/mountinfo").splitlines())
    tails = ((row[4], row[row.index("-") + 1:]) for row in rows)
    return [f"{tail[0]} {tail[1]}" for path, tail in tails if path == folder]


def beneath(machine: Machine, folder: str) -> list[str]:
    """All that lies in the bare folder below every mount on it."""
    out = machine.run(["unshare", "--mount", "sh", "-ec", _BENEATH, "beneath", folder]).stdout
    return [line.removeprefix("./") for line in out.splitlines()]


def store(machine: Machine, call: str, endpoint: str = ENDPOINT, **arguments: object) -> Document:
    """What boto3, inside the machine, is answered by S3; a body comes as base64. Raises CommandFailed."""
    asked = json.dumps({"call": call, "endpoint": endpoint, "with": arguments})
    answer: Document = json.loads(machine.run([PYTHON, "-c", _STORE], input=asked).stdout)
    return answer


@contextmanager
def standin(machine: Machine, **faults: Document) -> Iterator[None]:
    """The stand-in worker instead of the real one for starts meanwhile; ``faults`` as for ``misbehave``."""
    misbehave(machine, **faults)
    machine.install_standin()
    machine.run("ln -sfn /usr/local/lib/standin/mount-s3 /usr/local/bin/mount-s3")
    try:
        yield
    finally:
        machine.run(["rm", "-f", "/usr/local/bin/mount-s3", STANDIN_CONTROL])


def misbehave(machine: Machine, **faults: Document) -> None:
    """What the stand-in does wrong from now on, by bucket, ``all`` for all; underscores stand for hyphens."""
    said = {"*" if key == "all" else key.replace("_", "-"): value for key, value in faults.items()}
    machine.write(STANDIN_CONTROL, json.dumps(said))


@dataclass
class Met:
    """What the hammer met; filled in when it ends."""

    reads: int = 0
    writes: int = 0
    bare: int = 0
    """Reads that found a folder without the file that the bucket has: the bare folder, or an empty guard."""
    wrong: int = 0
    """Reads that gave other bytes."""
    errors: dict[str, int] = field(default_factory=dict)
    """Failed reads by the name of their errno."""
    write_errors: dict[str, int] = field(default_factory=dict)
    longest_gap: float = 0.0
    """Seconds without one good read."""


@contextmanager
def hammer(machine: Machine, folder: str, readers: int = 4, writers: int = 0) -> Iterator[Met]:
    """Threads that read ``hello.txt`` of the folder, and write files into it, all the while without a pause."""
    met = Met()
    command = [PYTHON, "-c", _HAMMER, folder, str(readers), str(writers)]
    process = machine.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"begun\n"
        yield met
        met.__dict__.update(json.loads(process.communicate(b"", timeout=30)[0]))
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and what it started: the one that is known here only entered the machine."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Handle:
    """A process inside the machine that keeps one file open and does with it what it is told."""

    def __init__(self, machine: Machine, path: str, mode: str) -> None:
        command = [PYTHON, "-c", _HANDLE, path, mode]
        self._process = machine.popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = int(self._answer())
        """Its process id inside the machine."""

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode().strip()

    def ask(self, word: str, argument: int = 0) -> str:
        """``read OFFSET`` (8 bytes as hex), ``write COUNT`` (that many x), ``close``: ``ok`` or the errno's name."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word} {argument}\n".encode())
        self._process.stdin.flush()
        return self._answer()

    def end(self) -> None:
        """End the process, the file as it is."""
        _end(self._process)


@contextmanager
def opened(machine: Machine, path: str, mode: str) -> Iterator[Handle]:
    """``mode`` is ``r`` or ``w``; raises ValueError when the file cannot be opened."""
    handle = Handle(machine, path, mode)
    try:
        yield handle
    finally:
        handle.end()

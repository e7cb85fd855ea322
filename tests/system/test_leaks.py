"""Secrets are planted in every source of keys, and looked for everywhere else while mounts live and die."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.machine import Machine, aws
from tests.s3.seaweed import ADMIN
from tests.system import kit
from tests.system.kim import kim
from tests.system.test_broker import ARN, small_mount

WATCH = (Path(__file__).parent / "proc_watch.py").read_text()
PLANTED = (ADMIN.secret_key, "planted-secret-", "planted-token-", "planted-web-identity")
S3CFG = f"[default]\naccess_key = {ADMIN.access_key}\nsecret_key = {ADMIN.secret_key}\n"
PAGES = ("/", "/status.json", "/metrics", "/readyz")


@contextmanager
def watched(machine: Machine, words: Sequence[str]) -> Iterator[list[str]]:
    """Where the words were seen among all processes meanwhile; and on the bus, in a file."""
    found: list[str] = []
    machine.run("systemd-run --quiet --unit=bus-watch sh -c 'exec busctl capture >/run/bus-watch'")
    process = machine.popen([kit.PYTHON, "-c", WATCH], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(words).encode() + b"\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"begun\n"
    try:
        yield found
    finally:
        said = json.loads(process.communicate(b"\n", timeout=30)[0])
        assert said["looks"] > 1
        found += said["found"]
        machine.run("systemctl stop bus-watch")


def _everything_said(machine: Machine, port: int) -> dict[str, str]:
    """All that s3mountd, systemd and the journal say, by who says it."""
    shown = {
        "status": machine.run("s3mountctl status --json", check=False).stdout,
        "plan": machine.run("s3mountctl plan --json").stdout,
        "history": machine.run("s3mountctl history --json").stdout,
        "units": machine.run("systemctl show '*' --all").stdout,
        "journal": machine.journal("--output=verbose"),
        "state": machine.run("grep -rha '' /var/lib/s3mountd", check=False).stdout,
        "run": machine.run("find /run/s3mountd -xdev -type f -not -path '*/keys/*' -not -path '*/tokens/*' "
                           "-exec cat {} +").stdout,
        "world-readable": machine.run("find /run/s3mountd /run/credentials /etc/credstore.encrypted -xdev -type f "
                                      "-perm /077 -exec cat {} + 2>/dev/null", check=False).stdout,
        "bus": machine.run("cat /run/bus-watch").stdout,
    }
    return {**shown, **{page: machine.run(f"curl -s http://127.0.0.1:{port}{page}").stdout for page in PAGES}}


@pytest.mark.once
def test_no_secret_is_anywhere_but_with_who_needs_it(machine: Machine) -> None:
    machine.write("/run/web-token", "planted-web-identity", 0o600)
    with kim(machine, 3600), aws.small(machine, 3600):
        machine.write("/home/kim/.s3cfg", S3CFG, 0o600)
        machine.run("chown kim: /home/kim/.s3cfg")
        machine.mark_journal()
        with watched(machine, PLANTED) as found:
            machine.run("s3mountctl secret set lab", input=S3CFG)
            kit.configure(
                machine, kit.mount("root"), kit.mount("cfg", credentials={"s3cfg": "/home/kim/.s3cfg"}),
                kit.mount("sealed", credentials={"systemd_credential": "lab"}),
                kit.mount("lent", credentials={"s3cfg": "/home/kim/.s3cfg", "delivery": "broker"}),
                kit.mount("program", credentials={"user": "kim", "profile": "lab"}),
                kit.mount("gone", "no-such-bucket", credentials={"user": "kim", "profile": "lab"}),
                small_mount("machine", role="instance"),
                small_mount("token", assume_role=ARN, web_identity="/run/web-token"),
                log_level="debug", http="127.0.0.1:9787")
            kit.wait_ok(machine, "root", "cfg", "sealed", "lent", "program", "machine", "token")
            kit.wait_for(machine, "gone", code="bucket-missing")
            for unit, pid in kit.workers(machine).items():
                assert kit.show(machine, unit, "LimitCORE") == "0"
                if "cfg" in unit or "machine" in unit:
                    kit.kill(machine, pid)
            machine.run("touch /home/kim/broken; s3mountctl restart program --no-wait")
            kit.wait_ok(machine, "cfg", "machine", "sealed")
            machine.run("curl -sf http://127.0.0.1:9787/livez")
            tokens = machine.run("cat /run/s3mountd/tokens/*").stdout
            said = _everything_said(machine, 9787)
        assert found == []
        assert kit.show(machine, "s3mountd-broker.service", "LimitCORE") == "0"
        assert "mounted" in said["status"]
        assert "StartTransientUnit" in said["bus"], "the bus was heard"
        secrets = [*PLANTED, *(tokens[at:at + 43] for at in range(0, len(tokens), 43))]
        leaks = {who: word[:14] for who, text in said.items() for word in secrets if word in text}
        assert leaks == {}
        kit.configure(machine)
        machine.run("s3mountctl secret remove lab; rm /run/web-token /run/bus-watch")

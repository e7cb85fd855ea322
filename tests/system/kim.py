"""Kim, a user whose profile ``lab`` names a program that gives keys which end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.machine import Machine
from tests.s3.seaweed import ADMIN
from tests.system import kit

_PROGRAM = """#!/bin/sh
n=$(cat ~/count 2>/dev/null || echo 0); n=$((n + 1)); echo $n >~/count
[ -e ~/broken ] && { echo 'planted-secret-of-the-program' >&2; exit 1; }
read life access secret <~/gives
end=$(date -u -d "+$life seconds" +%Y-%m-%dT%H:%M:%SZ)
printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"%s","Expiration":"%s"}' "$access" "$secret" "$end"
"""


@contextmanager
def kim(machine: Machine, life: int) -> Iterator[None]:
    """The user; the program gives ADMIN's keys, which end after so many seconds."""
    machine.run("userdel --force --remove kim 2>/dev/null; useradd --create-home kim")
    machine.write("/home/kim/keys", _PROGRAM, 0o755)
    machine.write("/home/kim/.aws/config", "[profile lab]\ncredential_process = /home/kim/keys\n", 0o600)
    gives(machine, life)
    machine.run("chown -R kim: /home/kim")
    try:
        yield
    finally:
        machine.run("userdel --remove kim", check=False)


def gives(machine: Machine, life: int, access: str = ADMIN.access_key, secret: str = ADMIN.secret_key) -> None:
    """From now on the program gives these."""
    machine.write("/home/kim/gives", f"{life} {access} {secret}\n")


def expiry(machine: Machine, name: str) -> str:
    """Until when a mount's keys live, as the status tells."""
    return str(kit.look(machine, name)["credentials"]["expires_at"])

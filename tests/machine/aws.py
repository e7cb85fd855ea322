"""AWS inside a test machine: moto for S3, STS and IAM, and beside it a small stand-in for what moto cannot do."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults import small_aws
from tests.machine.machine import Machine
from tests.s3 import moto as server
from tests.s3.moto import Account
from tests.s3.servers import Authority

MOTO, SMALL = 9500, 9600
"""Ports of moto, and of the small AWS's STS and store."""
STORE = f"http://127.0.0.1:{SMALL}"
CA = "/run/portal/ca.pem"
"""The CA of the portal's certificate, which the machine does not know."""
_PYTHONS = {"12": "3.11", "13": "3.13"}
_METADATA = "169.254.169.254"
_START_LIMIT = 60.0


@contextmanager
def moto(machine: Machine) -> Iterator[Account]:
    """A moto server, its signatures on."""
    packages = machine.share_tree(server.tree(_PYTHONS[machine.release]))
    endpoint = f"http://127.0.0.1:{MOTO}"
    machine.copy_in(server.SETUP, "/usr/local/lib/moto_setup.py")
    machine.run(["systemd-run", "--quiet", "--unit=moto", *server.command(packages, MOTO)])
    try:
        machine.wait_until(lambda: machine.run(f"curl -sf {endpoint}/moto-api/").stdout, _START_LIMIT, "moto answers")
        done = machine.run([server.PYTHON, "/usr/local/lib/moto_setup.py"], input=server.question(endpoint))
        yield Account.of(endpoint, done.stdout)
    finally:
        machine.run("systemctl stop moto")


@contextmanager
def small(machine: Machine, life: int, account: Account | None = None, *, portal: bool = False) -> Iterator[None]:
    """The small AWS, whose keys live for so many seconds; those of moto's role "machine" when there is an account."""
    said: dict[str, object] = {"port": SMALL, "life": life}
    if account is not None:
        said["moto"] = {"endpoint": account.endpoint, "region": server.REGION, "role": account.machine,
                        "access": account.lab.access, "secret": account.lab.secret}
    if portal:
        said["portal"] = "/run/portal"
        _certify(machine)
    machine.copy_in(Path(small_aws.__file__), "/usr/local/lib/small_aws.py")
    machine.run(f"ip address add {_METADATA}/32 dev lo")
    machine.run(["systemd-run", "--quiet", "--unit=small-aws", server.PYTHON, "/usr/local/lib/small_aws.py",
                 json.dumps(said)])
    try:
        machine.wait_until(lambda: machine.run(f"curl -sf {STORE}/-/seen").stdout, 10, "the small AWS answers")
        yield
    finally:
        machine.run(f"systemctl stop small-aws; ip address del {_METADATA}/32 dev lo; rm -rf /run/portal")


def _certify(machine: Machine) -> None:
    """The names of the portal and its OIDC service lead to loopback, and there is a certificate for them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Authority.make(folder).certify("server", f"DNS:{small_aws.PORTAL},DNS:{small_aws.OIDC}")
        for part in ("server.pem", "server.key"):
            machine.copy_in(folder / part, f"/run/portal/{part}", 0o600)
        machine.copy_in(folder / "ca.pem", CA, 0o644)
    names = f"{small_aws.PORTAL} {small_aws.OIDC}"
    machine.run(f"grep -q '{names}' /etc/hosts || echo 127.0.0.1 {names} >>/etc/hosts")


def portal(machine: Machine, word: str) -> None:
    """``logout`` ends all sessions of the portal, ``login`` lets them be again."""
    machine.run(f"curl -sf -X POST {STORE}/-/{word}")


def renewed(machine: Machine) -> int:
    """How often the SSO session was renewed."""
    return int(machine.run(f"curl -sf {STORE}/-/renewed").stdout)


def seen(machine: Machine) -> list[str]:
    """Access key and outcome of all that asked the small AWS's store with a key. A look at a start that takes long has
    none (``daemon.preflight``)."""
    found: list[str] = json.loads(machine.run(f"curl -sf {STORE}/-/seen").stdout)
    return [line for line in found if not line.startswith(" ")]

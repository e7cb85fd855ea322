"""The path of somebody new: from packages in a home to the first file in a bucket, in three commands.

Read by the system test that types it, and by the bench that times it for ``docs/guide/getting-started.md``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.machine import ceph
from tests.machine.equip import package
from tests.machine.kit import ENDPOINT, PORT
from tests.machine.machine import Machine
from tests.s3.seaweed import ADMIN
from tests.s3.servers import Authority
from tests.setup.worker import worker

HOME = "/home/rob"
CEPH_BUCKET, AWS_BUCKET = "hilbert-1920384756", "erdos-23049527340598"
AWS_HOST = "s3.us-west-2.amazonaws.com"
INSTALL = "sudo apt install -y ./mount-s3.deb ./s3mountd_*_all.deb"

# A tree in /opt and a link in /usr/bin, as AWS's own package has them.
_WORKER_DEB = f"""
mkdir -p /run/build/DEBIAN /run/build/usr/bin
printf 'Package: mount-s3\\nVersion: 1.24.0\\nArchitecture: all\\nMaintainer: a test\\nDescription: a test\\n' \
    >/run/build/DEBIAN/control
ln -s ../../opt/aws/mountpoint-s3/bin/mount-s3 /run/build/usr/bin/mount-s3
dpkg-deb -Znone --build --root-owner-group /run/build {HOME}/mount-s3.deb
rm -rf /run/build
"""

_DOOR = f"""
defaults
  mode http
  timeout connect 5s
  timeout client 1m
  timeout server 1m
frontend aws
  bind 127.0.0.1:443 ssl crt /run/aws/server.pem
  default_backend store
backend store
  server store 127.0.0.1:{PORT}
"""

_KEYS = f"aws_access_key_id = {ADMIN.access_key}\naws_secret_access_key = {ADMIN.secret_key}\n"
_WRONG = f"aws_access_key_id = {ADMIN.access_key}\naws_secret_access_key = not/the/one/that/belongs/to/it\n"


@dataclass(frozen=True)
class Way:
    """One store. ``add`` and ``use`` are typed in the home of somebody who has sudo."""

    name: str
    stage: Callable[[Machine], None]
    """Brings the store and the person's keys about."""
    add: str
    use: str
    bucket: str
    endpoint: str
    """Where the store can be asked past s3mountd."""

    @property
    def commands(self) -> tuple[str, str, str]:
        """All that is typed."""
        return INSTALL, self.add, self.use


def _ceph(machine: Machine) -> None:
    """A gateway with a CA of its own, and keys as s3cmd keeps them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Authority.make(folder).certify("server", f"DNS:{ceph.NAME}")
        ceph.start(machine, "18", [CEPH_BUCKET], (folder / "server.pem", folder / "server.key"))
        machine.copy_in(folder / "ca.pem", f"{HOME}/campus-ca.pem", 0o644)
    machine.write(f"{HOME}/.aws/credentials", f"[default]\n{_WRONG}", 0o600)
    machine.write(f"{HOME}/.s3cfg", f"[default]\nhost_base = {ceph.NAME}:{ceph.PORTS['18'] + 1}\nuse_https = True\n"
                  f"access_key = {ADMIN.access_key}\nsecret_key = {ADMIN.secret_key}\n", 0o600)


def _aws(machine: Machine) -> None:
    """SeaweedFS under the names of AWS, as only this machine believes, and keys as ``aws configure`` writes them."""
    machine.start_s3([AWS_BUCKET], AWS_HOST)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        Authority.make(folder).certify("server", f"DNS:{AWS_HOST},DNS:*.{AWS_HOST}")
        machine.copy_in(folder / "ca.pem", "/usr/local/share/ca-certificates/aws-of-the-test.crt", 0o644)
        both = "".join((folder / part).read_text() for part in ("server.pem", "server.key"))
        machine.write("/run/aws/server.pem", both, 0o600)
    machine.write("/run/aws/haproxy.cfg", _DOOR)
    machine.run(f"echo 127.0.0.1 {AWS_HOST} {AWS_BUCKET}.{AWS_HOST} >>/etc/hosts; update-ca-certificates")
    machine.run("systemd-run --quiet --unit=aws-of-the-test haproxy -W -f /run/aws/haproxy.cfg")
    machine.write(f"{HOME}/.aws/credentials", f"[default]\n{_KEYS}", 0o600)
    machine.write(f"{HOME}/.aws/config", "[default]\nregion = us-west-2\noutput = json\n", 0o600)


CEPH = Way("Ceph RGW 18.2, TLS by a CA of its own", _ceph,
           f"sudo s3mountctl add s3://{CEPH_BUCKET} ~/kopah --endpoint-url https://{ceph.NAME}:{ceph.PORTS['18'] + 1} "
           "--ca-bundle campus-ca.pem --s3cfg .s3cfg", "cp notes.txt ~/kopah/", CEPH_BUCKET,
           f"http://127.0.0.1:{ceph.PORTS['18']}")
AWS = Way("AWS (SeaweedFS under its names)", _aws,
          f"sudo s3mountctl add s3://{AWS_BUCKET} ~/bucket --region us-west-2", "cp notes.txt ~/bucket/", AWS_BUCKET,
          ENDPOINT)
WAYS = (CEPH, AWS)


def arrive(machine: Machine, way: Way) -> None:
    """A machine with nothing of ours installed becomes that of somebody with a store, keys, a file and the packages."""
    machine.run("usermod -aG sudo rob && echo 'rob ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/rob")
    machine.run("echo 127.0.1.1 $(hostname) >>/etc/hosts")
    machine.copy_in(package(), f"{HOME}/{package().name}", 0o644)
    machine.copy_in(worker(), "/run/build/opt/aws/mountpoint-s3", 0o755)
    machine.run(["sh", "-ec", _WORKER_DEB])
    machine.write(f"{HOME}/notes.txt", "precious data\n")
    way.stage(machine)
    machine.run(f"chown -R rob: {HOME}")

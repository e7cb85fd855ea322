"""Ceph's S3 gateway inside a test machine: RGW 18.2 (packages of Debian 13) or 16.2 (of 12), whatever the machine is.

A monitor, an OSD that keeps its objects in memory, and radosgw, in one unit with a root directory of its own, a cached
tree that all machines share. It has the keys of the machine's other S3 server. What is stored is gone when it stops.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.machine.cache import REPO, digest, made_once, say
from tests.machine.kit import READER
from tests.machine.machine import Machine
from tests.machine.rootfs import debootstrap
from tests.s3.seaweed import ADMIN

SUITES = {"18": "trixie", "16": "bookworm"}
PORTS = {"18": 9300, "16": 9200}
"""Of S3 over HTTP; HTTPS is on the next one. Ceph's own services take the 98 after those."""
PACKAGES = ("ceph-mon", "ceph-osd", "radosgw", "curl", "ca-certificates", "s3cmd")
NAME, OTHER_NAME = "s3.ceph.test", "other.ceph.test"
"""The host name that the gateway knows as its own, and one that leads to it and that it does not know."""
BUCKETS = ("bucket-one", "bucket-two")
SCRIPT = REPO / "tests/faults/rgw.sh"
_RECIPE = "1"
_USELESS = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/lib/apt/lists", "var/cache/apt", "boot")

_UNIT = """[Unit]
Description=S3 server of the test machine (Ceph RGW {version})
[Service]
Type=exec
RootDirectory={tree}
MountAPIVFS=yes
PrivateTmp=yes
BindPaths=/var/lib/rgw{version}:/data
Environment=HOME=/data ADMIN_KEY={admin.access_key} ADMIN_SECRET={admin.secret_key} \
READER_KEY={reader.access_key} READER_SECRET={reader.secret_key}
ExecStartPre=/bin/rm -f /data/ready
ExecStart=/bin/bash /data/rgw.sh /data {port} {name}
ExecStartPost=/bin/bash -c 'until [ -e /data/ready ]; do sleep 0.05; done'
TimeoutStartSec=60
KillSignal=SIGKILL
StandardOutput=null
StandardError=journal
"""


@dataclass(frozen=True)
class Gateway:
    """One that runs in a machine."""

    machine: Machine
    version: str

    @property
    def unit(self) -> str:
        """Its unit; it is not enabled."""
        return f"rgw{self.version}.service"

    @property
    def endpoint(self) -> str:
        """Over plain HTTP."""
        return endpoint(self.version)

    @property
    def secret(self) -> str:
        """Over HTTPS, by address."""
        return f"https://127.0.0.1:{PORTS[self.version] + 1}"

    def named(self, tls: bool = False, name: str = NAME) -> str:
        """The endpoint by the gateway's name, or another one that ``/etc/hosts`` knows; with ``tls`` it must have been
        given a certificate."""
        port = PORTS[self.version] + int(tls)
        return f"{'https' if tls else 'http'}://{name}:{port}"

    def admin(self, *words: str) -> None:
        """Have radosgw-admin do this; it acts at once. Raises CommandFailed."""
        self._beside("radosgw-admin", "--conf=/data/ceph.conf", "--name=client.rgw.a", *words)

    def s3cmd(self, config: str, *words: str, content: str = "") -> str:
        """What s3cmd prints, which has that configuration and reads that content."""
        self.machine.write(f"/var/lib/rgw{self.version}/s3cfg", config, 0o600)
        return self._beside("s3cmd", "--config=/data/s3cfg", *words, content=content)

    def _beside(self, *words: str, content: str = "") -> str:
        """A program of the gateway's own root directory."""
        pid = self.machine.run(["systemctl", "show", "--property=MainPID", "--value", self.unit]).stdout.strip()
        into = ["nsenter", f"--target={pid}", "--mount", "--root", "--wd"]
        return self.machine.run([*into, *words], input=content).stdout

    def stop(self) -> None:
        """End it, and forget all that was stored."""
        self.machine.run(["systemctl", "stop", self.unit])


def endpoint(version: str) -> str:
    """Where a gateway of that version is, in each machine that has one."""
    return f"http://127.0.0.1:{PORTS[version]}"


def tree(version: str) -> Path:
    """The cached root directory of that RGW ("18" or "16"); made if need be (half a minute).

    Raises CalledProcessError when no mirror serves it.
    """
    def make(draft: Path) -> None:
        say(f"making the tree of Ceph RGW {version} (half a minute, once)")
        debootstrap(SUITES[version], draft, "apt", PACKAGES)
        for name in _USELESS:
            shutil.rmtree(draft / name, ignore_errors=True)
        (draft / "data").mkdir()

    return made_once(f"rgw{version}", digest(version, _RECIPE, *PACKAGES), make)


def start(machine: Machine, version: str = "18", buckets: Sequence[str] = BUCKETS,
          certificate: tuple[Path, Path] | None = None) -> Gateway:
    """A gateway with these buckets, each with hello.txt; with ``certificate`` (it, and its key) over HTTPS as well.

    Up in two seconds. ADMIN may do everything, READER may read and list.
    """
    shown = machine.share_tree(tree(version))
    machine.copy_in(SCRIPT, f"/var/lib/rgw{version}/rgw.sh")
    if certificate is not None:
        for source, name in zip(certificate, ("server.pem", "server.key"), strict=True):
            machine.copy_in(source, f"/var/lib/rgw{version}/tls/{name}", 0o600)
    made = Gateway(machine, version)
    machine.write(f"/etc/systemd/system/{made.unit}", _UNIT.format(
        version=version, tree=shown, admin=ADMIN, reader=READER, port=PORTS[version], name=NAME))
    names = f"{NAME} {buckets[0]}.{NAME} {OTHER_NAME}"
    machine.run(f"grep -q '{names}' /etc/hosts || echo 127.0.0.1 {names} >>/etc/hosts")
    machine.run(f"systemctl daemon-reload && systemctl restart {made.unit}", timeout=90)
    machine.seed(buckets, made.endpoint)
    return made

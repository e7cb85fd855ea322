"""A forward proxy (tinyproxy of Debian 12) inside a test machine, in one unit with a root directory of its own.

That is a cached tree which all machines share. The proxy alone knows the hosts it is told of, so who reaches them came
by it.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.machine.cache import digest, made_once, say
from tests.machine.machine import Machine
from tests.machine.rootfs import debootstrap

PORT = 9900
_DATA = "/var/lib/forward"
_LOG = f"{_DATA}/log"
_RECIPE = "2"
_USELESS = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/lib/apt/lists", "var/cache/apt")
_CONFIG = f"""Port {PORT}
Listen 127.0.0.1
LogFile "/data/log"
LogLevel Connect
Timeout 60
MaxClients 200
"""
_UNIT = """[Unit]
Description=Forward proxy of the test machine (tinyproxy)
[Service]
Type=exec
RootDirectory={tree}
MountAPIVFS=yes
BindPaths={data}:/data
BindReadOnlyPaths={data}/hosts:/etc/hosts
ExecStart=/usr/bin/tinyproxy -d -c /data/tinyproxy.conf
KillSignal=SIGKILL
"""


@dataclass(frozen=True)
class Forward:
    """One that runs in a machine."""

    machine: Machine
    url: str = f"http://127.0.0.1:{PORT}"

    def took(self) -> list[str]:
        """Request lines that have come by it, without the version: ``GET http://host/…``, ``CONNECT host:port``."""
        lines = self.machine.read(_LOG).splitlines()
        return [line.partition("): ")[2].rpartition(" ")[0] for line in lines if "Request (" in line]

    def stop(self) -> None:
        """End it."""
        self.machine.run(["systemctl", "stop", "forward.service"])


def tree() -> Path:
    """The cached root directory; made if need be. Raises CalledProcessError when no mirror serves it."""
    def make(draft: Path) -> None:
        say("making the tree of tinyproxy (half a minute, once)")
        debootstrap("bookworm", draft, "apt", ("tinyproxy",))
        for name in _USELESS:
            shutil.rmtree(draft / name, ignore_errors=True)
        (draft / "data").mkdir()
        (draft / "etc/hosts").touch()

    return made_once("tinyproxy", digest(_RECIPE), make)


def start(machine: Machine, hosts: Sequence[str]) -> Forward:
    """A proxy that finds these hosts on the machine's loopback; its log is empty."""
    shown = machine.share_tree(tree())
    machine.write(f"{_DATA}/tinyproxy.conf", _CONFIG)
    machine.write(f"{_DATA}/hosts", f"127.0.0.1 localhost {' '.join(hosts)}\n")
    machine.run(["rm", "-f", _LOG])
    machine.write("/etc/systemd/system/forward.service", _UNIT.format(tree=shown, data=_DATA))
    machine.run("systemctl daemon-reload && systemctl restart forward.service")
    made = Forward(machine)
    machine.wait_until(lambda: machine.run(f"ss -Hltn sport = :{PORT}").stdout, 10, "the proxy listens")
    return made

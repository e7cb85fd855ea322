"""The far side: an S3 server in a network namespace of its own; its cable, name, address and itself can fail.

Inside the machine: ``near`` (10.99.0.1, default route) is one end of a veth pair, ``far`` in the namespace the other.
There are the server (SeaweedFS behind ``tests/faults/far_server.py``, on port 9400 of the server's address) and a DNS
server that resolvers ask as anywhere, by /etc/resolv.conf. Nothing of it outlives a reboot but the stored objects.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.machine.cache import REPO
from tests.machine.kit import BUCKETS
from tests.machine.machine import Machine

NAME = "s3.far.test"
PORT = 9400
ENDPOINT = f"http://{NAME}:{PORT}"
HOME, MOVED, DNS = "10.99.0.2", "10.99.0.3", "10.99.0.53"
NEAR, RENUMBERED = "10.99.0.1", "10.99.0.7"
DATA = Path("/var/lib/weed-far")
WISHES, NAMES = "/run/far/wishes.json", "/run/far/names.json"
_BACKEND = 9500
_SCRIPTS = "/usr/local/lib/far"
_FAR = "nsenter --net=/run/netns/far"

SLOW = {"delay": 1.0, "rate": 500_000}
"""What the slow server does: seconds before each answer, bytes a second."""

# Not enabled, for its namespace is gone after a reboot. One control group: server and front are hit together.
_SERVER_UNIT = """[Unit]
Description=S3 server of the far side (SeaweedFS and its front)
[Service]
Type=exec
NetworkNamespacePath=/run/netns/far
Environment=GOMEMLIMIT=400MiB HOME={data}
StateDirectory=weed-far
ExecStart={command}
ExecStartPost=sh -c 'until curl -sf -o /dev/null http://127.0.0.1:{port}/healthz; do sleep 0.05; done'
TimeoutStartSec=30
KillSignal=SIGKILL
StandardOutput=null
StandardError=append:/run/far.log
"""
_NAMES_UNIT = """[Unit]
Description=DNS server of the far side
[Service]
Type=exec
NetworkNamespacePath=/run/netns/far
ExecStart=/usr/bin/python3 {script} {address} {names}
"""

_ROUTE = f"ip route add default via {DNS} dev near"
_PLUG, _UNPLUG = f"ip link set near up && {_ROUTE}", "ip link set near down"
_JOIN = f"""
mkdir -p /run/far
ip netns add far
{_FAR} ip link set lo up
ip link add near type veth peer name far netns far
ip address add {NEAR}/24 dev near
{_FAR} ip address add {DNS}/24 dev far
{_FAR} ip address add {HOME}/32 dev far
{_FAR} ip link set far up
echo nameserver {DNS} >/etc/resolv.conf
"""
# What a run that was cut short has left is taken away by the next one, too.
_PART = """
ip link delete near
rm -f /etc/resolv.conf
systemctl kill --signal=KILL far-server
systemctl stop far-server far-names
systemctl reset-failed far-server far-names
ip netns delete far
"""

# What a caller on the near side meets, and after how many seconds.
_PROBE = """
import errno, socket, sys, time
began = time.monotonic()
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), 1.5) as line:
        line.sendall(b"GET /healthz HTTP/1.1\\r\\nHost: far\\r\\nConnection: close\\r\\n\\r\\n")
        words = line.recv(64).split()
        met = words[1].decode() if words else "closed"
except socket.gaierror:
    met = "nameless"
except TimeoutError:
    met = "silent"
except OSError as error:
    met = errno.errorcode[error.errno]
print(met, time.monotonic() - began)
"""


@dataclass(frozen=True)
class Fault:
    """How to bring it about and undo it (shell, in the machine), and what proves it: what a caller there meets."""

    begin: str
    end: str
    meets: str
    by_name: bool = False
    """The caller goes by the name, not by the address."""
    wishes: str = ""
    """What the server's front is asked for meanwhile, as JSON."""


# The way back is lost: nobody is told, and DNS is as silent as the server.
_LOSE = f"ip route {{}} blackhole {NEAR}/32"


def _rule(verdict: str) -> tuple[str, str]:
    chain = "add table inet fault; add chain inet fault in { type filter hook input priority 0; }"
    rules = shlex.quote(f"{chain}; add rule inet fault in tcp dport {PORT} {verdict}")
    return f"{_FAR} nft {rules}", f"{_FAR} nft delete table inet fault"


FAULTS: dict[str, Fault] = {
    "unplugged": Fault(_UNPLUG, _PLUG, "ENETUNREACH"),
    "blackhole": Fault(f"{_FAR} {_LOSE.format('add')}", f"{_FAR} {_LOSE.format('delete')}", "silent"),
    "dropped": Fault(*_rule("drop"), "silent"),
    "reset": Fault(*_rule("reject with tcp reset"), "ECONNREFUSED"),
    "prohibited": Fault(*_rule("reject with icmpx admin-prohibited"), "EHOSTUNREACH"),
    "nameless": Fault("systemctl stop far-names", "systemctl start far-names", "nameless", by_name=True),
    "slow": Fault("", "", "200", wishes=json.dumps(SLOW)),
    "overloaded": Fault("", "", "503", wishes='{"slow_down": true}'),
    "frozen": Fault("systemctl kill --signal=STOP far-server", "systemctl kill --signal=CONT far-server", "silent"),
    "killed": Fault("systemctl kill --signal=KILL far-server", "systemctl restart far-server", "ECONNREFUSED"),
}
"""What can befall the way to the server. ``far.fault(NAME)``; each is proven from the near side, there and gone."""


class Far:
    """The far side of one machine; `joined` makes it."""

    endpoint = ENDPOINT

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.address = HOME
        """Where the server is."""
        self.answered_at = 0.0
        """When the server was first seen to answer after the last fault: ``time.monotonic()``, seconds."""

    def meets(self, host: str = "") -> tuple[str, float]:
        """What a caller on the near side meets at the server's address, or at ``host``: the status of an answer, the
        name of an errno, ``silent`` or ``nameless``; and after how many seconds.
        """
        command = ["/usr/bin/python3", "-c", _PROBE, host or self.address, str(PORT)]
        met, seconds = self._machine.run(command).stdout.split()
        return met, float(seconds)

    @contextmanager
    def fault(self, name: str) -> Iterator[None]:
        """That row of FAULTS, proven, for as long as the block lasts; after it the server has answered again.

        Raises TimeoutError when the fault cannot be brought about or undone.
        """
        fault = FAULTS[name]
        host = NAME if fault.by_name else self.address
        try:
            self._machine.write(WISHES, fault.wishes or "{}")
            self._machine.run(fault.begin)
            least = float(json.loads(fault.wishes or "{}").get("delay", 0))
            self._await(host, fault.meets, f"the fault {name} is there", least)
            yield
        finally:
            self._machine.write(WISHES, "{}")
            self._machine.run(fault.end)
            self._healed()

    def unplug(self) -> None:
        """Take the cable out, to stay so; proven."""
        self._machine.run(_UNPLUG)
        self._await(self.address, "ENETUNREACH", "the cable is out")

    def plug(self) -> None:
        """Put the cable in; the server has answered then."""
        self._machine.run(_PLUG)
        self._healed()

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """The server has moved: another address, which DNS names from then on; nobody answers at the old one."""
        self._move(HOME, MOVED)
        try:
            yield
        finally:
            self._move(MOVED, HOME)

    def _move(self, old: str, new: str) -> None:
        self._machine.run(f"{_FAR} ip address delete {old}/32 dev far && {_FAR} ip address add {new}/32 dev far")
        self.address = new
        self._machine.write(NAMES, json.dumps({NAME: new}))
        met, _ = self.meets(old)
        assert met in ("silent", "EHOSTUNREACH"), f"somebody answers at {old}: {met}"
        self._healed()

    @contextmanager
    def renumbered(self) -> Iterator[None]:
        """The machine itself has another address, as in another network; connections from the old one are dead."""
        self._renumber(RENUMBERED)
        try:
            yield
        finally:
            self._renumber(NEAR)

    def _renumber(self, address: str) -> None:
        self._machine.run(f"ip address flush dev near && ip address add {address}/24 dev near && {_ROUTE}")
        self._healed()

    def _healed(self) -> None:
        self._await(NAME, "200", "the far server answers")
        self.answered_at = time.monotonic()

    def _await(self, host: str, met: str, what: str, least: float = 0) -> None:
        seen: list[tuple[str, float]] = []

        def there() -> bool:
            seen[:] = [self.meets(host)]
            return seen[0][0] == met and seen[0][1] >= least

        try:
            self._machine.wait_until(there, 15, what, every=0.02)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; a caller meets {seen}") from None


@contextmanager
def joined(machine: Machine, buckets: Sequence[str] = BUCKETS) -> Iterator[Far]:
    """The far side up, its buckets seeded, the cable in; all of it away afterwards, except what is stored."""
    start(machine)
    far = Far(machine)
    try:
        far._healed()
        machine.seed(buckets, ENDPOINT)
        yield far
    finally:
        machine.run(_PART, check=False)


def start(machine: Machine, plugged: bool = True) -> None:
    """Namespace, cable, server and DNS, without a look whether they answer (for after a reboot, too)."""
    for script in ("far_server.py", "far_names.py"):
        machine.copy_in(REPO / "tests/faults" / script, f"{_SCRIPTS}/{script}")
    front = ["/usr/bin/python3", f"{_SCRIPTS}/far_server.py", str(PORT), str(_BACKEND), WISHES]
    command = shlex.join([*front, *machine.s3_command(DATA, _BACKEND)])
    machine.write("/etc/systemd/system/far-server.service",
                  _SERVER_UNIT.format(data=DATA, command=command, port=_BACKEND))
    machine.write("/etc/systemd/system/far-names.service",
                  _NAMES_UNIT.format(script=f"{_SCRIPTS}/far_names.py", address=DNS, names=NAMES))
    machine.write(NAMES, json.dumps({NAME: HOME}))
    machine.run(_PART, check=False)
    machine.run(["sh", "-ec", _JOIN])
    machine.run("systemctl daemon-reload && systemctl start far-names far-server")
    if plugged:
        machine.run(_PLUG)

"""Is a request one that is answered: its method, its host, where it comes from. Pure."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

from mountd.core.listen import Listen

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?", re.ASCII)
_LOCAL_NAMES = frozenset({"localhost", "ip6-localhost", "localhost.localdomain"})
METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Refusal:
    """A status of HTTP and the sentence that goes with it."""

    status: int
    text: str


@dataclass(frozen=True)
class Rules:
    """Whose names these pages answer to. ``names`` are this machine's own, for pages that others may reach."""

    listen: Listen
    names: frozenset[str] = frozenset()

    def refusal(self, method: str, headers: Mapping[str, str]) -> Refusal | None:
        """Why a request is not answered, or None. Header names in lower case."""
        if method not in METHODS:
            return Refusal(405, "only GET and HEAD are answered here; change mounts with s3mountctl")
        # A page somewhere on the Web can send a browser here under a name of its own (DNS rebinding), and would read
        # the answer as its own. It cannot choose what the browser says in Host.
        if not self.knows(headers.get("host", "")):
            return Refusal(421, f"these pages answer to {' and '.join(self._spelled())} only")
        if headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate":
            return Refusal(403, "another site's script may not read these pages")
        return None

    def knows(self, host: str) -> bool:
        """True for a host, with or without a port, that these pages answer to."""
        if not host:
            # HTTP/1.0 and unix sockets; browsers always send it.
            return True
        match = _HOST.fullmatch(f"[{host}]" if host.count(":") > 1 and "[" not in host else host)
        if match is None:
            return False
        name = match["name"].strip("[]").lower().rstrip(".")
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name in _LOCAL_NAMES or name in self.names
        # An address is no name that somebody else's DNS could turn.
        return address.is_loopback or self.listen.anywhere or str(address) == self.listen.host

    def _spelled(self) -> list[str]:
        own = [] if self.listen.path else ["the machine's addresses" if self.listen.anywhere else self.listen.host]
        return ["localhost", *own, *sorted(self.names)]


def own_names(hostname: str, hosts: str) -> frozenset[str]:
    """This machine's names: its host name and what stands beside it in the text of hosts(5)."""
    wanted = hostname.lower()
    found = {wanted}
    for line in hosts.lower().splitlines():
        names = line.partition("#")[0].split()[1:]
        if wanted in names:
            found.update(names)
    return frozenset(found - {""})

"""Where the status pages are offered: the value of ``daemon.http``, understood."""

import ipaddress
import re
from dataclasses import dataclass

from mountd.words import paths

OFF = "off"
EXAMPLE = "127.0.0.1:9787"
_LOWEST_PORT = 1024
"""Below it a port needs a capability, which the process is not given."""
_PAIR = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*):(?P<port>\d+)", re.ASCII)


class WrongAddressError(Exception):
    """What is wrong with an address, and the right form."""

    def __init__(self, text: str, hint: str) -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


@dataclass(frozen=True)
class Listen:
    """An address and a port, or the path of a unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""

    @property
    def local(self) -> bool:
        """True when nobody outside this machine can reach it."""
        return bool(self.path) or ipaddress.ip_address(self.host).is_loopback

    @property
    def anywhere(self) -> bool:
        """True for every address that the machine has."""
        return not self.path and ipaddress.ip_address(self.host).is_unspecified

    def __str__(self) -> str:
        if self.path:
            return self.path
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(text: str) -> Listen | None:
    """An address, or None for ``off``. Raises WrongAddressError."""
    if text == OFF:
        return None
    if text.startswith("/"):
        return _socket(text)
    pair = _PAIR.fullmatch(text)
    if pair is None:
        raise WrongAddressError("must be an address with a port, the path of a socket, or \"off\"",
                                f'write "{_with_port(text)}"')
    host = pair["host"].strip("[]")
    if host in {"", "*"}:
        raise WrongAddressError("must name an address", f'write "{EXAMPLE}", or "0.0.0.0:{pair["port"]}" to be '
                                "reached from other machines")
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise WrongAddressError("must be an address of this machine, not a name", f'write "{EXAMPLE}"') from None
    port = int(pair["port"][:6])
    if not _LOWEST_PORT <= port <= 65535:
        raise WrongAddressError(f"must have a port from {_LOWEST_PORT} to 65535", f'write "{EXAMPLE}"')
    return Listen(str(address), port)


def _socket(text: str) -> Listen:
    folder, _, name = text.rpartition("/")
    # The process has a user of its own, which may write in the folder that systemd makes for it and nowhere else.
    if folder != str(paths.HTTP_RUN) or not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", name):
        raise WrongAddressError(f"a socket must lie in {paths.HTTP_RUN}", f'write "{paths.HTTP_RUN}/http.sock"')
    return Listen(path=text)


def _with_port(text: str) -> str:
    """The address that was given, with the usual port, when it is one."""
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return EXAMPLE
    return str(Listen(str(address), 9787))

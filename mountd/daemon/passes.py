"""Which worker may ask the broker for keys: a token for each, in a file of root's that systemd hands on."""

import secrets
from collections.abc import Iterable, Mapping

from mountd.core.units.worker import file_name, token_file
from mountd.system.asking import Answer
from mountd.system.broker.link import Broker
from mountd.words import paths
from mountd.words.errors import MountdError


class Passes:
    """Tokens as they lie in /run, and as the broker knows them."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.port = 0
        """Where workers find the broker; 0 while that is not known."""
        self.behind: dict[str, int] = {}
        """Where workers find it that are behind a front (``Mount.front``), which have another loopback."""

    def settle(self, port: int, behind: Mapping[str, int]) -> bool:
        """The broker has said where it is. True when it was there before."""
        before, self.port, self.behind = self.port or _port_before(), port, dict(behind)
        paths.BROKER_PORT.write_text(str(port))
        return before == port

    def grant(self, name: str, unit: str, front: str = "") -> str:
        """Give a worker to be of that mount, behind that front, the right to ask; the URL at which it does. Raises
        MountdError."""
        token = secrets.token_urlsafe(32)
        try:
            paths.TOKENS.mkdir(mode=0o700, exist_ok=True)
            token_file(unit).write_text(token)
        except OSError as error:
            raise MountdError("host-refused", f"{paths.TOKENS}: {error.strerror}") from error
        self.tell(name, unit)
        return _url(unit, self.behind[front] if front else self.port)

    def tell(self, name: str, unit: str) -> None:
        """Let the broker know of it."""
        token = token_file(unit).read_text()
        self._broker.ask("admit", quiet, mount=name, worker=file_name(unit), token=token)

    def revoke(self, unit: str) -> None:
        """The worker has ended."""
        if token_file(unit).exists():
            token_file(unit).unlink()
            self._broker.ask("dismiss", quiet, worker=file_name(unit))

    def door(self, units: Iterable[str]) -> tuple[str, str]:
        """URL and token file of one of these, for who asks S3 in its stead; empty when none has the right."""
        found = self.granted(units)
        return (_url(found[-1], self.port), str(token_file(found[-1]))) if found and self.port else ("", "")

    @staticmethod
    def granted(units: Iterable[str]) -> list[str]:
        """Those of the workers that have the right."""
        return [unit for unit in units if token_file(unit).exists()]


def _url(unit: str, port: int) -> str:
    return f"http://127.0.0.1:{port}/{file_name(unit)}"


def any_left() -> bool:
    """Has an earlier daemon granted any?"""
    return paths.TOKENS.is_dir() and any(paths.TOKENS.iterdir())


def quiet(_answer: Answer | MountdError) -> None:
    """What was lost with the broker is told again when it is met."""


def _port_before() -> int:
    try:
        return int(paths.BROKER_PORT.read_text())
    except (OSError, ValueError):
        return 0

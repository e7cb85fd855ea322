"""What those who serve all mounts know of one of them: no more than this, so that they need not know who keeps it."""

from collections.abc import Callable
from typing import Protocol

from mountd.core.memory import Memory
from mountd.core.messages import Cause
from mountd.core.observed import Observed, Worker
from mountd.daemon.record import Record
from mountd.words.model import Mount


class KnownMount(Protocol):
    """One mount, as ``daemon.vault`` and ``daemon.writes`` see it; ``daemon.kept`` says what each of these is."""

    name: str
    configured: Mount | None
    mount: Mount | None
    digest: str
    memory: Memory
    workers: dict[str, Worker]
    record: Record
    told: bool
    refused_keys: tuple[str, Cause] | None
    wake: Callable[[], None]

    @property
    def serving(self) -> Worker | None:
        """The worker that served when the folder was last looked at."""

    def observed(self) -> Observed:
        """The folder and the workers as they are now."""

    def fail(self, cause: Cause) -> None:
        """Remember a failure."""

    def renew(self) -> None:
        """Have another worker take over."""

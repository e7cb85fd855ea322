"""What can be done about a mount: one word for each, carried out by ``daemon.apply``."""

from dataclasses import dataclass

from mountd.core.memory import Drain
from mountd.core.messages import Cause


@dataclass(frozen=True)
class Prepare:
    """Make the folder ready, learn whose it is, find the keys."""


@dataclass(frozen=True)
class Stage:
    """Start a new worker on a detached mount."""


@dataclass(frozen=True)
class SwapIn:
    """Bring the staged mount to the folder in place of what is there."""


@dataclass(frozen=True)
class DropStaging:
    """Give the staged worker up, because of ``cause`` if it failed."""

    cause: Cause | None = None


@dataclass(frozen=True)
class PlaceGuard:
    """Put a guard (``error``, ``wait`` or ``empty``) on the folder."""

    kind: str


@dataclass(frozen=True)
class Expose:
    """Bring the staged mount to the folder before its worker has answered: callers wait at it and are served first."""


@dataclass(frozen=True)
class Detach:
    """Take our topmost mount off the folder."""


@dataclass(frozen=True)
class Rest:
    """Take a mount on demand away if nobody uses it."""


@dataclass(frozen=True)
class StartDrain:
    """A worker that serves nobody any more: give it until its deadline."""

    unit: str


@dataclass(frozen=True)
class Kill:
    """The deadline of a draining worker has passed."""

    drain: Drain


@dataclass(frozen=True)
class EndHung:
    """Give the callers of a hung worker an error, and kill it."""

    unit: str


@dataclass(frozen=True)
class StageSpare:
    """Have a worker stand ready for the next time."""


@dataclass(frozen=True)
class UseSpare:
    """Let the spare begin: it becomes the staged worker."""


@dataclass(frozen=True)
class DropSpare:
    """The spare is of no use any more, or (with a cause) never became of any."""

    cause: Cause | None = None


Action = (
    Prepare | Stage | SwapIn | DropStaging | StageSpare | UseSpare | DropSpare | PlaceGuard | Expose | Detach
    | Rest | StartDrain | Kill | EndHung
)
